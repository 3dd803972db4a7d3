// SPDX-License-Identifier: GPL-2.0-only
/*
 * What VMMs and administrators would have to guess of the regions, in the device's
 * directory "coherent": Documentation/ABI/testing/sysfs-driver-coherent-vfio-pci.
 */
#include <linux/device.h>
#include <linux/kconfig.h>
#include <linux/numa.h>
#include <linux/sysfs.h>

#include "coherent.h"

static const char * const memtypes[] = {
	[COHERENT_CACHED] = "cached",
	[COHERENT_WC] = "write-combining",
	[COHERENT_UC] = "uncached",
};

/**
 * coherent_memtype_name() - a memory type in messages and files
 * @memtype: the type
 *
 * Return: its name.
 */
const char *coherent_memtype_name(enum coherent_memtype memtype)
{
	return memtypes[memtype];
}

/* Only regions that exist get files */
static const struct coherent_region *dev_to_region(struct device *dev, u8 bar)
{
	const struct coherent_layout *layout = &coherent_aperture_of(dev)->layout;
	const struct coherent_region *region = layout->regions;

	while (region->bar != bar)
		region++;
	return region;
}

static int node_of(const struct coherent_region *region)
{
	return IS_ENABLED(CONFIG_NUMA) ? phys_to_target_node(region->base) :
					 NUMA_NO_NODE;
}

#define REGION_ATTR(bar, name, format, value)				\
static ssize_t region##bar##_##name##_show(struct device *dev,		\
					   struct device_attribute *attr,	\
					   char *buf)			\
{									\
	const struct coherent_region *region = dev_to_region(dev, bar);	\
									\
	return sysfs_emit(buf, format "\n", value);			\
}									\
static DEVICE_ATTR(region##bar##_##name, 0444, region##bar##_##name##_show, NULL)

/* Show the memory's address only to readers who may see addresses */
#define REGION_ADDRESS_ATTR(bar)					\
static ssize_t region##bar##_base_show(struct device *dev,		\
				       struct device_attribute *attr,	\
				       char *buf)			\
{									\
	return sysfs_emit(buf, "%#llx\n", dev_to_region(dev, bar)->base);	\
}									\
static DEVICE_ATTR(region##bar##_base, 0400, region##bar##_base_show, NULL)

#define REGION_ATTRS(bar)						\
REGION_ADDRESS_ATTR(bar);						\
REGION_ATTR(bar, length, "%#llx", region->length);			\
REGION_ATTR(bar, bar_size, "%#llx", region->bar_size);			\
REGION_ATTR(bar, memory_type, "%s", coherent_memtype_name(region->memtype));	\
REGION_ATTR(bar, numa_node, "%d", node_of(region));			\
									\
static struct attribute *region##bar##_attrs[] = {			\
	&dev_attr_region##bar##_base.attr,				\
	&dev_attr_region##bar##_length.attr,				\
	&dev_attr_region##bar##_bar_size.attr,				\
	&dev_attr_region##bar##_memory_type.attr,			\
	&dev_attr_region##bar##_numa_node.attr,				\
	NULL,								\
};									\
									\
static const struct attribute_group region##bar##_group = {		\
	.name	= COHERENT_SYSFS_GROUP,					\
	.attrs	= region##bar##_attrs,					\
}

REGION_ATTRS(0);
REGION_ATTRS(2);
REGION_ATTRS(4);

static const struct attribute_group *group_of(const struct coherent_region *region)
{
	static const struct attribute_group * const groups[] = {
		&region0_group, &region2_group, &region4_group,
	};

	return groups[region->bar / 2];
}

static void remove(struct coherent_aperture *ap, unsigned int nr)
{
	while (nr--)
		sysfs_unmerge_group(&ap->dev->kobj,
				    group_of(&ap->layout.regions[nr]));
}

/**
 * coherent_region_sysfs_add() - make the files
 * @ap: the aperture, with its directory there
 *
 * Context: probe; may sleep.
 * Return: 0, or -ENOMEM, which has been logged.
 */
int coherent_region_sysfs_add(struct coherent_aperture *ap)
{
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++) {
		int ret = sysfs_merge_group(&ap->dev->kobj,
					    group_of(&ap->layout.regions[i]));

		if (ret) {
			dev_err(ap->dev, "cannot create sysfs attributes (%d)\n",
				ret);
			remove(ap, i);
			return ret;
		}
	}
	return 0;
}

/**
 * coherent_region_sysfs_remove() - undo coherent_region_sysfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads of the files have ended.
 */
void coherent_region_sysfs_remove(struct coherent_aperture *ap)
{
	remove(ap, ap->layout.nr_regions);
}
