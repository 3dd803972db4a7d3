// SPDX-License-Identifier: GPL-2.0-only
/*
 * May another device's IOMMU still map memory that a user of ours has mapped?
 *
 * VFIO's type1 container takes the PFNs of a PFN mapping without a reference and
 * without a notifier: what it mapped stays mapped when the VMA goes, when we
 * are closed, when our module is removed. Nothing of that can be asked for. The
 * container remembers the address space that mapped, but can be told to
 * hand that over to another (VFIO_DMA_MAP_FLAG_VADDR), so its end is no proof.
 * But its mappings live no longer than the last IOMMU group in it, and a group
 * in it is claimed for userspace. Where no group is, there is no such mapping.
 *
 * (iommufd maps no PFN mapping but by a dma-buf, which is revoked. Its groups
 * cannot be told from type1's, and count all the same.)
 *
 * A VFIO device that is emulated (mdev) has no group that is claimed. Its driver
 * can hold pages of a container for as long as somebody has the device open.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/amba/bus.h>
#include <linux/array_size.h>
#include <linux/cdx/cdx_bus.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fsl/mc.h>
#include <linux/iommu.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vfio.h>

#include "coherent.h"

/* Of all VFIO devices. There is one, for as long as VFIO is loaded. */
static const struct class *vfio_class;

/**
 * coherent_foreign_learn() - how to find VFIO devices
 * @class: theirs
 *
 * Context: any; before memory of an aperture can be mapped.
 */
void coherent_foreign_learn(const struct class *class)
{
	WRITE_ONCE(vfio_class, class);
}

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
 * A group that a driver of the kernel's does DMA with counts as claimed as well,
 * but no user can have it. Who is just being bound or unbound is left out.
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
 * @self: that function, or NULL: locked by who asks, about to be nobody's
 * @look: at a group that is not @ours; not 0 ends it
 * @held: for coherent_foreign_dma()
 */
struct look {
	struct iommu_group *ours;
	const struct device *self;
	int (*look)(struct look *look, struct iommu_group *group);
	struct list_head held;
};

/*
 * The group of a function, and no bridge, with a driver that gives it to userspace;
 * NULL for any other. While it is locked and has a driver its group cannot go. Who
 * is just being bound or unbound must not be disturbed, so that is not known.
 */
static struct iommu_group *users_group(struct device *dev)
{
	struct iommu_group *group = NULL;

	if (dev_is_pci(dev) && pci_is_bridge(to_pci_dev(dev)))
		return NULL;
	if (!READ_ONCE(dev->iommu_group))
		return NULL;
	if (!device_trylock(dev))
		return ERR_PTR(-EBUSY);
	if (dev->driver && manages_dma(dev))
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
 * Who has two devices can move a container from the one's group to the other's and
 * back, and be in neither where we look. So before nobody is said to be there all
 * groups that a user could have are held at a time, as if we were users.
 */
struct held_group {
	struct list_head node;
	struct iommu_group *group;
};

static int hold(struct look *look, struct iommu_group *group)
{
	struct held_group *held;

	list_for_each_entry(held, &look->held, node)
		if (held->group == group)
			return 0;
	held = kzalloc_obj(*held, GFP_KERNEL);
	if (!held || iommu_group_claim_dma_owner(group, look)) {
		kfree(held);
		return -EBUSY;
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

/* What is on none of the buses above has no IOMMU group that is claimed */
static int is_open(struct device *dev, void *unused)
{
	const struct vfio_device *vdev =
		container_of(dev, struct vfio_device, device);

	return !bus_of(vdev->dev) && READ_ONCE(vdev->open_count);
}

static bool is_emulated_one_open(void)
{
	const struct class *class = READ_ONCE(vfio_class);

	return class && class_for_each_device(class, NULL, NULL, is_open);
}

/**
 * coherent_foreign_dma() - does userspace own another device's DMA?
 * @ours: the IOMMU group of the function that showed the memory
 * @self: that function while it is unbound, its lock being held; else NULL
 *
 * Once it does not, no mapping from before is left, and, where nobody can map
 * the memory any more, none will come. Where that cannot be known the answer is
 * yes. For a moment nobody can open another device.
 *
 * Context: may sleep; takes locks of the IOMMU core's, and tries those of devices.
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
