// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator reads and writes in sysfs: choices, and ranges of memory.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "coherent.h"

/**
 * coherent_sysfs_emit_choice() - all there are, the one in force in brackets
 * @buf: a page of sysfs
 * @names: the choices, then NULL
 * @choice: index of the one in force
 *
 * Return: bytes stored.
 */
int coherent_sysfs_emit_choice(char *buf, const char * const *names, int choice)
{
	int len = 0;

	for (int i = 0; names[i]; i++)
		len += sysfs_emit_at(buf, len, i == choice ? "[%s] " : "%s ",
				     names[i]);
	buf[len - 1] = '\n';
	return len;
}

/* OFFSET+LENGTH in bytes, whole pages */
static int parse_range(const char *buf, u64 *offset, u64 *length)
{
	char *text __free(kfree) = kstrdup(buf, GFP_KERNEL);
	char *rest = text, *field;

	if (!text)
		return -ENOMEM;
	field = strsep(&rest, "+");
	if (!rest || kstrtou64(field, 0, offset) ||
	    kstrtou64(strstrip(rest), 0, length) ||
	    !PAGE_ALIGNED(*offset | *length) || !*length)
		return -EINVAL;
	return 0;
}

/**
 * coherent_parse_pages() - "all", or a range of whole pages
 * @buf: "all" or OFFSET+LENGTH, in bytes, whole pages
 * @first: where to store the first PFN, from @base on
 * @last: where to store the last
 * @base: PFN that offsets are from
 * @limit: last PFN that there is
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int coherent_parse_pages(const char *buf, unsigned long *first,
			 unsigned long *last, unsigned long base,
			 unsigned long limit)
{
	u64 offset, length;
	int ret;

	*first = base;
	*last = limit;
	if (sysfs_streq(buf, "all"))
		return 0;
	ret = parse_range(buf, &offset, &length);
	if (ret)
		return ret;
	if (PHYS_PFN(offset) > limit - base ||
	    PHYS_PFN(length) - 1 > limit - base - PHYS_PFN(offset))
		return -EINVAL;
	*first = base + PHYS_PFN(offset);
	*last = *first + PHYS_PFN(length) - 1;
	return 0;
}
