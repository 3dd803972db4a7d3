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
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "coherent.h"

static bool driver_manages_dma(const struct device *dev)
{
	if (dev_is_pci(dev))
		return container_of(dev->driver, struct pci_driver,
				    driver)->driver_managed_dma;
	if (dev->bus == &platform_bus_type)
		return to_platform_driver(dev->driver)->driver_managed_dma;
	return false;
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

/**
 * coherent_foreign_dma() - does userspace own another device's DMA?
 * @ours: the IOMMU group of the function that showed the memory
 *
 * Once it does not, no mapping from before is left, and, where nobody can map
 * the memory any more, none will come.
 *
 * Context: may sleep; takes locks of the IOMMU core's.
 * Return: whether some group but @ours is claimed for userspace.
 */
bool coherent_foreign_dma(struct iommu_group *ours)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_foreign_dma, ours);
	return bus_for_each_dev(&pci_bus_type, NULL, ours, is_users) ||
	       bus_for_each_dev(&platform_bus_type, NULL, ours, is_users);
}
