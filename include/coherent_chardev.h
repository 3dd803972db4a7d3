/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coherent memory without a PCI function, shown by a character device: the only header
 * that a backend for such memory includes. backends/egm is one.
 */
#ifndef COHERENT_CHARDEV_H
#define COHERENT_CHARDEV_H

#include <linux/err.h>
#include <linux/types.h>

#include "coherent_scrub.h"

struct class;
struct coherent_chardev;
struct device;
struct module;

/**
 * struct coherent_chardev_info - memory, and how it is shown
 * @name: of the device, and so of its file in /dev
 * @class: that the device belongs to
 * @owner: module of the backend; it stays while a file is open
 * @base: host-physical address, page aligned
 * @size: in bytes, page aligned
 * @shared: may several open it at once? Otherwise the second gets -EBUSY.
 * @scrub: the default, which an administrator may change: is the memory cleared
 *	between two users?
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

struct coherent_chardev *
coherent_chardev_register(const struct coherent_chardev_info *info);
void coherent_chardev_unregister(struct coherent_chardev *chardev);
struct device *coherent_chardev_device(struct coherent_chardev *chardev);
void *coherent_chardev_data(struct device *dev);
int coherent_chardev_bad_page(struct coherent_chardev *chardev, u64 base, u64 length);
int coherent_chardev_bad_table(struct coherent_chardev *chardev, struct device *dev,
			       const char *property, u64 page);

#endif /* COHERENT_CHARDEV_H */
