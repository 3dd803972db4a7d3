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
 */
#include <kunit/static_stub.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "coherent.h"

static bool driver_manages_dma(const struct device *dev)
{
	if (dev_is_pci(dev))
		return container_of(dev->driver, struct pci_driver,
				    driver)->driver_managed_dma;
	if (dev->bus == &platform_bus_type)
		return to_platform_driver(dev->driver)->driver_managed_dma;
	/* Not known, so the worse of the two: userspace may have it */
	return true;
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
	ret = dev->driver && !driver_manages_dma(dev);
	device_unlock(dev);
	return ret;
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

static int is_users(struct device *dev, void *ours)
{
	struct iommu_group *group = iommu_group_get(dev);
	bool ret;

	if (!group)
		return 0;
	ret = !(group == ours && is_alone(group)) &&
	      iommu_group_dma_owner_claimed(group) &&
	      !iommu_group_for_each_dev(group, NULL, does_kernel_dma);
	iommu_group_put(group);
	return ret;
}

/*
 * Who has two devices can move a container from the one's group to the other's and
 * back, and be in neither where we look. So before nobody is said to be there all
 * groups that a user could have are held at a time, as if we were users.
 */
struct hold {
	struct list_head groups;
	struct iommu_group *ours;
};

struct held_group {
	struct list_head node;
	struct iommu_group *group;
};

static bool is_held(const struct hold *hold, const struct iommu_group *group)
{
	const struct held_group *held;

	list_for_each_entry(held, &hold->groups, node)
		if (held->group == group)
			return true;
	return false;
}

/*
 * Is it a function, and no bridge, with a driver that gives it to userspace? Who is
 * just being bound or unbound must not be disturbed, so that is not known: -EBUSY.
 */
static int is_for_users(struct device *dev)
{
	int ret;

	if (dev_is_pci(dev) && pci_is_bridge(to_pci_dev(dev)))
		return 0;
	if (!device_trylock(dev))
		return -EBUSY;
	ret = dev->driver && driver_manages_dma(dev);
	device_unlock(dev);
	return ret;
}

/* Not 0: somebody has it, or it cannot be known */
static int hold_one(struct device *dev, void *data)
{
	struct iommu_group *group = iommu_group_get(dev);
	struct held_group *held;
	struct hold *hold = data;
	int ret = 0;

	if (!group)
		return 0;
	if ((group == hold->ours && is_alone(group)) || is_held(hold, group))
		goto out_put;
	ret = is_for_users(dev);
	if (ret <= 0)
		goto out_put;
	held = kzalloc_obj(*held, GFP_KERNEL);
	if (!held || iommu_group_claim_dma_owner(group, hold)) {
		kfree(held);
		iommu_group_put(group);
		return -EBUSY;
	}
	held->group = group;
	list_add(&held->node, &hold->groups);
	return 0;

out_put:
	iommu_group_put(group);
	return ret;
}

static bool can_hold_all(struct iommu_group *ours)
{
	struct hold hold = { .ours = ours };
	struct held_group *held, *next;
	bool ret;

	INIT_LIST_HEAD(&hold.groups);
	ret = !bus_for_each_dev(&pci_bus_type, NULL, &hold, hold_one) &&
	      !bus_for_each_dev(&platform_bus_type, NULL, &hold, hold_one);
	list_for_each_entry_safe(held, next, &hold.groups, node) {
		iommu_group_release_dma_owner(held->group);
		iommu_group_put(held->group);
		kfree(held);
	}
	return ret;
}

/**
 * coherent_foreign_dma() - does userspace own another device's DMA?
 * @ours: the IOMMU group of the function that showed the memory
 *
 * Once it does not, no mapping from before is left, and, where nobody can map
 * the memory any more, none will come. Where that cannot be known the answer is
 * yes. For a moment nobody can open another device.
 *
 * Context: may sleep; takes locks of the IOMMU core's.
 * Return: whether some group but @ours is claimed for userspace.
 */
bool coherent_foreign_dma(struct iommu_group *ours)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_foreign_dma, ours);
	return bus_for_each_dev(&pci_bus_type, NULL, ours, is_users) ||
	       bus_for_each_dev(&platform_bus_type, NULL, ours, is_users) ||
	       !can_hold_all(ours);
}
