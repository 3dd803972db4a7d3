// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an administrator sees and does, in the device's directory "coherent" and,
 * for the whole host, in /sys/kernel/coherent_vfio;
 * Documentation/ABI/testing/sysfs-driver-coherent-vfio-pci.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "../coherent.h"
#include "private.h"

static struct coherent_ledger *dev_to_ledger(struct device *dev)
{
	return coherent_aperture_of(dev)->ledger;
}

/* The count includes only errors that were handled: their mappings are gone */
static ssize_t poison_count_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	guard(mutex)(&coherent_ledger_lock);
	return sysfs_emit(buf, "%lu\n",
			  coherent_ledger_count(dev_to_ledger(dev)));
}
static DEVICE_ATTR_RO(poison_count);

static ssize_t poison_policy_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return coherent_sysfs_emit_choice(buf, coherent_policy_names,
					  READ_ONCE(dev_to_ledger(dev)->policy));
}

static ssize_t poison_policy_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	int policy = __sysfs_match_string(coherent_policy_names, -1, buf);

	if (policy < 0)
		return policy;
	coherent_ledger_set_policy(dev_to_ledger(dev), policy);
	return count;
}
static DEVICE_ATTR_RW(poison_policy);

static ssize_t poison_clear_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	struct coherent_ledger *ledger = dev_to_ledger(dev);
	unsigned long first, last;
	int ret;

	ret = coherent_parse_pages(buf, &first, &last, ledger->first,
				   ledger->last);
	if (!ret)
		ret = coherent_report_forget(first, last);
	return ret ?: count;
}
static DEVICE_ATTR_WO(poison_clear);

/* A range that is named: it cannot mean "all" */
static ssize_t poison_add_store(struct device *dev, struct device_attribute *attr,
				const char *buf, size_t count)
{
	struct coherent_ledger *ledger = dev_to_ledger(dev);
	unsigned long first, last;
	int ret;

	if (sysfs_streq(buf, "all"))
		return -EINVAL;
	ret = coherent_parse_pages(buf, &first, &last, ledger->first,
				   ledger->last);
	if (ret)
		return ret;
	coherent_report_pages(first, last, COHERENT_SOURCE_ADMIN);
	ret = coherent_queue_flush();
	return ret ?: count;
}
static DEVICE_ATTR_WO(poison_add);

static ssize_t poison_ranges_read(struct file *file, struct kobject *kobj,
				  const struct bin_attribute *attr,
				  char *buf, loff_t off, size_t count)
{
	const struct coherent_ledger *ledger;

	/* The same file in another directory */
	if (kobj == coherent_host_kobj)
		return coherent_pages_list(0, PHYS_PFN(PHYS_ADDR_MAX), off, buf,
					   count);
	ledger = dev_to_ledger(kobj_to_dev(kobj));
	return coherent_pages_list(ledger->first, ledger->last, off, buf,
				   count);
}

static const struct bin_attribute bin_attr_poison_ranges = {
	.attr	= { .name = "poison_ranges", .mode = 0400 },
	.read	= poison_ranges_read,
};

static struct attribute *coherent_attrs[] = {
	&dev_attr_poison_count.attr,
	&dev_attr_poison_policy.attr,
	&dev_attr_poison_clear.attr,
	&dev_attr_poison_add.attr,
	NULL,
};

static const struct bin_attribute * const coherent_bin_attrs[] = {
	&bin_attr_poison_ranges,
	NULL,
};

static const struct attribute_group coherent_group = {
	.name		= COHERENT_SYSFS_GROUP,
	.attrs		= coherent_attrs,
	.bin_attrs	= coherent_bin_attrs,
};

/**
 * coherent_poison_sysfs_add() - make the device's directory
 * @ap: the aperture, which is found by coherent_aperture_of()
 *
 * Context: probe; may sleep.
 * Return: 0, or -ENOMEM, which has been logged.
 */
int coherent_poison_sysfs_add(struct coherent_aperture *ap)
{
	struct device *dev = ap->dev;
	int ret = sysfs_create_group(&dev->kobj, &coherent_group);

	if (ret)
		dev_err(dev, "cannot create sysfs attributes (%d)\n", ret);
	return ret;
}

/**
 * coherent_poison_sysfs_remove() - undo coherent_poison_sysfs_add()
 * @ap: the aperture
 *
 * Context: may sleep until all reads and writes of the files have ended.
 */
void coherent_poison_sysfs_remove(struct coherent_aperture *ap)
{
	sysfs_remove_group(&ap->dev->kobj, &coherent_group);
}

/**
 * coherent_sysfs_init() - make the files that belong to no device
 *
 * Context: module init, with coherent_host_kobj there; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_sysfs_init(void)
{
	return sysfs_create_bin_file(coherent_host_kobj,
				     &bin_attr_poison_ranges);
}

/** coherent_sysfs_exit() - undo coherent_sysfs_init() */
void coherent_sysfs_exit(void)
{
	sysfs_remove_bin_file(coherent_host_kobj, &bin_attr_poison_ranges);
}
