// SPDX-License-Identifier: GPL-2.0-only
/*
 * The claim on an aperture in /proc/iomem, and its quarantine: while another
 * device may still write to the memory, no other driver gets it.
 *
 * If a user has mapped the memory of a claim, the claim outlives its device for
 * as long as a foreign mapping may exist (foreign.c): no other driver can claim
 * the memory, and memory owned by the core is not freed. A device that shows
 * the same aperture takes the claim over. It ends when no such mapping can
 * exist any more, which is checked from time to time, or when an administrator
 * lifts it (quarantine.c). It holds a reference on this module.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/ioport.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "coherent.h"

/**
 * struct coherent_claim - what is claimed for an aperture
 * @node: in the list of all
 * @base: of the aperture
 * @size: of the aperture
 * @own_memory: the memory is coherent_memory_alloc()'s
 * @res: in /proc/iomem
 * @group: the function's IOMMU group, with a reference; NULL for a device that does
 *	no DMA
 * @mapped: a user has mapped some of it; only ever set
 * @quarantined: no device shows it
 * @name: in /proc/iomem, while a device shows it
 * @quarantine_name: while none does
 *
 * But for @mapped all of it is protected by claims_lock.
 */
struct coherent_claim {
	struct list_head node;
	u64 base;
	u64 size;
	bool own_memory;
	struct resource *res;
	struct iommu_group *group;
	bool mapped;
	bool quarantined;
	char name[32];
	char quarantine_name[48];
};

static DEFINE_MUTEX(claims_lock);	/* the list and what is in it */
static LIST_HEAD(claims);

/* A task that waits for it can write to sysfs, which checks at once */
#define LOOK_AGAIN	(5 * HZ)

static void look_again(struct work_struct *work);
static DECLARE_DELAYED_WORK(look_work, look_again);

static void set_names(struct coherent_claim *claim, const char *device)
{
	snprintf(claim->name, sizeof(claim->name), "coherent %s", device);
	snprintf(claim->quarantine_name, sizeof(claim->quarantine_name),
		 "coherent %s (quarantine)", device);
}

/* The claim that overlaps, or NULL. No two claims overlap. */
static struct coherent_claim *find(u64 base, u64 size)
	__must_hold(&claims_lock)
{
	struct coherent_claim *claim;

	list_for_each_entry(claim, &claims, node)
		if (base < claim->base + claim->size &&
		    claim->base < base + size)
			return claim;
	return NULL;
}

/* Returns the memory to its owner */
static void drop(struct coherent_claim *claim)
	__must_hold(&claims_lock)
{
	lockdep_assert_held(&claims_lock);

	list_del(&claim->node);
	if (claim->own_memory)
		coherent_memory_release(claim->base, claim->size);
	else
		release_mem_region(claim->base, claim->size);
	iommu_group_put(claim->group);
	if (claim->quarantined)
		module_put(THIS_MODULE);
	kfree(claim);
}

static void lift(struct coherent_claim *claim, const char *why)
	__must_hold(&claims_lock)
{
	pr_info("memory at %#llx, size %#llx, leaves quarantine: %s\n",
		claim->base, claim->size, why);
	drop(claim);
}

/*
 * Release the claims that no other device can write to any more; @self as in
 * coherent_foreign_dma(). Returns whether any is left.
 */
static bool lift_unneeded(const struct device *self)
	__must_hold(&claims_lock)
{
	struct coherent_claim *claim, *next;
	bool left = false;

	list_for_each_entry_safe(claim, next, &claims, node) {
		if (!claim->quarantined)
			continue;
		if (coherent_foreign_dma(claim->group, self))
			left = true;
		else
			lift(claim, "no device is in use by userspace that could have it mapped");
	}
	return left;
}

static void look_again(struct work_struct *work)
{
	guard(mutex)(&claims_lock);
	if (lift_unneeded(NULL))
		schedule_delayed_work(&look_work, LOOK_AGAIN);
}

/* Two claims share memory only where the new one is the old one's own */
static bool take_over(struct coherent_claim *claim, struct coherent_aperture *ap)
	__must_hold(&claims_lock)
{
	const struct coherent_layout *layout = &ap->layout;

	if (!claim->quarantined || claim->base != layout->base ||
	    claim->size != layout->size)
		return false;
	iommu_group_put(claim->group);
	claim->group = iommu_group_get(ap->dev);
	set_names(claim, dev_name(ap->dev));
	WRITE_ONCE(claim->res->name, claim->name);
	if (claim->own_memory)
		coherent_memory_keep(claim->base, claim->size, false);
	claim->quarantined = false;
	module_put(THIS_MODULE);
	ap->claim = claim;
	return true;
}

static int claim_new(struct coherent_aperture *ap)
	__must_hold(&claims_lock)
{
	const struct coherent_layout *layout = &ap->layout;
	struct coherent_claim *claim __free(kfree) = kzalloc_obj(*claim, GFP_KERNEL);

	if (!claim)
		return -ENOMEM;
	claim->base = layout->base;
	claim->size = layout->size;
	claim->own_memory = ap->own_memory;
	set_names(claim, dev_name(ap->dev));
	if (claim->own_memory)
		claim->res = coherent_memory_claim(claim->base, claim->size,
						   claim->name);
	else
		claim->res = request_mem_region(claim->base, claim->size,
						claim->name);
	if (!claim->res)
		return -EBUSY;
	claim->group = iommu_group_get(ap->dev);
	list_add(&claim->node, &claims);
	ap->claim = no_free_ptr(claim);
	return 0;
}

/**
 * coherent_claim() - take the aperture in /proc/iomem
 * @ap: the aperture
 *
 * Context: probe; a PCI device is locked; may sleep; takes claims_lock.
 * Return: 0; -ENOMEM; -EBUSY when another driver has a part of it, or it is in
 * quarantine with other bounds, which is logged.
 */
int coherent_claim(struct coherent_aperture *ap)
{
	const struct coherent_layout *layout = &ap->layout;
	struct device *dev = ap->dev;
	struct coherent_claim *claim;
	int ret;

	ap->own_memory = coherent_memory_owns(layout->base, layout->size);
	guard(mutex)(&claims_lock);
	lift_unneeded(dev);
	claim = find(layout->base, layout->size);
	if (claim && take_over(claim, ap))
		return 0;
	if (claim && claim->quarantined)
		return dev_err_probe(dev, -EBUSY,
				     "coherent memory at %#llx, size %#llx, refused: %#llx, size %#llx, is in quarantine, see /sys/kernel/coherent_vfio/quarantine\n",
				     layout->base, layout->size, claim->base,
				     claim->size);
	ret = claim ? -EBUSY : claim_new(ap);
	if (ret == -EBUSY)
		dev_err_probe(dev, ret,
			      "coherent memory at %#llx, size %#llx, refused: in use, see /proc/iomem\n",
			      layout->base, layout->size);
	return ret;
}

/**
 * coherent_claim_mapped() - a user maps some of it
 * @ap: the aperture
 *
 * Context: any.
 */
void coherent_claim_mapped(struct coherent_aperture *ap)
{
	WRITE_ONCE(ap->claim->mapped, true);
}

/**
 * coherent_release() - undo coherent_claim()
 * @ap: the aperture, with no user left
 *
 * Context: may sleep; a PCI device is locked; takes claims_lock.
 */
void coherent_release(struct coherent_aperture *ap)
{
	struct coherent_claim *claim = ap->claim;

	guard(mutex)(&claims_lock);
	ap->claim = NULL;
	if (!claim->mapped || !coherent_foreign_dma(claim->group, ap->dev)) {
		drop(claim);
		return;
	}
	claim->quarantined = true;
	WRITE_ONCE(claim->res->name, claim->quarantine_name);
	if (claim->own_memory)
		coherent_memory_keep(claim->base, claim->size, true);
	/* Not the last one: a backend is still there */
	__module_get(THIS_MODULE);
	dev_warn(ap->dev,
		 "coherent memory at %#llx, size %#llx, goes into quarantine: a user has mapped it, and another device may still write to it; see /sys/kernel/coherent_vfio/quarantine\n",
		 claim->base, claim->size);
	schedule_delayed_work(&look_work, LOOK_AGAIN);
}

/**
 * coherent_quarantine_list() - what is in quarantine
 * @buf: a page of sysfs, for lines of BASE+SIZE DEVICE
 *
 * Context: may sleep; takes claims_lock.
 * Return: bytes stored.
 */
int coherent_quarantine_list(char *buf)
{
	struct coherent_claim *claim;
	int len = 0;

	guard(mutex)(&claims_lock);
	lift_unneeded(NULL);
	list_for_each_entry(claim, &claims, node)
		if (claim->quarantined)
			len += sysfs_emit_at(buf, len, "%#llx+%#llx %s\n",
					     claim->base, claim->size,
					     claim->name + strlen("coherent "));
	return len;
}

/**
 * coherent_quarantine_lift() - an administrator knows better
 * @first: first PFN
 * @last: last PFN; what lies wholly in between leaves quarantine
 *
 * Context: may sleep; takes claims_lock.
 * Return: 0, or -ENOENT when nothing in quarantine lies there.
 */
int coherent_quarantine_lift(unsigned long first, unsigned long last)
{
	struct coherent_claim *claim, *next;
	bool left = false;
	int ret = -ENOENT;

	guard(mutex)(&claims_lock);
	list_for_each_entry_safe(claim, next, &claims, node) {
		if (!claim->quarantined)
			continue;
		if (PHYS_PFN(claim->base) < first ||
		    PHYS_PFN(claim->base + claim->size - 1) > last) {
			left = true;
			continue;
		}
		lift(claim, "lifted by an administrator");
		ret = 0;
	}
	if (!ret && !left)
		coherent_foreign_forget();
	return ret;
}

/** coherent_claim_exit() - at module exit; nothing is in quarantine */
void coherent_claim_exit(void)
{
	cancel_delayed_work_sync(&look_work);
}
