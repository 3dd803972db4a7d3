/* SPDX-License-Identifier: GPL-2.0-only */
/* Binary attributes are const from 6.16 */
#ifndef COHERENT_COMPAT_SYSFS_H
#define COHERENT_COMPAT_SYSFS_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/sysfs.h>

#ifndef COMPAT_HAS_CONST_BIN_ATTR
/* The kernel's, which takes the same pointers for pointers to what may change */
typedef struct attribute_group compat_attribute_group_t;

struct compat_attribute_group {
	const char *name;
	umode_t (*is_visible)(struct kobject *kobj, struct attribute *attr,
			      int n);
	umode_t (*is_bin_visible)(struct kobject *kobj,
				  const struct bin_attribute *attr, int n);
#ifdef COMPAT_HAS_BIN_SIZE	/* from 6.13 */
	size_t (*bin_size)(struct kobject *kobj,
			   const struct bin_attribute *attr, int n);
#endif
	struct attribute **attrs;
	const struct bin_attribute * const *bin_attrs;
};

#define COMPAT_SAME_PLACE(member)					\
	static_assert(offsetof(compat_attribute_group_t, member) ==	\
		      offsetof(struct compat_attribute_group, member))

COMPAT_SAME_PLACE(name);
COMPAT_SAME_PLACE(is_visible);
COMPAT_SAME_PLACE(is_bin_visible);
COMPAT_SAME_PLACE(attrs);
COMPAT_SAME_PLACE(bin_attrs);
static_assert(sizeof(compat_attribute_group_t) ==
	      sizeof(struct compat_attribute_group));

#define attribute_group		compat_attribute_group
#define COMPAT_GROUP(grp)	((const compat_attribute_group_t *)(grp))
#define sysfs_create_group(kobj, grp)	sysfs_create_group(kobj, COMPAT_GROUP(grp))
#define sysfs_remove_group(kobj, grp)	sysfs_remove_group(kobj, COMPAT_GROUP(grp))
#define sysfs_merge_group(kobj, grp)	sysfs_merge_group(kobj, COMPAT_GROUP(grp))
#define sysfs_unmerge_group(kobj, grp)	sysfs_unmerge_group(kobj, COMPAT_GROUP(grp))

/* A function of ours that reads one */
#define poison_ranges_read(file, kobj, at, buf, off, count)		\
	poison_ranges_read(file, kobj, struct bin_attribute *attr, buf, off, count)
#endif

#endif
