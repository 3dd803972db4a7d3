// SPDX-License-Identifier: GPL-2.0-only
/*
 * An aperture in the life of the device that shows it.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/ioport.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pgtable.h>

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

/* Not every architecture sets the end of iomem_resource to what its CPUs can */
static u64 last_physical_address(void)
{
#ifdef PHYS_MASK
	return min_t(u64, iomem_resource.end, PHYS_MASK);
#else
	return iomem_resource.end;
#endif
}

/* The core's own memory is the one part of System RAM that may be shown */
static int check_own(struct coherent_layout *layout)
{
	for (unsigned int i = 0; i < layout->nr_regions; i++) {
		if (layout->regions[i].memtype == COHERENT_CACHED)
			continue;
		layout->why = "memory of the kernel can only be cached";
		return -EINVAL;
	}
	return 0;
}

/**
 * coherent_aperture_check() - may this memory be shown, and so?
 * @layout: of it; @why is set when it may not
 *
 * Context: may sleep.
 * Return: 0; as coherent_layout_check(); -EBUSY over System RAM.
 */
int coherent_aperture_check(struct coherent_layout *layout)
{
	int ret = coherent_layout_check(layout, PAGE_SIZE,
					last_physical_address());

	if (ret)
		return ret;
	if (coherent_memory_owns(layout->base, layout->size))
		return check_own(layout);
	/*
	 * System RAM belongs to the host's kernel. A description of an aperture
	 * over it is wrong, and showing it would give the host's memory away.
	 */
	if (region_intersects(layout->base, layout->size,
			      IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		layout->why = "overlaps System RAM";
		return -EBUSY;
	}
	return 0;
}

/**
 * coherent_aperture_setup() - all that must be there before anybody can find it
 * @ap: the aperture, its layout checked and its windows filled in
 * @scrub: is its memory cleared between two users, by default?
 *
 * Context: probe; may sleep, as long as the memory may take to become ready.
 * Return: 0, to be undone by coherent_aperture_teardown(); or why not, which has
 * been logged.
 */
int coherent_aperture_setup(struct coherent_aperture *ap,
			    enum coherent_scrub_policy scrub)
{
	const struct coherent_face *face = ap->face;
	int ret = coherent_claim(ap);

	if (ret)
		return ret;
	coherent_scrub_init(ap, scrub);
	ret = face->ready_at_probe ? face->ready_at_probe(ap) : 0;
	if (ret)
		goto out_release;
	ret = coherent_poison_attach(ap);
	if (ret)
		goto out_release;
	ret = face->bad_pages ? face->bad_pages(ap) : 0;
	if (ret)
		goto out_poison;
	coherent_poison_watch(ap);
	return 0;

out_poison:
	coherent_poison_detach(ap);
out_release:
	coherent_release(ap);
	return ret;
}

/**
 * coherent_aperture_teardown() - undo coherent_aperture_setup()
 * @ap: the aperture, with no user left
 *
 * Context: may sleep.
 */
void coherent_aperture_teardown(struct coherent_aperture *ap)
{
	coherent_poison_detach(ap);
	coherent_release(ap);
}

/**
 * coherent_aperture_report() - to the log: what users get
 * @ap: the aperture
 */
void coherent_aperture_report(const struct coherent_aperture *ap)
{
	unsigned int i;

	for (i = 0; i < ap->layout.nr_regions; i++) {
		const struct coherent_region *region = &ap->layout.regions[i];

		dev_info(ap->dev,
			 "region %u: %s, base %#llx, usable length %#llx, BAR size %#llx\n",
			 region->bar, coherent_memtype_name(region->memtype), region->base,
			 region->length, region->bar_size);
	}
	coherent_kvm_report(ap);
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
