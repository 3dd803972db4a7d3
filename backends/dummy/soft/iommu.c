// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU of software functions, each alone in its group.
 *
 * They do no DMA, so the mappings of a domain are only remembered. No other
 * device gets our fwspec, so the IOMMU core asks us about no other device, and
 * asks the machine's real IOMMU about none of ours.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "private.h"

/**
 * struct soft_domain - what userspace has mapped for DMA
 * @domain: the IOMMU core's
 * @owner: pinned: whoever made the function must not go while it is in use
 * @pages: physical PFN by PFN of the I/O address
 */
struct soft_domain {
	struct iommu_domain domain;
	struct module *owner;
	struct xarray pages;
};

static struct iommu_device iommu;

static struct soft_domain *to_soft(struct iommu_domain *domain)
{
	return container_of(domain, struct soft_domain, domain);
}

static int soft_attach(struct iommu_domain *domain, struct device *dev,
		       struct iommu_domain *old)
{
	return 0;
}

static size_t soft_unmap_pages(struct iommu_domain *domain, unsigned long iova,
			       size_t pgsize, size_t pgcount,
			       struct iommu_iotlb_gather *gather)
{
	size_t n;

	for (n = 0; n < pgcount; n++)
		if (!xa_erase(&to_soft(domain)->pages, PHYS_PFN(iova) + n))
			break;
	return n * pgsize;
}

static int soft_map_pages(struct iommu_domain *domain, unsigned long iova,
			  phys_addr_t paddr, size_t pgsize, size_t pgcount,
			  int prot, gfp_t gfp, size_t *mapped)
{
	struct xarray *pages = &to_soft(domain)->pages;
	int ret;

	for (size_t n = 0; n < pgcount; n++) {
		ret = xa_insert(pages, PHYS_PFN(iova) + n,
				xa_mk_value(PHYS_PFN(paddr) + n), gfp);
		if (ret)
			return ret == -EBUSY ? -EEXIST : ret;
		*mapped += pgsize;
	}
	return 0;
}

static phys_addr_t soft_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	void *entry = xa_load(&to_soft(domain)->pages, PHYS_PFN(iova));

	return entry ? PFN_PHYS(xa_to_value(entry)) + offset_in_page(iova) : 0;
}

static bool soft_enforce_coherency(struct iommu_domain *domain)
{
	return true;
}

static void soft_domain_free(struct iommu_domain *domain)
{
	struct soft_domain *soft = to_soft(domain);

	xa_destroy(&soft->pages);
	module_put(soft->owner);
	kfree(soft);
}

static const struct iommu_domain_ops paging_ops = {
	.attach_dev		= soft_attach,
	.map_pages		= soft_map_pages,
	.unmap_pages		= soft_unmap_pages,
	.iova_to_phys		= soft_iova_to_phys,
	.enforce_cache_coherency = soft_enforce_coherency,
	.free			= soft_domain_free,
};

static struct iommu_domain *soft_domain_alloc(struct device *dev)
{
	struct soft_function *fn = dev_iommu_priv_get(dev);
	struct soft_domain *soft;

	if (!try_module_get(fn->owner))
		return ERR_PTR(-ENODEV);
	soft = kzalloc_obj(*soft, GFP_KERNEL_ACCOUNT);
	if (!soft) {
		module_put(fn->owner);
		return ERR_PTR(-ENOMEM);
	}
	soft->owner = fn->owner;
	xa_init(&soft->pages);
	soft->domain.ops = &paging_ops;
	/* By page: what is unmapped together need not be mapped together */
	soft->domain.pgsize_bitmap = PAGE_SIZE;
	soft->domain.geometry.aperture_end = ULONG_MAX;
	soft->domain.geometry.force_aperture = true;
	return &soft->domain;
}

static const struct iommu_domain_ops fixed_ops = {
	.attach_dev	= soft_attach,
};

static struct iommu_domain identity = {
	.type	= IOMMU_DOMAIN_IDENTITY,
	.ops	= &fixed_ops,
};

static struct iommu_domain blocked = {
	.type	= IOMMU_DOMAIN_BLOCKED,
	.ops	= &fixed_ops,
};

static bool soft_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static struct iommu_device *soft_probe_device(struct device *dev)
{
	struct soft_function *fn = soft_function_of(dev);

	if (!fn)
		return ERR_PTR(-ENODEV);
	dev_iommu_priv_set(dev, fn);
	return &iommu;
}

/* Only VFIO's users need translation */
static int soft_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_IDENTITY;
}

static const struct iommu_ops soft_iommu_ops = {
	.owner			= THIS_MODULE,
	.capable		= soft_capable,
	.probe_device		= soft_probe_device,
	.device_group		= generic_device_group,
	.def_domain_type	= soft_domain_type,
	.domain_alloc_paging	= soft_domain_alloc,
	.identity_domain	= &identity,
	.blocked_domain		= &blocked,
	.default_domain_ops	= &paging_ops,
};

/*
 * What iommu_fwspec_init() would do. That is for the IOMMU core to call, under a
 * lock of its own which keeps others from looking at the device; nobody does
 * yet. The IOMMU core frees it with the device.
 */
static int give_fwspec(struct device *dev)
{
	struct iommu_fwspec *fwspec __free(kfree) = NULL;
	struct dev_iommu *param;

	fwspec = kzalloc_obj(*fwspec, GFP_KERNEL);
	if (!fwspec)
		return -ENOMEM;
	param = kzalloc_obj(*param, GFP_KERNEL);
	if (!param)
		return -ENOMEM;
	mutex_init(&param->lock);
	fwspec->iommu_fwnode = fwnode_handle_get(iommu.fwnode);
	param->fwspec = no_free_ptr(fwspec);
	dev->iommu = param;
	return 0;
}

/*
 * Runs before the IOMMU core's own notifier, which looks for the device's IOMMU
 */
static int bus_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct device *dev = data;
	int ret;

	if (action != BUS_NOTIFY_ADD_DEVICE || !soft_function_of(dev))
		return NOTIFY_DONE;
	ret = give_fwspec(dev);
	if (ret)
		dev_err(dev, "cannot be put behind the software IOMMU (%d)\n",
			ret);
	return NOTIFY_OK;
}

static struct notifier_block bus_notifier = {
	.notifier_call	= bus_event,
	.priority	= 1,
};

/** soft_iommu_init() - Return: 0, or an error of the IOMMU core's */
int soft_iommu_init(void)
{
	struct fwnode_handle *fwnode = fwnode_create_software_node(NULL, NULL);
	int ret;

	if (IS_ERR(fwnode))
		return PTR_ERR(fwnode);
	ret = iommu_device_sysfs_add(&iommu, NULL, NULL, "coherent-soft");
	if (ret)
		goto out_fwnode;
	iommu.fwnode = fwnode;
	ret = iommu_device_register(&iommu, &soft_iommu_ops, NULL);
	if (ret)
		goto out_sysfs;
	ret = bus_register_notifier(&pci_bus_type, &bus_notifier);
	if (ret)
		goto out_unregister;
	return 0;

out_unregister:
	iommu_device_unregister(&iommu);
out_sysfs:
	iommu_device_sysfs_remove(&iommu);
out_fwnode:
	fwnode_remove_software_node(fwnode);
	return ret;
}

void soft_iommu_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &bus_notifier);
	iommu_device_unregister(&iommu);
	iommu_device_sysfs_remove(&iommu);
	fwnode_remove_software_node(iommu.fwnode);
}
