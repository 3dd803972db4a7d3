// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of fake BARs, and the page faults on them.
 *
 * A block (a PMD's or a PUD's worth of memory) is mapped by one entry where it
 * lies wholly in the VMA and is aligned alike in virtual and physical space.
 * That depends on nothing but the VMA, so all faults on a block agree on it:
 * never does one insert a small page where another inserts a huge one, which
 * the memory manager has a VM_BUG_ON for. A block that found a page table in
 * place (a VMA before it needed one) stays small while that table lives; and
 * tables of PFN mappings are freed under mmap_lock for writing alone, so none
 * goes away under a fault that has seen it.
 */
#include <linux/align.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/vfio_pci_core.h>

#include "coherent.h"
#include "poison/poison.h"

#ifdef CONFIG_X86
#include <asm/cpufeature.h>
#endif

#define REGION_PGOFF_MASK	PHYS_PFN(VFIO_PCI_OFFSET_MASK)

static u64 vma_region_offset(const struct vm_area_struct *vma)
{
	return PFN_PHYS(vma->vm_pgoff & REGION_PGOFF_MASK);
}

static const struct vm_operations_struct coherent_vm_ops;

/* The PFN that @addr, an address in @vma, stands for */
static unsigned long addr_to_pfn(const struct vm_area_struct *vma,
				 unsigned long addr)
{
	const struct coherent_bar *bar = vma->vm_private_data;

	return PHYS_PFN(bar->region->base + vma_region_offset(vma) +
			(addr - vma->vm_start));
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
	unsigned long first;

	if (vma->vm_ops != &coherent_vm_ops)
		return false;
	first = addr_to_pfn(vma, vma->vm_start);
	if (pfn < first || pfn - first >= vma_pages(vma))
		return false;
	*addr = vma->vm_start + PFN_PHYS(pfn - first);
	return true;
}

/* May the block of @order around the fault be mapped by one entry? */
static bool block_fits(const struct vm_fault *vmf, unsigned int order)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);

	return addr >= vma->vm_start && vma->vm_end - addr >= size &&
	       IS_ALIGNED(addr_to_pfn(vma, addr), 1UL << order);
}

/* Is there poison in it that keeps the block from being mapped by one entry? */
static bool block_poisoned(const struct vm_fault *vmf, unsigned int order)
{
	const struct coherent_bar *bar = vmf->vma->vm_private_data;
	unsigned long pfn = addr_to_pfn(vmf->vma, vmf->address);

	pfn = ALIGN_DOWN(pfn, 1UL << order);
	return coherent_poison_blocks(bar->cdev, pfn, pfn + (1UL << order) - 1);
}

/*
 * May a poisoned page be mapped for this fault?
 *
 * KVM takes a refused page for the death of the machine; given the page, its
 * guest meets the error as it would on hardware, and can recover. KVM's faults
 * have none of these flags: userspace's own have USER, user copies of the
 * kernel INTERRUPTIBLE, pinning for DMA REMOTE.
 */
static bool may_map_poison(const struct vm_fault *vmf)
{
	const struct coherent_bar *bar = vmf->vma->vm_private_data;

	return bar->cdev->ledger->policy == COHERENT_POISON_AUTO &&
	       !(vmf->flags & (FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE |
			       FAULT_FLAG_REMOTE));
}

/*
 * A page table's worth of small pages around the fault, for the cost of one
 * fault; what lies around is a convenience and may fail. It leaves poison out.
 */
static vm_fault_t populate(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct coherent_bar *bar = vma->vm_private_data;
	unsigned long table = ALIGN_DOWN(vmf->address, PMD_SIZE);
	unsigned long addr = max(table, vma->vm_start);
	/* The last table of the address space would make table + size wrap */
	unsigned long left = min(PMD_SIZE - (addr - table), vma->vm_end - addr);
	unsigned long pfn = addr_to_pfn(vma, addr);
	unsigned long end = pfn + PHYS_PFN(left);
	unsigned long poison = coherent_poison_next(pfn, end - 1);
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, vmf->address, addr_to_pfn(vma, vmf->address));
	for (; pfn < end && ret == VM_FAULT_NOPAGE; pfn++, addr += PAGE_SIZE) {
		if (pfn == poison) {
			poison = coherent_poison_next(pfn + 1, end - 1);
			if (coherent_poison_blocks(bar->cdev, pfn, pfn))
				continue;
		}
		if (addr != vmf->address &&
		    vmf_insert_pfn(vma, addr, pfn) != VM_FAULT_NOPAGE)
			break;
	}
	return ret;
}

/*
 * Insert one huge entry. With a huge entry in place this is a write fault on
 * a read-only one (soft-dirty tracking makes those): it is made writable.
 * Otherwise @write stays false: it is for upgrading what is there.
 */
static vm_fault_t insert_huge(struct vm_fault *vmf, unsigned int order)
{
	struct coherent_bar __maybe_unused *bar = vmf->vma->vm_private_data;
	unsigned long addr = ALIGN_DOWN(vmf->address, PAGE_SIZE << order);
	unsigned long pfn = addr_to_pfn(vmf->vma, addr);
	bool write = vmf->flags & FAULT_FLAG_WRITE;

#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (order == PUD_ORDER) {
		WRITE_ONCE(bar->had_pud, true);
		return vmf_insert_pfn_pud(vmf, pfn, write &&
					  pud_trans_huge(READ_ONCE(*vmf->pud)));
	}
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, pfn, write &&
					  pmd_trans_huge(pmdp_get_lockless(vmf->pmd)));
#endif
	return VM_FAULT_FALLBACK;
}

/*
 * The kernel asks for a huge page first only where the policy for transparent
 * huge pages lets it (/sys/kernel/mm/transparent_hugepage, prctl). That is
 * about ordinary memory; here a huge entry costs nobody anything. So where the
 * block fits and no page table is in place, a small fault inserts a PMD.
 */
static vm_fault_t insert_small(struct vm_fault *vmf)
{
	if (block_poisoned(vmf, 0) && !may_map_poison(vmf))
		return VM_FAULT_HWPOISON;
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	    block_fits(vmf, PMD_ORDER)) {
		pmd_t pmd = pmdp_get_lockless(vmf->pmd);

		if (pmd_none(pmd) && !block_poisoned(vmf, PMD_ORDER))
			return insert_huge(vmf, PMD_ORDER);
		if (pmd_trans_huge(pmd))
			return VM_FAULT_NOPAGE;
	}
	return populate(vmf);
}

/*
 * Not ready yet: wait with no lock held, then have the fault done again. Where
 * the caller cannot give its lock up the wait is done under it; it is killable
 * and needs nothing but the device.
 */
static vm_fault_t wait_and_retry(struct vm_fault *vmf,
				 struct coherent_device *cdev)
{
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return coherent_access_wait(cdev, COHERENT_ACCESS_MAP) ?
		       VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	/* Without the lock only the file keeps the device open */
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	/* Whatever it ends with, the repeated fault meets it again */
	coherent_access_wait(cdev, COHERENT_ACCESS_MAP);
	fput(file);
	return VM_FAULT_RETRY;
}

static vm_fault_t fault_order(struct vm_fault *vmf, unsigned int order)
{
	struct coherent_bar *bar = vmf->vma->vm_private_data;
	struct coherent_device *cdev = bar->cdev;
	vm_fault_t ret;
	int err;

	err = coherent_access_begin(cdev, COHERENT_ACCESS_MAP);
	if (err == -EAGAIN)
		return wait_and_retry(vmf, cdev);
	if (err)
		return VM_FAULT_SIGBUS;
	if (!order)
		ret = insert_small(vmf);
	else if (block_poisoned(vmf, order))
		ret = VM_FAULT_FALLBACK;
	else
		ret = insert_huge(vmf, order);
	coherent_access_end(cdev);
	return ret;
}

static vm_fault_t coherent_fault(struct vm_fault *vmf)
{
	return fault_order(vmf, 0);
}

#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
/* The memory manager does not ask whether the CPU has pages of that size */
static bool cpu_maps(unsigned int order)
{
#ifdef CONFIG_X86
	return order <= PMD_ORDER || boot_cpu_has(X86_FEATURE_GBPAGES);
#else
	return true;
#endif
}

static vm_fault_t coherent_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	if (!block_fits(vmf, order) || !cpu_maps(order))
		return VM_FAULT_FALLBACK;
	/* Above PMDs only under mmap_lock: see coherent_vma_open() */
	if (order > PMD_ORDER && (vmf->flags & FAULT_FLAG_VMA_LOCK)) {
		release_fault_lock(vmf);
		return VM_FAULT_RETRY;
	}
	return fault_order(vmf, order);
}
#endif

/* Takes away user mappings of what lies in the region of the pages */
static void revoke_region(const struct coherent_bar *bar, unsigned long first,
			  unsigned long last)
{
	const struct coherent_region *region = bar->region;
	struct inode *inode = bar->cdev->core.vdev.inode;
	unsigned long base = PHYS_PFN(region->base);

	/*
	 * Whole entries: the memory manager would want mmap_lock to split one
	 * that straddles an end.
	 */
	if (READ_ONCE(bar->had_pud)) {
		first = ALIGN_DOWN(first, PTRS_PER_PMD * PTRS_PER_PTE);
		last |= PTRS_PER_PMD * PTRS_PER_PTE - 1;
	}
	first = max(first, base);
	last = min(last, base + PHYS_PFN(region->length) - 1);
	if (first > last)
		return;
	unmap_mapping_range(inode->i_mapping,
			    VFIO_PCI_INDEX_TO_OFFSET(region->bar) +
			    PFN_PHYS(first - base),
			    PFN_PHYS(last - first + 1), 1);
}

/**
 * coherent_revoke() - take away user mappings
 * @cdev: the device
 * @first: first PFN
 * @last: last PFN; what lies in no region has no mappings
 *
 * A huge entry goes as a whole. What must not come back while the caller has
 * not looked after that is its own business: it holds coherent_reset.lock for
 * writing, or has made accesses wait.
 *
 * Context: may sleep; takes i_mmap and page table locks.
 */
void coherent_revoke(struct coherent_device *cdev, unsigned long first,
		     unsigned long last)
{
	for (unsigned int i = 0; i < cdev->layout.nr_regions; i++)
		revoke_region(&cdev->bars[i], first, last);
}

/*
 * A VMA was split, moved or forked; the page tables come after.
 *
 * The memory manager does not know PUD entries of PFN mappings there: on a
 * split it would take one for a table of PMDs and follow it into nowhere, on a
 * move it complains of a bad entry and forgets to flush the TLB. So PUD
 * entries are removed now, and come back as faults ask for them. As those hold
 * mmap_lock (coherent_huge_fault()), none comes back before the memory manager
 * is done.
 */
static void coherent_vma_open(struct vm_area_struct *vma)
{
	const struct coherent_bar *bar = vma->vm_private_data;
	unsigned long first = addr_to_pfn(vma, vma->vm_start);

	/*
	 * Whether this VMA could have one says nothing: a moved VMA is already
	 * at its new place, the entries are still at the old.
	 */
	if (READ_ONCE(bar->had_pud))
		revoke_region(bar, first, first + vma_pages(vma) - 1);
}

static const struct vm_operations_struct coherent_vm_ops = {
	.open		= coherent_vma_open,
	.fault		= coherent_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault	= coherent_huge_fault,
#endif
};

static int bar_mmap(struct coherent_bar *bar, struct vm_area_struct *vma)
{
	unsigned long pgoff = vma->vm_pgoff & REGION_PGOFF_MASK;
	unsigned long pages = PHYS_PFN(bar->region->length);
	int ret;

	/* PFN mappings cannot be copied on write */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (pgoff >= pages || vma_pages(vma) > pages - pgoff)
		return -EINVAL;

	ret = coherent_map_for_user(bar);
	if (ret)
		return ret;

	/* As io_remap_pfn_range() and the kernel's own mapping have it */
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	switch (bar->region->memtype) {
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
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = bar;
	vma->vm_ops = &coherent_vm_ops;
	return 0;
}

/**
 * coherent_mmap() - &vfio_device_ops.mmap
 * @core_vdev: the device
 * @vma: what is asked for
 *
 * Context: mmap_lock is held for writing; may sleep.
 * Return: 0; -EINVAL for a mapping that is private or reaches past the usable
 * length; -ENOMEM.
 */
int coherent_mmap(struct vfio_device *core_vdev, struct vm_area_struct *vma)
{
	struct coherent_device *cdev = to_coherent_device(core_vdev);
	unsigned int index =
		vma->vm_pgoff >> (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT);
	struct coherent_bar *bar = coherent_find_bar(cdev, index);

	if (bar)
		return bar_mmap(bar, vma);
	if (coherent_is_upper_half(cdev, index))
		return -EINVAL;
	return vfio_pci_core_mmap(core_vdev, vma);
}
EXPORT_SYMBOL_NS_GPL(coherent_mmap, "COHERENT_VFIO_PCI");
