// SPDX-License-Identifier: GPL-2.0-only
/*
 * The quarantine (claim.c) as an administrator sees it:
 * /sys/kernel/coherent_vfio/quarantine, Documentation/ABI/testing/.
 */
#include <linux/kobject.h>
#include <linux/limits.h>
#include <linux/pfn.h>
#include <linux/sysfs.h>

#include "coherent.h"

static ssize_t quarantine_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	return coherent_quarantine_list(buf);
}

static ssize_t quarantine_store(struct kobject *kobj,
				struct kobj_attribute *attr, const char *buf,
				size_t count)
{
	unsigned long first, last;
	int ret;

	ret = coherent_parse_pages(buf, &first, &last, 0,
				   PHYS_PFN(PHYS_ADDR_MAX));
	if (!ret)
		ret = coherent_quarantine_lift(first, last);
	return ret ?: count;
}

static struct kobj_attribute quarantine = __ATTR_RW_MODE(quarantine, 0600);

/**
 * coherent_quarantine_init() - make the file
 *
 * Context: module init, with coherent_host_kobj there; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_quarantine_init(void)
{
	return sysfs_create_file(coherent_host_kobj, &quarantine.attr);
}

/** coherent_quarantine_exit() - undo coherent_quarantine_init() */
void coherent_quarantine_exit(void)
{
	sysfs_remove_file(coherent_host_kobj, &quarantine.attr);
}
