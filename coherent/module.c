// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core library as a module.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "chardev/chardev.h"
#include "coherent.h"
#include "pci/pci.h"
#include "poison/poison.h"

static int __init coherent_init(void)
{
	int ret = coherent_host_sysfs_init();

	if (ret)
		return ret;
	ret = coherent_quarantine_init();
	if (ret)
		goto out_sysfs;
	ret = coherent_health_init();
	if (ret)
		goto out_quarantine;
	ret = coherent_kvm_init();
	if (ret)
		goto out_health;
	ret = coherent_loans_init();
	if (ret)
		goto out_kvm;
	ret = coherent_poison_init();
	if (ret)
		goto out_loans;
	ret = coherent_chardev_init();
	if (ret)
		goto out_poison;
	coherent_debugfs_init();
	coherent_dmabuf_init();
	return 0;

out_poison:
	coherent_poison_exit();
out_loans:
	coherent_loans_exit();
out_kvm:
	coherent_kvm_exit();
out_health:
	coherent_health_exit();
out_quarantine:
	coherent_quarantine_exit();
out_sysfs:
	coherent_host_sysfs_exit();
	return ret;
}
module_init(coherent_init);

static void __exit coherent_exit(void)
{
	coherent_dmabuf_exit();
	coherent_debugfs_exit();
	coherent_chardev_exit();
	coherent_kvm_exit();
	coherent_health_exit();
	coherent_quarantine_exit();
	coherent_claim_exit();
	coherent_foreign_exit();
	coherent_poison_exit();
	coherent_loans_exit();
	coherent_host_sysfs_exit();
}
module_exit(coherent_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO core library for accelerators with CPU-coherent memory");
