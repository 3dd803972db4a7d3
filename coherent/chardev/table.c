// SPDX-License-Identifier: GPL-2.0-only
/*
 * Firmware's table of bad memory, for backends whose firmware gives the address of one:
 * a 64-bit count, and as many 64-bit host-physical addresses.
 */
#include <linux/align.h>
#include <linux/dev_printk.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#include "chardev.h"

/* More, and it is no count */
#define MOST		SZ_4K

/* A copy of some of the table, to be freed */
static u64 *copy_table(u64 base, size_t n)
{
	size_t bytes = n * sizeof(u64);
	u64 *copy = kmalloc(bytes, GFP_KERNEL);
	void *table;

	if (!copy)
		return ERR_PTR(-ENOMEM);
	table = memremap(base, bytes, MEMREMAP_WB);
	if (!table) {
		kfree(copy);
		return ERR_PTR(-ENOMEM);
	}
	memcpy(copy, table, bytes);
	memunmap(table);
	return copy;
}

/**
 * coherent_chardev_bad_table() - report what firmware's table of bad memory lists
 * @chardev: the device, in coherent_chardev_info.bad_pages
 * @dev: whose firmware description has @property
 * @property: 64-bit property with the host-physical address of the table
 * @page: bytes of memory, a power of two, that an entry stands for; each is rounded down
 *	to that
 *
 * Without the property, and where it is 0, there is no table.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a table that makes no sense, or what the property code says of
 * what is no number, which is also said to the log; -ENOMEM.
 */
int coherent_chardev_bad_table(struct coherent_chardev *chardev, struct device *dev,
			       const char *property, u64 page)
{
	u64 base, nr, *head, *table;
	int ret;

	if (!device_property_present(dev, property))
		return 0;
	ret = device_property_read_u64(dev, property, &base);
	if (ret) {
		dev_err(dev, "firmware's %s is no number\n", property);
		return ret;
	}
	if (!base)
		return 0;
	if (base > U64_MAX - (MOST + 1) * sizeof(u64)) {
		dev_err(dev, "firmware's table of bad memory cannot be at %#llx (%s)\n", base,
			property);
		return -EINVAL;
	}
	head = copy_table(base, 1);
	if (IS_ERR(head))
		return PTR_ERR(head);
	nr = *head;
	kfree(head);
	if (nr > MOST) {
		dev_err(dev, "firmware's table of bad memory at %#llx (%s) makes no sense: it has %llu entries\n",
			base, property, nr);
		return -EINVAL;
	}
	table = copy_table(base, nr + 1);
	if (IS_ERR(table))
		return PTR_ERR(table);
	/* Whatever its count is by now: no more were copied */
	for (u64 i = 1; !ret && i <= nr; i++)
		ret = coherent_chardev_bad_page(chardev, ALIGN_DOWN(table[i], page), page);
	kfree(table);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_bad_table, "COHERENT_VFIO_PCI");
