// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the core itself has allocated from the page allocator to show it
 * as an aperture, for machines without a device that has some.
 *
 * A backend cannot declare a piece of System RAM fit to be shown. Only memory
 * that was allocated here, for this purpose alone, may be shown: a backend that
 * is wrong about its aperture is refused.
 */
#include <linux/align.h>
#include <linux/cleanup.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/numa.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "coherent.h"
#include "coherent_memory.h"
#include "poison/poison.h"

/**
 * struct own_memory - a piece of memory
 * @node: in the list of all
 * @base: host-physical address
 * @size: in bytes
 * @claim: in /proc/iomem, within System RAM, while a device has it, or it is in
 *	quarantine
 * @kept: it is in quarantine
 * @orphan: ... and its allocator does not need it any more
 */
struct own_memory {
	struct list_head node;
	u64 base;
	u64 size;
	struct resource claim;
	bool kept;
	bool orphan;
};

static DEFINE_MUTEX(own_lock);	/* the list and what is in it */
static LIST_HEAD(own_list);

/* The piece that a range lies in, under own_lock; or NULL */
static struct own_memory *find(u64 base, u64 size)
{
	struct own_memory *own;

	list_for_each_entry(own, &own_list, node)
		if (base >= own->base && size <= own->size &&
		    base - own->base <= own->size - size)
			return own;
	return NULL;
}

static void free_pages_contig(unsigned long pfn, unsigned long nr)
{
	for (; nr; nr--, pfn++) {
		__free_page(pfn_to_page(pfn));
		cond_resched();
	}
}

/*
 * Reserved pages are not used by anybody else. (Of the pages of a PFN mapping
 * that have a struct page type1 maps only those for DMA.)
 */
static void take_over(struct page *page, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++, page++) {
		clear_highpage(page);
		SetPageReserved(page);
		cond_resched();
	}
}

static void give_back(struct page *page, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++) {
		ClearPageReserved(page + i);
		cond_resched();
	}
	free_pages_contig(page_to_pfn(page), nr);
}

/* Aligned to their number or more, so that huge entries fit */
static struct page *alloc_pages_contig(unsigned long nr)
{
	unsigned int order = get_order(nr << PAGE_SHIFT);
	unsigned long rounded = 1UL << order;
	struct page *page = NULL;

	if (order <= MAX_PAGE_ORDER) {
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		if (page)
			split_page(page, order);
	}
#ifdef CONFIG_CONTIG_ALLOC
	if (!page)
		page = alloc_contig_pages(rounded, GFP_KERNEL | __GFP_NOWARN,
					  numa_mem_id(), NULL);
#endif
	if (page && rounded > nr)
		free_pages_contig(page_to_pfn(page) + nr, rounded - nr);
	return page;
}

/**
 * coherent_memory_alloc() - allocate memory that can be shown as an aperture
 * @size: in bytes, whole pages
 * @base: where to store its host-physical address
 *
 * The memory is zeroed. It belongs to the kernel and has struct page: its
 * regions can only be cached, the kernel handles errors in it (only errors from
 * debugfs and poison_add count as poison), and KVM may not support it.
 *
 * Context: may sleep.
 * Return: 0; -EINVAL; -ENOMEM when no contiguous memory of that size is free.
 */
int coherent_memory_alloc(u64 size, u64 *base)
{
	struct own_memory *own __free(kfree) = NULL;
	struct page *page;

	if (!size || !PAGE_ALIGNED(size) || size > COHERENT_MAX_BAR_SIZE)
		return -EINVAL;
	own = kzalloc_obj(*own, GFP_KERNEL);
	if (!own)
		return -ENOMEM;
	page = alloc_pages_contig(PHYS_PFN(size));
	if (!page)
		return -ENOMEM;
	take_over(page, PHYS_PFN(size));
	own->base = page_to_phys(page);
	own->size = size;
	*base = own->base;
	guard(mutex)(&own_lock);
	list_add(&no_free_ptr(own)->node, &own_list);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(coherent_memory_alloc, "COHERENT_VFIO_PCI");

/*
 * Its pages will be others'. While poison in it may be known they cannot be, and
 * the memory is lost.
 */
static void free_own(struct own_memory *own)
	__must_hold(&own_lock)
{
	lockdep_assert_held(&own_lock);

	if (coherent_poison_drop(PHYS_PFN(own->base),
				 PHYS_PFN(own->base + own->size - 1))) {
		pr_err("no memory to clear poison; %#llx bytes at %#llx are lost\n",
		       own->size, own->base);
		return;
	}
	list_del(&own->node);
	give_back(pfn_to_page(PHYS_PFN(own->base)), PHYS_PFN(own->size));
	kfree(own);
}

/**
 * coherent_memory_free() - free the memory
 * @base: what coherent_memory_alloc() has stored; no device has it any more
 *
 * Clears the memory's poison, because its pages get another owner. Memory that
 * another device may still write to (claim.c) is freed when that is over.
 *
 * Context: may sleep.
 */
void coherent_memory_free(u64 base)
{
	struct own_memory *own;

	guard(mutex)(&own_lock);
	own = find(base, PAGE_SIZE);
	/* While somebody shows it, it is not others' */
	if (WARN_ON(!own || (own->claim.parent && !own->kept)))
		return;
	if (own->kept)
		own->orphan = true;
	else
		free_own(own);
}
EXPORT_SYMBOL_NS_GPL(coherent_memory_free, "COHERENT_VFIO_PCI");

/**
 * coherent_memory_owns() - was a range allocated here?
 * @base: host-physical address
 * @size: in bytes
 *
 * Context: may sleep.
 * Return: whether all of it was, in one piece.
 */
bool coherent_memory_owns(u64 base, u64 size)
{
	guard(mutex)(&own_lock);
	return find(base, size);
}

/**
 * coherent_memory_claim() - a device shows a range
 * @base: host-physical address
 * @size: in bytes
 * @name: in /proc/iomem; must stay
 *
 * Context: may sleep.
 * Return: the claim, or NULL: another device has some of the same piece, or it
 * is gone.
 */
struct resource *coherent_memory_claim(u64 base, u64 size, const char *name)
{
	struct own_memory *own;

	guard(mutex)(&own_lock);
	own = find(base, size);
	if (!own || own->claim.parent)
		return NULL;
	own->claim = DEFINE_RES_MEM_NAMED(base, size, name);
	if (insert_resource(&iomem_resource, &own->claim))
		return NULL;
	return &own->claim;
}

/** coherent_memory_keep() - is a claimed range not to be given back for now? */
void coherent_memory_keep(u64 base, u64 size, bool keep)
{
	struct own_memory *own;

	guard(mutex)(&own_lock);
	own = find(base, size);
	if (!WARN_ON(!own))
		own->kept = keep;
}

/**
 * coherent_memory_release() - undo coherent_memory_claim()
 * @base: host-physical address
 * @size: in bytes
 *
 * Frees memory that was kept meanwhile and that its allocator does not need.
 *
 * Context: may sleep.
 */
void coherent_memory_release(u64 base, u64 size)
{
	struct own_memory *own;

	guard(mutex)(&own_lock);
	own = find(base, size);
	if (WARN_ON(!own))
		return;
	remove_resource(&own->claim);
	own->kept = false;
	if (own->orphan)
		free_own(own);
}
