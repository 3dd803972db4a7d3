// SPDX-License-Identifier: GPL-2.0-only
/*
 * Was a backend of a character device built for this core? What pci/abi.c is for functions.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/printk.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "../abi.h"
#include "chardev.h"

SIZE(coherent_chardev_abi, 12);
AT(coherent_chardev_abi, abi, 0);
AT(coherent_chardev_abi, self, 4);

SIZE(coherent_chardev_info, 72);
AT(coherent_chardev_info, name, 0);
AT(coherent_chardev_info, class, 8);
AT(coherent_chardev_info, owner, 16);
AT(coherent_chardev_info, base, 24);
AT(coherent_chardev_info, size, 32);
AT(coherent_chardev_info, shared, 40);
AT(coherent_chardev_info, scrub, 48);
AT(coherent_chardev_info, bad_pages, 56);
AT(coherent_chardev_info, data, 64);

FUNCTION(coherent_chardev_register_abi, struct coherent_chardev *,
	 const struct coherent_chardev_info *, const char *,
	 const struct coherent_chardev_abi *);
FUNCTION(coherent_chardev_unregister, void, struct coherent_chardev *);
FUNCTION(coherent_chardev_device, struct device *, struct coherent_chardev *);
FUNCTION(coherent_chardev_data, void *, struct device *);
FUNCTION(coherent_chardev_bad_page, int, struct coherent_chardev *, u64, u64);
FUNCTION(coherent_chardev_bad_table, int, struct coherent_chardev *, struct device *,
	 const char *, u64);

/**
 * coherent_chardev_abi_check() - was this backend built for this core?
 * @module: name of the backend's module
 * @abi: what it says
 *
 * Nothing else of the backend is looked at before.
 *
 * Return: 0; or -ENOEXEC, which has been said to the log.
 */
int coherent_chardev_abi_check(const char *module, const struct coherent_chardev_abi *abi)
{
	static const struct coherent_chardev_abi ours = COHERENT_CHARDEV_ABI_SEEN;

	if (abi->abi != ours.abi || abi->self != ours.self) {
		pr_err("%s refused: it was built for ABI %u of coherent-vfio, and this core has ABI %u; build it again with the headers of this core\n",
		       module, abi->abi, ours.abi);
		return -ENOEXEC;
	}
	if (abi->info != ours.info) {
		pr_err("%s refused: it was built with another struct coherent_chardev_info (%u bytes, and not %u); build it again with the headers of this core, by its backend.mk\n",
		       module, abi->info, ours.info);
		return -ENOEXEC;
	}
	return 0;
}
