// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc_contig_pages() where it is not exported: what it is made from is.
 */
#if !defined(COMPAT_HAS_CONTIG_PAGES) && defined(CONFIG_CONTIG_ALLOC)
#include <linux/align.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/pfn.h>

struct search {
	unsigned long nr;
	gfp_t gfp;
	struct page *found;
};

/* Pages of one zone that might be free, or could be moved away */
static bool worth_a_try(unsigned long pfn, unsigned long nr)
{
	struct zone *zone = NULL;

	for (unsigned long i = 0; i < nr; i++) {
		struct page *page = pfn_to_online_page(pfn + i);

		if (!page || PageReserved(page) || PageSlab(page))
			return false;
		if (zone && page_zone(page) != zone)
			return false;
		zone = page_zone(page);
	}
	return true;
}

/* From the end: what is unmovable is rather at the start */
static int search_ram(struct resource *ram, void *arg)
{
	struct search *search = arg;
	unsigned long first = ALIGN(PHYS_PFN(ram->start), search->nr);
	unsigned long end = ALIGN_DOWN(PHYS_PFN(ram->end + 1), search->nr);
	unsigned long pfn;

	for (pfn = end; pfn > first; pfn -= search->nr) {
		unsigned long from = pfn - search->nr;

		if (!worth_a_try(from, search->nr) ||
		    alloc_contig_range(from, pfn, MIGRATE_MOVABLE, search->gfp))
			continue;
		search->found = pfn_to_page(from);
		return 1;
	}
	return 0;
}

/**
 * compat_alloc_contig_pages() - alloc_contig_pages()
 * @nr_pages: how many, a power of two
 * @gfp: as for alloc_contig_range()
 * @nid: ignored, as one is
 * @nodemask: that is NULL
 *
 * Context: may sleep.
 * Return: the first of them, or NULL.
 */
struct page *compat_alloc_contig_pages(unsigned long nr_pages, gfp_t gfp,
				       int nid, nodemask_t *nodemask)
{
	struct search search = { .nr = nr_pages, .gfp = gfp };

	walk_iomem_res_desc(IORES_DESC_NONE,
			    IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY, 0, -1,
			    &search, search_ram);
	return search.found;
}
#endif
