// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's life: register, unregister, and what its aperture asks of it.
 */
#include <linux/cdev.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../poison/poison.h"
#include "chardev.h"

/* As many devices as there may be: a socket has one */
#define MINORS	256

static dev_t first;
static DEFINE_IDA(minors);

/* It is memory of the host's: always there, and nobody resets it */
static void facts(struct coherent_aperture *ap, struct coherent_gate_facts *facts)
{
	facts->decoding = true;
}

static int ready(struct coherent_aperture *ap)
{
	return 0;
}

static int bad_pages(struct coherent_aperture *ap)
{
	struct coherent_chardev *chardev = container_of(ap, struct coherent_chardev, ap);
	int ret = chardev->info->bad_pages ? chardev->info->bad_pages(chardev) : 0;

	if (ret)
		dev_err(ap->dev, "firmware's list of bad memory cannot be used (%d)\n",
			ret);
	return ret;
}

/* Users read the list when they want to */
static void poison_changed(struct coherent_aperture *ap)
{
}

const struct coherent_face coherent_chardev_face = {
	.facts		= facts,
	.ready		= ready,
	.bad_pages	= bad_pages,
	.poison_changed	= poison_changed,
};

static void release(struct device *dev)
{
	struct coherent_chardev *chardev = container_of(dev, struct coherent_chardev, dev);
	struct inode *inode = chardev->inode;

	ida_free(&minors, MINOR(dev->devt) - MINOR(first));
	kfree(chardev);
	/* The last one lets this module go */
	coherent_chardev_inode_put(inode);
}

static int lay_out(struct coherent_aperture *ap, const struct coherent_chardev_info *info)
{
	static const struct coherent_carve all_usable = { };
	struct coherent_layout *layout = &ap->layout;
	int ret;

	ret = coherent_layout_carve(layout, info->base, info->size, &all_usable);
	/* There is no BAR; users know of one region */
	layout->regions[0].bar = 0;
	if (!ret)
		ret = coherent_aperture_check(layout);
	if (ret)
		return dev_err_probe(ap->dev, ret,
				     "coherent memory at %#llx, size %#llx, refused: %s\n",
				     layout->base, layout->size, layout->why);
	ap->windows[0] = (struct coherent_window) {
		.ap = ap, .region = &layout->regions[0],
	};
	return 0;
}

/* Freed by its last reference, from here on */
static struct coherent_chardev *alloc(const struct coherent_chardev_info *info)
{
	struct coherent_chardev *chardev = kzalloc_obj(*chardev, GFP_KERNEL);
	struct inode *inode;
	int minor, ret;

	if (!chardev)
		return ERR_PTR(-ENOMEM);
	inode = coherent_chardev_inode();
	if (IS_ERR(inode)) {
		kfree(chardev);
		return ERR_CAST(inode);
	}
	minor = ida_alloc_max(&minors, MINORS - 1, GFP_KERNEL);
	if (minor < 0) {
		coherent_chardev_inode_put(inode);
		kfree(chardev);
		return ERR_PTR(minor);
	}
	chardev->info = info;
	chardev->inode = inode;
	init_rwsem(&chardev->face_lock);
	mutex_init(&chardev->users_lock);
	cdev_init(&chardev->cdev, &coherent_chardev_fops);
	chardev->cdev.owner = info->owner;
	device_initialize(&chardev->dev);
	chardev->dev.class = info->class;
	chardev->dev.devt = MKDEV(MAJOR(first), MINOR(first) + minor);
	chardev->dev.release = release;
	ret = dev_set_name(&chardev->dev, "%s", info->name);
	if (ret) {
		put_device(&chardev->dev);
		return ERR_PTR(ret);
	}
	return chardev;
}

/* How others find it: users last */
static int publish(struct coherent_chardev *chardev)
{
	int ret;

	/* Who hears of it finds all of it */
	dev_set_uevent_suppress(&chardev->dev, true);
	ret = device_add(&chardev->dev);
	if (ret)
		return ret;
	ret = coherent_aperture_publish(&chardev->ap);
	if (ret)
		goto out_device;
	cdev_set_parent(&chardev->cdev, &chardev->dev.kobj);
	ret = cdev_add(&chardev->cdev, chardev->dev.devt, 1);
	if (ret)
		goto out_aperture;
	dev_set_uevent_suppress(&chardev->dev, false);
	kobject_uevent(&chardev->dev.kobj, KOBJ_ADD);
	coherent_poison_notify();
	return 0;

out_aperture:
	coherent_aperture_unpublish(&chardev->ap);
out_device:
	device_del(&chardev->dev);
	return ret;
}

/**
 * coherent_chardev_register() - show memory by a character device
 * @info: which memory, and how
 *
 * Context: may sleep.
 * Return: the device, to be given to coherent_chardev_unregister(); or why the memory
 * is refused; that has been said to the log.
 */
struct coherent_chardev *coherent_chardev_register(const struct coherent_chardev_info *info)
{
	struct coherent_chardev *chardev;
	struct coherent_aperture *ap;
	int ret;

	chardev = alloc(info);
	if (IS_ERR(chardev)) {
		pr_err("cannot make the device %s (%pe)\n", info->name, chardev);
		return chardev;
	}
	ap = &chardev->ap;
	coherent_aperture_init(ap, &chardev->dev, &coherent_chardev_face, &chardev->face_lock,
			       chardev->inode->i_mapping);
	ret = lay_out(ap, info);
	if (ret)
		goto out_put;
	/* Clearing at close asks for a device that is awake */
	pm_runtime_no_callbacks(ap->dev);
	pm_runtime_set_active(ap->dev);
	pm_runtime_enable(ap->dev);
	ret = coherent_aperture_setup(ap, info->scrub);
	if (ret)
		goto out_pm;
	ret = publish(chardev);
	if (ret) {
		dev_err(ap->dev, "cannot be shown to users (%d)\n", ret);
		goto out_teardown;
	}
	coherent_aperture_report(ap);
	return chardev;

out_teardown:
	coherent_aperture_teardown(ap);
out_pm:
	pm_runtime_disable(ap->dev);
out_put:
	put_device(&chardev->dev);
	return ERR_PTR(ret);
}
#ifdef COHERENT_IN_TREE
EXPORT_SYMBOL_NS_GPL(coherent_chardev_register, "COHERENT_VFIO_PCI");
#endif

/**
 * coherent_chardev_unregister() - undo coherent_chardev_register()
 * @chardev: the device; no file is open, because that keeps its backend's module
 *
 * Context: may sleep.
 */
void coherent_chardev_unregister(struct coherent_chardev *chardev)
{
	cdev_del(&chardev->cdev);
	coherent_aperture_unpublish(&chardev->ap);
	device_del(&chardev->dev);
	coherent_aperture_teardown(&chardev->ap);
	pm_runtime_disable(&chardev->dev);
	put_device(&chardev->dev);
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_unregister, "COHERENT_VFIO_PCI");

/**
 * coherent_chardev_device() - the device in sysfs
 * @chardev: the device, also in coherent_chardev_info.bad_pages
 *
 * Return: it.
 */
struct device *coherent_chardev_device(struct coherent_chardev *chardev)
{
	return &chardev->dev;
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_device, "COHERENT_VFIO_PCI");

/**
 * coherent_chardev_data() - what the backend keeps of a device
 * @dev: the device in sysfs
 *
 * Return: &coherent_chardev_info.data.
 */
void *coherent_chardev_data(struct device *dev)
{
	return container_of(dev, struct coherent_chardev, dev)->info->data;
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_data, "COHERENT_VFIO_PCI");

/**
 * coherent_chardev_bad_page() - firmware has marked memory as bad
 * @chardev: the device, in coherent_chardev_info.bad_pages
 * @base: host-physical address
 * @length: bytes; what is not of the device's memory is left out
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an empty or wrapping range; -ENOMEM.
 */
int coherent_chardev_bad_page(struct coherent_chardev *chardev, u64 base, u64 length)
{
	return coherent_poison_bad(&chardev->ap, base, length);
}
EXPORT_SYMBOL_NS_GPL(coherent_chardev_bad_page, "COHERENT_VFIO_PCI");

/**
 * coherent_chardev_init() - at module init
 *
 * Return: 0, or why there can be no such devices.
 */
int coherent_chardev_init(void)
{
	return alloc_chrdev_region(&first, 0, MINORS, "coherent-chardev");
}

/** coherent_chardev_exit() - at module exit, with no device left */
void coherent_chardev_exit(void)
{
	unregister_chrdev_region(first, MINORS);
}
