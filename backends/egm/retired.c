// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that firmware has retired: a table in memory, a 64-bit count and as many
 * 64-bit addresses, each of 64 KiB. Firmware may give no table, or 0 for its address:
 * then nothing is retired.
 */
#include <linux/align.h>
#include <linux/dev_printk.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>

#include "coherent_chardev.h"
#include "egm.h"

#define TABLE_PROPERTY	"nvidia,egm-retired-pages-data-base"

/* More, and it is no count */
#define MOST		SZ_4K

/* Firmware's pages, whatever the host's are */
#define RETIRED		SZ_64K

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

static int report(struct coherent_chardev *chardev, const u64 *pages, u64 nr)
{
	int ret = 0;

	for (u64 i = 0; !ret && i < nr; i++)
		ret = coherent_chardev_bad_page(chardev, ALIGN_DOWN(pages[i], RETIRED), RETIRED);
	return ret;
}

/**
 * egm_read_retired() - what firmware has retired, as one GPU's description has it
 * @chardev: of the memory
 * @gpu: the GPU
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for a table that makes no sense, which is also said to the log;
 * -ENOMEM.
 */
int egm_read_retired(struct coherent_chardev *chardev, struct device *gpu)
{
	u64 base, nr, *head, *table;
	int ret;

	if (device_property_read_u64(gpu, TABLE_PROPERTY, &base) || !base)
		return 0;
	head = copy_table(base, 1);
	if (IS_ERR(head))
		return PTR_ERR(head);
	nr = *head;
	kfree(head);
	if (nr > MOST || base > U64_MAX - (MOST + 1) * sizeof(u64)) {
		dev_err(gpu, "firmware's table of retired memory at %#llx makes no sense: it has %llu entries\n",
			base, nr);
		return -EINVAL;
	}
	table = copy_table(base, nr + 1);
	if (IS_ERR(table))
		return PTR_ERR(table);
	/* Whatever it says by now: no more were copied */
	ret = report(chardev, table + 1, nr);
	kfree(table);
	return ret;
}
