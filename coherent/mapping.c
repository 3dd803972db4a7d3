// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel mappings of regions: made when first needed, kept until close.
 */
#include <linux/cleanup.h>
#include <linux/dev_printk.h>
#include <linux/io.h>
#include <linux/kconfig.h>
#include <linux/mutex.h>

#include "coherent.h"

static void *make_mapping(const struct coherent_region *region)
{
	switch (region->memtype) {
	case COHERENT_CACHED:
		return memremap(region->base, region->length, MEMREMAP_WB);
	case COHERENT_WC:
		return memremap(region->base, region->length, MEMREMAP_WC);
	case COHERENT_UC:
		return (void __force *)ioremap(region->base, region->length);
	}
	return NULL;
}

/**
 * coherent_map() - the kernel's address of a region
 * @bar: the region
 *
 * Context: may sleep; takes map_lock. Must not be called under memory_lock:
 * mapping a large region takes long.
 * Return: the address, valid until close; NULL without memory for page tables
 * or when the range is mapped elsewhere with another memory type.
 */
void *coherent_map(struct coherent_bar *bar)
{
	struct coherent_device *cdev = bar->cdev;
	/* Pairs with the release below: whoever sees the address may use it */
	void *va = smp_load_acquire(&bar->va);

	if (va)
		return va;

	guard(mutex)(&cdev->map_lock);
	if (!bar->va) {
		va = make_mapping(bar->region);
		if (!va)
			dev_err_ratelimited(&cdev->core.pdev->dev,
					    "cannot map region %u (%#llx bytes) into the kernel\n",
					    bar->region->bar,
					    bar->region->length);
		/* Pairs with the acquire above */
		smp_store_release(&bar->va, va);
	}
	return bar->va;
}

/**
 * coherent_unmap_all() - at close: drop what coherent_map() made, forget PUDs
 * @cdev: the device, with no user left
 */
void coherent_unmap_all(struct coherent_device *cdev)
{
	unsigned int i;

	for (i = 0; i < cdev->layout.nr_regions; i++) {
		struct coherent_bar *bar = &cdev->bars[i];

		WRITE_ONCE(bar->had_pud, false);
		if (!bar->va)
			continue;
		if (bar->region->memtype == COHERENT_UC)
			iounmap((void __iomem __force *)bar->va);
		else
			memunmap(bar->va);
		bar->va = NULL;
	}
}

/**
 * coherent_map_for_user() - make user mappings get the region's memory type
 * @bar: the region
 *
 * x86 looks the memory type of a PFN up when it is inserted and quietly makes
 * it UC- unless somebody holds a mapping of that type; the kernel's own serves
 * (Documentation/arch/x86/pat.rst). Elsewhere vm_page_prot decides.
 *
 * Context: mmap_lock is held; takes map_lock.
 * Return: 0 or -ENOMEM.
 */
int coherent_map_for_user(struct coherent_bar *bar)
{
	if (!IS_ENABLED(CONFIG_X86) || bar->region->memtype == COHERENT_UC)
		return 0;
	return coherent_map(bar) ? 0 : -ENOMEM;
}
