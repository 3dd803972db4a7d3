// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's health (health.c) as an administrator and monitoring see it, in the
 * device's directory "coherent" and in /sys/kernel/coherent_vfio:
 * Documentation/ABI/testing/.
 */
#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "coherent.h"

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  coherent_health_state(coherent_aperture_of(dev)));
}
static DEVICE_ATTR_RO(state);

#define COUNTER_ATTR(name)						\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct coherent_health *health = &coherent_aperture_of(dev)->health;	\
									\
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&health->name));	\
}									\
static DEVICE_ATTR_RO(name)

COUNTER_ATTR(link_errors);
COUNTER_ATTR(link_recoveries);
COUNTER_ATTR(link_failures);
COUNTER_ATTR(readiness_failures);

static struct attribute *health_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_link_errors.attr,
	&dev_attr_link_recoveries.attr,
	&dev_attr_link_failures.attr,
	&dev_attr_readiness_failures.attr,
	NULL,
};

static const struct attribute_group health_group = {
	.name	= COHERENT_SYSFS_GROUP,
	.attrs	= health_attrs,
};

/**
 * coherent_health_sysfs_add() - make the files
 * @ap: the aperture, with its directory there
 *
 * Context: probe; may sleep.
 * Return: 0, or -ENOMEM, which has been logged.
 */
int coherent_health_sysfs_add(struct coherent_aperture *ap)
{
	struct device *dev = ap->dev;
	int ret = sysfs_merge_group(&dev->kobj, &health_group);

	if (ret)
		dev_err(dev, "cannot create sysfs attributes (%d)\n", ret);
	return ret;
}

/**
 * coherent_health_sysfs_remove() - undo coherent_health_sysfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads of the files have ended.
 */
void coherent_health_sysfs_remove(struct coherent_aperture *ap)
{
	sysfs_unmerge_group(&ap->dev->kobj, &health_group);
}

static ssize_t host_readiness_failures_show(struct kobject *kobj,
					    struct kobj_attribute *attr,
					    char *buf)
{
	return sysfs_emit(buf, "%ld\n", coherent_health_readiness_failures());
}

static struct kobj_attribute host_readiness_failures =
	__ATTR(readiness_failures, 0444, host_readiness_failures_show, NULL);

/**
 * coherent_health_init() - make the file of the whole host
 *
 * Context: module init, with coherent_host_kobj there; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_health_init(void)
{
	return sysfs_create_file(coherent_host_kobj, &host_readiness_failures.attr);
}

/** coherent_health_exit() - undo coherent_health_init() */
void coherent_health_exit(void)
{
	sysfs_remove_file(coherent_host_kobj, &host_readiness_failures.attr);
}
