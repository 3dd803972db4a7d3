/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coherent memory without a PCI function, shown by a character device: the only header
 * that a backend for such memory includes. backends/egm is one.
 */
#ifndef COHERENT_CHARDEV_H
#define COHERENT_CHARDEV_H

#include <linux/err.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/types.h>

#ifndef COHERENT_IN_TREE
#include <linux/stringify.h>

#include "coherent_abi.h"
#endif
#include "coherent_kunit.h"
#include "coherent_scrub.h"

struct class;
struct coherent_chardev;
struct device;

/**
 * struct coherent_chardev_info - memory, and how it is shown
 * @name: of the device, and so of its file in /dev
 * @class: that the device belongs to
 * @owner: module of the backend; it stays while a file is open
 * @base: host-physical address, page aligned
 * @size: in bytes, page aligned
 * @shared: may several open it at once? Otherwise the second gets -EBUSY.
 * @scrub: the default, which an administrator may change: when is the memory cleared
 *	between two users? Not COHERENT_SCRUB_NONE: what one had, the next would see
 * @bad_pages: report firmware's list of memory that is known to be bad: call
 *	coherent_chardev_bad_page() for each entry, or coherent_chardev_bad_table().
 *	Called once, in coherent_chardev_register(); may sleep; an error refuses the
 *	memory. NULL: no list.
 * @data: the backend's own, see coherent_chardev_data()
 *
 * All of it must stay until coherent_chardev_unregister() has returned.
 */
struct coherent_chardev_info {
	const char *name;
	const struct class *class;
	struct module *owner;
	u64 base;
	u64 size;
	const bool *shared;
	enum coherent_scrub_policy scrub;
	int (*bad_pages)(struct coherent_chardev *chardev);
	void *data;
};

struct coherent_chardev *coherent_chardev_register(const struct coherent_chardev_info *info);
#ifndef COHERENT_IN_TREE
struct coherent_chardev *
coherent_chardev_register_abi(const struct coherent_chardev_info *info, const char *module,
			      const struct coherent_chardev_abi *abi);

/* Tells the core, and modinfo, which headers the backend was built with */
#define coherent_chardev_register(info)					\
({									\
	static const struct coherent_chardev_abi __abi = COHERENT_CHARDEV_ABI_SEEN; \
	MODULE_INFO(coherent_abi, __stringify(COHERENT_ABI));		\
									\
	coherent_chardev_register_abi(info, KBUILD_MODNAME, &__abi);	\
})
#endif

void coherent_chardev_unregister(struct coherent_chardev *chardev);
struct device *coherent_chardev_device(struct coherent_chardev *chardev);
void *coherent_chardev_data(struct device *dev);
int coherent_chardev_bad_page(struct coherent_chardev *chardev, u64 base, u64 length);
int coherent_chardev_bad_table(struct coherent_chardev *chardev, struct device *dev,
			       const char *property, u64 page);

/**
 * COHERENT_CHARDEV_MODULE() - a module around a backend for such memory
 * @_load: ``int (void)``: finds the memory and registers it. -ENODEV where the host has
 *	none, and any other error refuses the module, too
 * @_unload: ``void (void)``: unregisters what a @_load that returned 0 has registered
 *
 * A module with tests stays where there is no such memory: they describe some.
 */
#define COHERENT_CHARDEV_MODULE(_load, _unload)				\
static bool coherent_chardev_loaded;					\
									\
static int __init coherent_chardev_module_init(void)			\
{									\
	int ret = _load();						\
									\
	coherent_chardev_loaded = !ret;					\
	if (ret == -ENODEV &&						\
	    IS_ENABLED(CONFIG_COHERENT_VFIO_PCI_KUNIT_TEST))		\
		return 0;						\
	return ret;							\
}									\
module_init(coherent_chardev_module_init);				\
									\
static void __exit coherent_chardev_module_exit(void)			\
{									\
	if (coherent_chardev_loaded)					\
		_unload();						\
}									\
module_exit(coherent_chardev_module_exit)

#endif /* COHERENT_CHARDEV_H */
