// SPDX-License-Identifier: GPL-2.0-only
/*
 * An aperture in the life of the device that shows it.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/mutex.h>

#include "coherent.h"
#include "poison/poison.h"

/**
 * coherent_aperture_init() - initialise an aperture before it is published
 * @ap: all 0
 * @dev: the device that will show it
 * @face: how
 * @face_lock: see &struct coherent_aperture
 * @mapping: of the file that users will have
 *
 * Context: probe.
 */
void coherent_aperture_init(struct coherent_aperture *ap, struct device *dev,
			    const struct coherent_face *face,
			    struct rw_semaphore *face_lock,
			    struct address_space *mapping)
{
	ap->dev = dev;
	ap->face = face;
	ap->face_lock = face_lock;
	ap->mapping = mapping;
	mutex_init(&ap->map_lock);
	coherent_dmabufs_init(ap);
	coherent_gate_setup(ap);
}

/* Kept as a resource of the device's: where it finds its aperture */
static void forget(struct device *dev, void *res)
{
}

static int attach(struct coherent_aperture *ap)
{
	struct coherent_aperture **res;

	res = devres_alloc(forget, sizeof(struct coherent_aperture *), GFP_KERNEL);
	if (!res)
		return -ENOMEM;
	*res = ap;
	devres_add(ap->dev, res);
	return 0;
}

static void detach(struct coherent_aperture *ap)
{
	devres_destroy(ap->dev, forget, NULL, NULL);
}

/**
 * coherent_aperture_of() - the aperture that a device shows
 * @dev: a device whose aperture is published
 *
 * Context: any but NMI.
 * Return: the aperture.
 */
struct coherent_aperture *coherent_aperture_of(struct device *dev)
{
	struct coherent_aperture **res = devres_find(dev, forget, NULL, NULL);

	return *res;
}

/**
 * coherent_aperture_publish() - show it to the administrator
 * @ap: the aperture; users can have it next
 *
 * Context: probe; may sleep.
 * Return: 0; -ENOMEM; or why sysfs files cannot be created, which has been logged.
 */
int coherent_aperture_publish(struct coherent_aperture *ap)
{
	int ret = attach(ap);

	if (ret)
		return ret;
	ret = coherent_poison_sysfs_add(ap);
	if (ret)
		goto out_detach;
	ret = coherent_scrub_sysfs_add(ap);
	if (ret)
		goto out_poison_sysfs;
	ret = coherent_region_sysfs_add(ap);
	if (ret)
		goto out_scrub_sysfs;
	ret = coherent_health_sysfs_add(ap);
	if (ret)
		goto out_region_sysfs;
	coherent_debugfs_add(ap);
	return 0;

out_region_sysfs:
	coherent_region_sysfs_remove(ap);
out_scrub_sysfs:
	coherent_scrub_sysfs_remove(ap);
out_poison_sysfs:
	coherent_poison_sysfs_remove(ap);
out_detach:
	detach(ap);
	return ret;
}

/**
 * coherent_aperture_unpublish() - undo coherent_aperture_publish()
 * @ap: the aperture, with no user left
 *
 * Context: may sleep until all reads and writes of sysfs files have ended.
 */
void coherent_aperture_unpublish(struct coherent_aperture *ap)
{
	coherent_debugfs_remove(ap);
	coherent_health_sysfs_remove(ap);
	coherent_region_sysfs_remove(ap);
	coherent_scrub_sysfs_remove(ap);
	coherent_poison_sysfs_remove(ap);
	detach(ap);
}
