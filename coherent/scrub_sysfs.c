// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hand-over between tenants (scrub.c) as an administrator sees it, in the
 * device's directory "coherent":
 * Documentation/ABI/testing/sysfs-driver-coherent-vfio-pci.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "coherent.h"

static const char * const policies[] = {
	[COHERENT_SCRUB_NONE] = "none",
	[COHERENT_SCRUB_OPEN] = "open",
	[COHERENT_SCRUB_CLOSE] = "close",
	NULL,
};

static struct coherent_scrub *dev_to_scrub(struct device *dev)
{
	return &coherent_aperture_of(dev)->scrub;
}

static ssize_t scrub_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return coherent_sysfs_emit_choice(buf, policies,
					  READ_ONCE(dev_to_scrub(dev)->policy));
}

static ssize_t scrub_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	int policy = __sysfs_match_string(policies, -1, buf);

	if (policy < 0)
		return policy;
	WRITE_ONCE(dev_to_scrub(dev)->policy, policy);
	return count;
}
static DEVICE_ATTR_RW(scrub);

static ssize_t scrub_progress_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct coherent_scrub *scrub = dev_to_scrub(dev);

	return sysfs_emit(buf, "%llu %llu\n", (u64)atomic64_read(&scrub->done),
			  scrub->total);
}
static DEVICE_ATTR_RO(scrub_progress);

static struct attribute *scrub_attrs[] = {
	&dev_attr_scrub.attr,
	&dev_attr_scrub_progress.attr,
	NULL,
};

static const struct attribute_group scrub_group = {
	.name	= COHERENT_SYSFS_GROUP,
	.attrs	= scrub_attrs,
};

/**
 * coherent_scrub_sysfs_add() - make the files
 * @ap: the aperture, with its directory there
 *
 * Context: probe; may sleep.
 * Return: 0, or -ENOMEM, which has been logged.
 */
int coherent_scrub_sysfs_add(struct coherent_aperture *ap)
{
	struct device *dev = ap->dev;
	int ret = sysfs_merge_group(&dev->kobj, &scrub_group);

	if (ret)
		dev_err(dev, "cannot create sysfs attributes (%d)\n", ret);
	return ret;
}

/**
 * coherent_scrub_sysfs_remove() - undo coherent_scrub_sysfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads and writes of the files have ended.
 */
void coherent_scrub_sysfs_remove(struct coherent_aperture *ap)
{
	sysfs_unmerge_group(&ap->dev->kobj, &scrub_group);
}
