// SPDX-License-Identifier: GPL-2.0-only
/*
 * Was a backend of a character device built for this core? What pci/abi.c is for functions.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/export.h>
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

/* Nothing else of the backend is looked at before; what is wrong is said to the log */
static int check(const char *module, const struct coherent_chardev_abi *abi)
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

/**
 * coherent_chardev_register_abi() - what coherent_chardev_register() is for a backend
 * built apart
 * @info: which memory, and how; not looked at where @abi is not ours
 * @module: name of the backend's module
 * @abi: the headers that the backend was built with
 *
 * Context: may sleep.
 * Return: the device, to be given to coherent_chardev_unregister(); or why the memory
 * is refused; that has been said to the log.
 */
struct coherent_chardev *
coherent_chardev_register_abi(const struct coherent_chardev_info *info, const char *module,
			      const struct coherent_chardev_abi *abi)
{
	int ret = check(module, abi);

	return ret ? ERR_PTR(ret) : coherent_chardev_register(info);
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_register_abi, "COHERENT_VFIO_PCI");
