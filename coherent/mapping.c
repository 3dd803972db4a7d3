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
 * @win: the region
 *
 * Context: may sleep; takes map_lock. Must not be called under face_lock:
 * mapping a large region takes long.
 * Return: the address, valid until close; NULL without memory for page tables
 * or when the range is mapped elsewhere with another memory type.
 */
void *coherent_map(struct coherent_window *win)
{
	struct coherent_aperture *ap = win->ap;
	/*
	 * Pairs with the release below: a reader that sees the address may use
	 * it
	 */
	void *va = smp_load_acquire(&win->va);

	if (va)
		return va;

	guard(mutex)(&ap->map_lock);
	if (!win->va) {
		va = make_mapping(win->region);
		if (!va)
			dev_err_ratelimited(ap->dev,
					    "cannot map region %u (%#llx bytes) into the kernel\n",
					    win->region->bar,
					    win->region->length);
		/* Pairs with the acquire above */
		smp_store_release(&win->va, va);
	}
	return win->va;
}

/**
 * coherent_unmap_all() - at close: drop what coherent_map() made, forget PUDs
 * @ap: the aperture, with no user left
 */
void coherent_unmap_all(struct coherent_aperture *ap)
{
	unsigned int i;

	for (i = 0; i < ap->layout.nr_regions; i++) {
		struct coherent_window *win = &ap->windows[i];

		WRITE_ONCE(win->had_pud, false);
		if (!win->va)
			continue;
		if (win->region->memtype == COHERENT_UC)
			iounmap((void __iomem __force *)win->va);
		else
			memunmap(win->va);
		win->va = NULL;
	}
}

/**
 * coherent_map_for_user() - make user mappings get the region's memory type
 * @win: the region
 *
 * x86 looks up the memory type of a PFN when it is inserted and silently makes
 * it UC- unless a mapping of that type exists; the kernel's own is enough
 * (Documentation/arch/x86/pat.rst). On other architectures vm_page_prot
 * decides.
 *
 * Context: mmap_lock is held; takes map_lock.
 * Return: 0 or -ENOMEM.
 */
int coherent_map_for_user(struct coherent_window *win)
{
	if (!IS_ENABLED(CONFIG_X86) || win->region->memtype == COHERENT_UC)
		return 0;
	return coherent_map(win) ? 0 : -ENOMEM;
}
