// SPDX-License-Identifier: GPL-2.0-only
/*
 * May another device's IOMMU still map memory that a user of ours has mapped?
 *
 * VFIO's type1 container takes the PFNs of a PFN mapping without a reference
 * and without a notifier: its mappings outlive the VMA, the close of our device
 * and this module. The kernel has no interface to ask for them. The container
 * remembers the address space that mapped, but can hand the mapping over to
 * another one (VFIO_DMA_MAP_FLAG_VADDR), so the end of the first is no proof.
 * But its mappings live no longer than the last IOMMU group in it, and a group
 * in it is claimed for userspace. Without such a group there is no such
 * mapping.
 *
 * (iommufd maps PFN mappings only through a dma-buf, which is revoked. Its
 * groups cannot be told from type1's, and count all the same.)
 *
 * An emulated VFIO device (mdev) has no claimed group. Its driver can hold
 * pages of a container for as long as the device is open. If such a device is
 * removed meanwhile, it stays open, but can no longer be seen: so it counts
 * until an administrator has lifted all quarantines by hand.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/amba/bus.h>
#include <linux/array_size.h>
#include <linux/cdx/cdx_bus.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fsl/mc.h>
#include <linux/iommu.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "coherent.h"

/*
 * The buses whose devices VFIO gives to userspace, and how their drivers say that
 * they leave DMA to it.
 */
static bool pci_manages(const struct device_driver *driver)
{
	return container_of(driver, struct pci_driver,
			    driver)->driver_managed_dma;
}

static bool platform_manages(const struct device_driver *driver)
{
	return container_of(driver, struct platform_driver,
			    driver)->driver_managed_dma;
}

static bool __maybe_unused amba_manages(const struct device_driver *driver)
{
	return container_of(driver, struct amba_driver,
			    drv)->driver_managed_dma;
}

static bool __maybe_unused fsl_mc_manages(const struct device_driver *driver)
{
	return container_of(driver, struct fsl_mc_driver,
			    driver)->driver_managed_dma;
}

static bool __maybe_unused cdx_manages(const struct device_driver *driver)
{
	return container_of(driver, struct cdx_driver,
			    driver)->driver_managed_dma;
}

struct bus {
	const struct bus_type *type;
	bool (*manages)(const struct device_driver *driver);
};

static const struct bus buses[] = {
	{ &pci_bus_type, pci_manages },
	{ &platform_bus_type, platform_manages },
#if IS_ENABLED(CONFIG_ARM_AMBA)
	{ &amba_bustype, amba_manages },
#endif
#if IS_ENABLED(CONFIG_FSL_MC_BUS)
	{ &fsl_mc_bus_type, fsl_mc_manages },
#endif
#if IS_ENABLED(CONFIG_CDX_BUS)
	{ &cdx_bus_type, cdx_manages },
#endif
};

static const struct bus *bus_of(const struct device *dev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(buses); i++)
		if (buses[i].type == dev->bus)
			return &buses[i];
	return NULL;
}

static bool manages_dma(const struct device *dev)
{
	const struct bus *bus = bus_of(dev);

	/* Not known, so the worse of the two: userspace may have it */
	return !bus || bus->manages(dev->driver);
}

/* VFIO devices on none of those buses, so without an IOMMU */
struct emulated {
	struct list_head node;
	const struct vfio_device *vdev;
};

static DEFINE_MUTEX(emulated_lock);	/* the next two */
static LIST_HEAD(emulated);
static bool emulated_lost;	/* one was removed while open, or none was watched */

static int emulated_comes(struct device *dev)
{
	const struct vfio_device *vdev =
		container_of(dev, struct vfio_device, device);
	struct emulated *new;

	if (bus_of(vdev->dev))
		return 0;
	guard(mutex)(&emulated_lock);
	new = kzalloc_obj(*new, GFP_KERNEL);
	if (!new) {
		emulated_lost = true;
		return -ENOMEM;
	}
	new->vdev = vdev;
	list_add(&new->node, &emulated);
	return 0;
}

/*
 * Its user may keep it for long, but cannot be seen any more: to be lifted by
 * hand
 */
static void emulated_goes(struct device *dev)
{
	struct emulated *old, *next;

	guard(mutex)(&emulated_lock);
	list_for_each_entry_safe(old, next, &emulated, node) {
		if (&old->vdev->device != dev)
			continue;
		if (READ_ONCE(old->vdev->open_count))
			emulated_lost = true;
		list_del(&old->node);
		kfree(old);
	}
}

/**
 * coherent_foreign_forget() - an administrator knows that no device has memory
 *
 * Emulated devices that were removed while they were open, or were not watched, count no
 * longer.
 *
 * Context: may sleep.
 */
void coherent_foreign_forget(void)
{
	guard(mutex)(&emulated_lock);
	emulated_lost = false;
}

static bool is_emulated_one_open(void)
{
	const struct emulated *one;

	guard(mutex)(&emulated_lock);
	if (emulated_lost)
		return true;
	list_for_each_entry(one, &emulated, node)
		if (READ_ONCE(one->vdev->open_count))
			return true;
	return false;
}

static DEFINE_MUTEX(interface_lock);	/* the class of the next one */
static struct class_interface interface = {
	.add_dev	= emulated_comes,
	.remove_dev	= emulated_goes,
};

/**
 * coherent_foreign_watch() - from now on VFIO devices are seen to come and go
 * @class: theirs; there is one, for as long as VFIO is loaded
 *
 * Context: probe, before memory can be mapped; may sleep.
 * Return: 0, or why not.
 */
int coherent_foreign_watch(const struct class *class)
{
	int ret;

	guard(mutex)(&interface_lock);
	if (interface.class)
		return 0;
	interface.class = class;
	ret = class_interface_register(&interface);
	if (ret)
		interface.class = NULL;
	return ret;
}

/**
 * coherent_foreign_unwatched() - memory that no VFIO device shows is mapped
 *
 * Without one of ours VFIO's class is not known. Emulated devices that come and go
 * are not seen then, and one may have the memory: so it counts as if one had.
 *
 * Context: mmap_lock may be held; may sleep.
 */
void coherent_foreign_unwatched(void)
{
	/* Known from some time on, and for good */
	if (READ_ONCE(interface.class))
		return;
	guard(mutex)(&emulated_lock);
	emulated_lost = true;
}

/** coherent_foreign_exit() - at module exit */
void coherent_foreign_exit(void)
{
	if (interface.class)
		class_interface_unregister(&interface);
}

static int count(struct device *dev, void *n)
{
	(*(unsigned int *)n)++;
	return 0;
}

/* A function alone in its group can reach its own memory in any case */
static bool is_alone(struct iommu_group *group)
{
	unsigned int n = 0;

	iommu_group_for_each_dev(group, &n, count);
	return n <= 1;
}

/*
 * A group in which one of the kernel's drivers does DMA counts as claimed as
 * well, but no user can have it. A device that is being bound or unbound is
 * left out.
 */
static int does_kernel_dma(struct device *dev, void *unused)
{
	bool ret;

	if (!device_trylock(dev))
		return 0;
	ret = dev->driver && !manages_dma(dev);
	device_unlock(dev);
	return ret;
}

/**
 * struct look - at devices that userspace could have
 * @ours: the group of the function that showed the memory
 * @self: a device that the caller has locked, so nobody can have it; or NULL
 * @look: at a group, but not at @ours if nobody else is in it; not 0 ends it
 * @held: for coherent_foreign_dma()
 */
struct look {
	struct iommu_group *ours;
	const struct device *self;
	int (*look)(struct look *look, struct iommu_group *group);
	struct list_head held;
};

/* VFIO's no-IOMMU mode makes a group for a device that no IOMMU serves */
static bool has_iommu(const struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev;
}

/*
 * The group of a function that is no bridge and has a driver that gives it to
 * userspace; NULL for any other. While it is locked and has a driver its group
 * cannot go. This does not wait for a device that is being bound or unbound, so
 * its state is unknown.
 */
static struct iommu_group *users_group(struct device *dev)
{
	struct iommu_group *group = NULL;

	if (dev_is_pci(dev) && pci_is_bridge(to_pci_dev(dev)))
		return NULL;
	if (!READ_ONCE(dev->iommu_group) || !READ_ONCE(dev->driver))
		return NULL;
	if (!device_trylock(dev))
		return ERR_PTR(-EBUSY);
	if (dev->driver && manages_dma(dev) && has_iommu(dev))
		group = iommu_group_get(dev);
	device_unlock(dev);
	return group;
}

static int look_at(struct device *dev, void *data)
{
	struct iommu_group *group;
	struct look *look = data;
	int ret = 0;

	if (dev == look->self)
		return 0;
	group = users_group(dev);
	if (IS_ERR_OR_NULL(group))
		return PTR_ERR_OR_ZERO(group);
	if (!(group == look->ours && is_alone(group)) &&
	    !iommu_group_for_each_dev(group, NULL, does_kernel_dma))
		ret = look->look(look, group);
	iommu_group_put(group);
	return ret;
}

static int look_at_all(struct look *look)
{
	int ret = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(buses) && !ret; i++)
		ret = bus_for_each_dev(buses[i].type, NULL, look, look_at);
	return ret;
}

VISIBLE_IF_KUNIT bool coherent_foreign_claimed(struct iommu_group *group)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_foreign_claimed, group);
	return iommu_group_dma_owner_claimed(group);
}

static int is_claimed(struct look *look, struct iommu_group *group)
{
	return coherent_foreign_claimed(group);
}

/*
 * A user with two devices can move a container from the group of one to that of
 * the other and back, and never be in the group that is checked. So before the
 * result is "none", all groups that a user could have are held at once, as if
 * we were users.
 */
struct held_group {
	struct list_head node;
	struct iommu_group *group;
};

static int hold(struct look *look, struct iommu_group *group)
{
	struct held_group *held;
	int ret;

	list_for_each_entry(held, &look->held, node)
		if (held->group == group)
			return 0;
	held = kzalloc_obj(*held, GFP_KERNEL);
	if (!held)
		return -ENOMEM;
	ret = iommu_group_claim_dma_owner(group, look);
	if (ret) {
		kfree(held);
		/*
		 * Its firmware needs its own mappings: no user can have it
		 * either
		 */
		return ret == -EINVAL ? 0 : ret;
	}
	held->group = iommu_group_ref_get(group);
	list_add(&held->node, &look->held);
	return 0;
}

static void let_go(struct look *look)
{
	struct held_group *held, *next;

	list_for_each_entry_safe(held, next, &look->held, node) {
		iommu_group_release_dma_owner(held->group);
		iommu_group_put(held->group);
		kfree(held);
	}
}

/**
 * coherent_foreign_dma() - does userspace own another device's DMA?
 * @ours: the IOMMU group of the function that showed the memory
 * @self: a device being bound or unbound, with its lock held; else NULL
 *
 * If not, no earlier mapping is left, and if nobody can map the memory any
 * more, none will be added. If that cannot be determined the answer is yes. For
 * a moment no other device can be opened or reset, and no driver can bind to
 * its neighbour in the group.
 *
 * Context: may sleep; takes locks of the IOMMU core's, and tries those of
 * devices.
 * Return: whether some group but @ours is claimed for userspace, or an emulated
 * device is open.
 */
bool coherent_foreign_dma(struct iommu_group *ours, const struct device *self)
{
	struct look look = { .ours = ours, .self = self, .look = is_claimed };
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(coherent_foreign_dma, ours, self);

	if (is_emulated_one_open() || look_at_all(&look))
		return true;
	INIT_LIST_HEAD(&look.held);
	look.look = hold;
	ret = look_at_all(&look);
	let_go(&look);
	return ret;
}
