// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of regions, and taking mappings away. What faults do: fault.c.
 */
#include <linux/align.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>

#include "coherent.h"
#include "trace.h"

/**
 * coherent_vma_pfn() - the page that an address stands for
 * @vma: a mapping of ours
 * @addr: an address in it
 *
 * Return: its PFN.
 */
unsigned long coherent_vma_pfn(const struct vm_area_struct *vma,
			       unsigned long addr)
{
	const struct coherent_window *win = vma->vm_private_data;

	return PHYS_PFN(win->region->base + PFN_PHYS(vma->vm_pgoff) -
			win->file_offset + (addr - vma->vm_start));
}

/* Takes away user mappings of what lies in the region of the pages */
static void revoke_region(const struct coherent_window *win, unsigned long first,
			  unsigned long last)
{
	const struct coherent_region *region = win->region;
	unsigned long base = PHYS_PFN(region->base);

	/*
	 * Whole entries: mm would want mmap_lock to split one
	 * that straddles an end.
	 */
	if (READ_ONCE(win->had_pud)) {
		first = ALIGN_DOWN(first, PTRS_PER_PMD * PTRS_PER_PTE);
		last |= PTRS_PER_PMD * PTRS_PER_PTE - 1;
	}
	first = max(first, base);
	last = min(last, base + PHYS_PFN(region->length) - 1);
	if (first > last)
		return;
	unmap_mapping_range(win->ap->mapping,
			    win->file_offset + PFN_PHYS(first - base),
			    PFN_PHYS(last - first + 1), 1);
}

/**
 * coherent_revoke() - take away user mappings
 * @ap: the aperture
 * @first: first PFN
 * @last: last PFN; what lies in no region has no mappings
 *
 * A huge entry is removed as a whole. The caller must keep mappings from coming
 * back: it holds coherent_gate.lock for writing, or has made accesses wait.
 *
 * Context: may sleep; takes i_mmap and page table locks.
 */
void coherent_revoke(struct coherent_aperture *ap, unsigned long first,
		     unsigned long last)
{
	trace_coherent_revoke(ap->dev, first, last);
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		revoke_region(&ap->windows[i], first, last);
}

/*
 * A VMA was split, moved or forked; the page tables follow later.
 *
 * mm does not handle PUD entries of PFN mappings there: on a split it would
 * treat one as a table of PMDs and follow a wild pointer, on a move it reports
 * a bad entry and forgets to flush the TLB. So PUD entries are removed now, and
 * come back by later faults. Those hold mmap_lock (coherent_huge_fault()), so
 * none comes back before mm is done.
 */
static void coherent_vma_open(struct vm_area_struct *vma)
{
	const struct coherent_window *win = vma->vm_private_data;
	unsigned long first = coherent_vma_pfn(vma, vma->vm_start);

	/*
	 * Whether this VMA could have one says nothing: a moved VMA is already
	 * at its new place, the entries are still at the old.
	 */
	if (READ_ONCE(win->had_pud))
		revoke_region(win, first, first + vma_pages(vma) - 1);
}

static const struct vm_operations_struct coherent_vm_ops = {
	.open		= coherent_vma_open,
	.fault		= coherent_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault	= coherent_huge_fault,
#endif
};

/**
 * coherent_vma_pages() - what a mapping shows
 * @vma: any mapping
 * @first: where to store the first PFN
 * @last: where to store the last
 *
 * Context: mmap_lock or i_mmap is held.
 * Return: whether it is a mapping of ours.
 */
bool coherent_vma_pages(struct vm_area_struct *vma, unsigned long *first,
			unsigned long *last)
{
	if (vma->vm_ops != &coherent_vm_ops)
		return false;
	*first = coherent_vma_pfn(vma, vma->vm_start);
	*last = *first + vma_pages(vma) - 1;
	return true;
}

/**
 * coherent_vma_address() - where a mapping shows a page
 * @vma: any mapping
 * @pfn: the page
 * @addr: where to store the address
 *
 * Context: mmap_lock or i_mmap is held.
 * Return: whether it is a mapping of ours that shows the page.
 */
bool coherent_vma_address(struct vm_area_struct *vma, unsigned long pfn,
			  unsigned long *addr)
{
	unsigned long first, last;

	if (!coherent_vma_pages(vma, &first, &last) || pfn < first ||
	    pfn > last)
		return false;
	*addr = vma->vm_start + PFN_PHYS(pfn - first);
	return true;
}

/**
 * coherent_maps_decrypted() - is the memory beyond the host's encryption?
 * @ap: the aperture
 *
 * Where the host encrypts its memory (SEV, TDX and their like) a device's is mapped
 * decrypted, as io_remap_pfn_range() and the kernel's own mapping have it. Memory
 * of the kernel's own is encrypted, as file I/O by the linear map has it.
 *
 * Return: whether it is.
 */
bool coherent_maps_decrypted(const struct coherent_aperture *ap)
{
	return !ap->own_memory;
}

/**
 * coherent_mmap_window() - map a part of a region for userspace
 * @win: the region
 * @vma: where; its file offset is at or after the region's
 *
 * Context: mmap_lock is held for writing; may sleep.
 * Return: 0; -EINVAL for a mapping that is private or reaches past the usable
 * length; -ENOMEM.
 */
int coherent_mmap_window(struct coherent_window *win, struct vm_area_struct *vma)
{
	unsigned long pgoff = vma->vm_pgoff - PHYS_PFN(win->file_offset);
	unsigned long pages = PHYS_PFN(win->region->length);
	int ret;

	/* PFN mappings cannot be copied on write */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (pgoff >= pages || vma_pages(vma) > pages - pgoff)
		return -EINVAL;

	ret = coherent_map_for_user(win);
	if (ret)
		return ret;

	if (coherent_maps_decrypted(win->ap))
		vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	switch (win->region->memtype) {
	case COHERENT_CACHED:
		break;
	case COHERENT_WC:
		/* KVM on arm64 may then map it Normal-NC for a guest as well */
		vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED);
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
		break;
	case COHERENT_UC:
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
		break;
	}
	coherent_claim_mapped(win->ap);
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = win;
	vma->vm_ops = &coherent_vm_ops;
	return 0;
}
