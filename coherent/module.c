// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core library as a module.
 */
#include <linux/array_size.h>
#include <linux/init.h>
#include <linux/module.h>

#include "chardev/chardev.h"
#include "coherent.h"
#include "pci/pci.h"
#include "poison/poison.h"

/* In this order, and ended the other way round. NULL: there is nothing to do. */
static const struct {
	int (*init)(void);
	void (*exit)(void);
} parts[] = {
	{ coherent_host_sysfs_init, coherent_host_sysfs_exit },
	{ coherent_loans_init, coherent_loans_exit },
	{ coherent_poison_init, coherent_poison_exit },
	{ NULL, coherent_foreign_exit },
	{ NULL, coherent_claim_exit },
	{ coherent_quarantine_init, coherent_quarantine_exit },
	{ coherent_health_init, coherent_health_exit },
	{ coherent_kvm_init, coherent_kvm_exit },
	{ coherent_chardev_init, coherent_chardev_exit },
	{ coherent_debugfs_init, coherent_debugfs_exit },
	{ coherent_dmabuf_init, coherent_dmabuf_exit },
};

static void end(unsigned int n)
{
	while (n--)
		if (parts[n].exit)
			parts[n].exit();
}

static int __init coherent_init(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(parts); i++) {
		int ret = parts[i].init ? parts[i].init() : 0;

		if (ret) {
			end(i);
			return ret;
		}
	}
	return 0;
}
module_init(coherent_init);

static void __exit coherent_exit(void)
{
	end(ARRAY_SIZE(parts));
}
module_exit(coherent_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO core library for accelerators with CPU-coherent memory");
