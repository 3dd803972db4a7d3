// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults on mappings of regions.
 *
 * One entry maps a block (a PMD's or a PUD's worth of memory) if the block lies
 * wholly in the VMA, has the same alignment in virtual and physical space, and
 * holds no poison. The first two depend only on the VMA, and the third is the
 * same for all concurrent faults (see poison/poison.h), so they agree: a fault
 * never inserts a small page where another inserts a huge one, for which mm has
 * a VM_BUG_ON. If a block already has a page table (a VMA before it, or poison,
 * needed one), it stays small while that table exists; and tables of PFN
 * mappings are freed only under mmap_lock for writing, so none is freed during
 * a fault that has seen it.
 */
#include <linux/align.h>
#include <linux/cpufeature.h>
#include <linux/device.h>
#include <linux/file.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/sched.h>

#include "coherent.h"
#include "poison/poison.h"
#include "trace.h"

/*
 * Who touches a block touches those beside it next: a PMD more costs an eighth of
 * another fault. Aligned groups, as fault_around_bytes of mm; in a page table
 * that is there already.
 */
#define AROUND_PMDS	64UL

/* May the block of @order around the fault be mapped by one entry? */
static bool block_fits(const struct vm_fault *vmf, unsigned int order)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);

	return addr >= vma->vm_start && vma->vm_end - addr >= size &&
	       IS_ALIGNED(coherent_vma_pfn(vma, addr), 1UL << order);
}

/* Is there poison in it that keeps the block from being mapped by one entry? */
static bool block_poisoned(const struct vm_fault *vmf, unsigned int order)
{
	const struct coherent_window *win = vmf->vma->vm_private_data;
	unsigned long pfn = coherent_vma_pfn(vmf->vma, vmf->address);

	pfn = ALIGN_DOWN(pfn, 1UL << order);
	return coherent_poison_blocks(win->ap, pfn, pfn + (1UL << order) - 1);
}

/* What is to be mapped around a small page */
struct around {
	const struct vm_area_struct *vma;
	pgprot_t prot;
	unsigned long poison;	/* the next PFN to be left out, or ULONG_MAX */
	unsigned long last;	/* PFN */
};

#ifdef CONFIG_X86
/*
 * The memory type as mm has looked it up for the page of the fault, which is
 * that of the whole region. No other bit: somebody may have written meanwhile.
 */
static int take_memtype(pte_t *ptep, unsigned long addr, void *arg)
{
	struct around *around = arg;
	pte_t pte = ptep_get(ptep);

	if (!pte_present(pte))
		return -EAGAIN;
	around->prot = __pgprot((pgprot_val(around->prot) & ~_PAGE_CACHE_MASK) |
				(pte_flags(pte) & _PAGE_CACHE_MASK));
	return 0;
}

static int find_memtype(const struct vm_fault *vmf, struct around *around)
{
	return apply_to_page_range(vmf->vma->vm_mm,
				   ALIGN_DOWN(vmf->address, PAGE_SIZE),
				   PAGE_SIZE, take_memtype, around);
}
#else
static int find_memtype(const struct vm_fault *vmf, struct around *around)
{
	return 0;
}
#endif

static int map_around(pte_t *ptep, unsigned long addr, void *arg)
{
	struct around *around = arg;
	unsigned long pfn = coherent_vma_pfn(around->vma, addr);

	if (pfn == around->poison)
		around->poison = coherent_poison_next(pfn + 1, around->last);
	else if (pte_none(ptep_get(ptep)))
		set_pte_at(around->vma->vm_mm, addr, ptep,
			   pte_mkspecial(pfn_pte(pfn, around->prot)));
	return 0;
}

/*
 * A page table's worth of small pages around the fault, for the cost of one
 * fault; what lies around is a convenience and may fail. It leaves poison out.
 */
static vm_fault_t populate(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	const struct coherent_window *win = vma->vm_private_data;
	unsigned long table = ALIGN_DOWN(vmf->address, PMD_SIZE);
	unsigned long addr = max(table, vma->vm_start);
	/* The last table of the address space would make table + size wrap */
	unsigned long left = min(PMD_SIZE - (addr - table), vma->vm_end - addr);
	unsigned long pfn = coherent_vma_pfn(vma, addr);
	struct around around = {
		.vma = vma, .prot = vma->vm_page_prot, .poison = ULONG_MAX,
		.last = pfn + PHYS_PFN(left) - 1,
	};
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, vmf->address, coherent_vma_pfn(vma, vmf->address));
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	if (coherent_poison_blocks(win->ap, pfn, around.last))
		around.poison = coherent_poison_next(pfn, around.last);
	if (!find_memtype(vmf, &around))
		apply_to_page_range(vma->vm_mm, addr, left, map_around, &around);
	return ret;
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
/* The blocks of the fault's group that are in its VMA, as addresses */
static unsigned long group_first(const struct vm_fault *vmf)
{
	return max(ALIGN_DOWN(vmf->address, AROUND_PMDS * PMD_SIZE),
		   vmf->vma->vm_start);
}

static unsigned long group_last(const struct vm_fault *vmf)
{
	unsigned long first = ALIGN_DOWN(vmf->address, AROUND_PMDS * PMD_SIZE);

	return min(first + AROUND_PMDS * PMD_SIZE - 1, vmf->vma->vm_end - 1);
}

static bool group_poisoned(const struct vm_fault *vmf)
{
	const struct vm_area_struct *vma = vmf->vma;
	const struct coherent_window *win = vma->vm_private_data;

	return coherent_poison_blocks(win->ap,
				      coherent_vma_pfn(vma, group_first(vmf)),
				      coherent_vma_pfn(vma, group_last(vmf)));
}

/* A convenience, as in populate(): what cannot be mapped so is left out */
static void insert_pmds_around(const struct vm_fault *vmf, bool poison)
{
	unsigned long addr = ALIGN(group_first(vmf), PMD_SIZE);

	/* A table of PMDs has a multiple of a group, but where it is folded */
	if (PTRS_PER_PMD < AROUND_PMDS)
		return;
	for (; addr < group_last(vmf); addr += PMD_SIZE) {
		struct vm_fault one = {
			.vma = vmf->vma,
			.address = addr,
			.flags = vmf->flags & ~FAULT_FLAG_WRITE,
			.pud = vmf->pud,
			.pmd = vmf->pmd + pmd_index(addr) -
			       pmd_index(vmf->address),
		};

		if (pmd_none(pmdp_get_lockless(one.pmd)) &&
		    block_fits(&one, PMD_ORDER) &&
		    !(poison && block_poisoned(&one, PMD_ORDER)))
			vmf_insert_pfn_pmd(&one, coherent_vma_pfn(one.vma, addr),
					   false);
	}
}
#endif

/*
 * Insert one huge entry. With a huge entry in place this is a write fault on
 * a read-only one (soft-dirty tracking makes those): it is made writable.
 * Otherwise the helper's last argument stays false: it is for upgrading what is
 * there.
 */
static vm_fault_t insert_pmd(struct vm_fault *vmf)
{
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	unsigned long addr = ALIGN_DOWN(vmf->address, PMD_SIZE);
	bool there = pmd_trans_huge(pmdp_get_lockless(vmf->pmd));
	/* Nearly always the whole group has none: one search for all */
	bool poison = group_poisoned(vmf);
	vm_fault_t ret;

	if (poison && block_poisoned(vmf, PMD_ORDER))
		return VM_FAULT_FALLBACK;
	ret = vmf_insert_pfn_pmd(vmf, coherent_vma_pfn(vmf->vma, addr),
				 vmf->flags & FAULT_FLAG_WRITE && there);
	if (ret == VM_FAULT_NOPAGE && !there)
		insert_pmds_around(vmf, poison);
	return ret;
#else
	return VM_FAULT_FALLBACK;
#endif
}

static vm_fault_t insert_pud(struct vm_fault *vmf)
{
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	struct coherent_window *win = vmf->vma->vm_private_data;
	unsigned long addr = ALIGN_DOWN(vmf->address, PUD_SIZE);

	if (block_poisoned(vmf, PUD_ORDER))
		return VM_FAULT_FALLBACK;
	WRITE_ONCE(win->had_pud, true);
	return vmf_insert_pfn_pud(vmf, coherent_vma_pfn(vmf->vma, addr),
				  vmf->flags & FAULT_FLAG_WRITE &&
				  pud_trans_huge(READ_ONCE(*vmf->pud)));
#else
	return VM_FAULT_FALLBACK;
#endif
}

/*
 * The kernel asks for a huge page first only if the policy for transparent huge
 * pages allows it (/sys/kernel/mm/transparent_hugepage, prctl). That is about
 * ordinary memory; here a huge entry costs nothing. So if the block fits and
 * there is no page table, a small fault inserts a PMD.
 */
static vm_fault_t insert_small(struct vm_fault *vmf)
{
	if (block_poisoned(vmf, 0)) {
		vm_fault_t refused = coherent_loan_for_fault(vmf);

		if (refused)
			return refused;
	}
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) &&
	    block_fits(vmf, PMD_ORDER)) {
		pmd_t pmd = pmdp_get_lockless(vmf->pmd);

		if (pmd_none(pmd)) {
			vm_fault_t ret = insert_pmd(vmf);

			if (ret != VM_FAULT_FALLBACK)
				return ret;
		}
		if (pmd_trans_huge(pmd))
			return VM_FAULT_NOPAGE;
	}
	return populate(vmf);
}

/*
 * How may this fault wait? Userspace's own fault ends with any signal, and
 * repeats after it; no lock is held then, so the freezer can freeze it. The
 * kernel's copies to and from users are interruptible as well, but do not check
 * for signals: the second time they repeat at once, and wait until they are
 * killed, as all others do (including KVM, which does not return to its user
 * for a signal from here). Pages of such a mapping are never pinned.
 */
static unsigned int wait_state(unsigned int flags)
{
	if (!(flags & FAULT_FLAG_INTERRUPTIBLE))
		return TASK_KILLABLE;
	if (flags & FAULT_FLAG_USER)
		return TASK_INTERRUPTIBLE | TASK_FREEZABLE;
	return flags & FAULT_FLAG_TRIED ? TASK_KILLABLE : TASK_INTERRUPTIBLE;
}

/*
 * Who cannot give up mmap_lock (a futex) looks at its word again after any fault
 * that is no error. So the lock is kept for a moment at a time.
 */
#define LOCKED_STEP_MS	16

static vm_fault_t pause_and_repeat(struct coherent_aperture *ap)
{
	return coherent_access_pause(ap, TASK_KILLABLE, LOCKED_STEP_MS,
				     LOCKED_STEP_MS) ?
	       VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

/* Not ready yet: wait with no lock held, then have the fault done again */
static vm_fault_t wait_and_retry(struct vm_fault *vmf,
				 struct coherent_aperture *ap)
{
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return pause_and_repeat(ap);
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	/* Without the lock only the file keeps the device open */
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	/* Whatever it ends with, the repeated fault meets it again */
	coherent_access_wait(ap, COHERENT_ACCESS_MAP, wait_state(vmf->flags));
	fput(file);
	return VM_FAULT_RETRY;
}

/* While the fault still has its lock: without it there may be no device any more */
static vm_fault_t traced(const struct vm_fault *vmf, unsigned int order,
			 vm_fault_t ret)
{
	const struct coherent_window *win = vmf->vma->vm_private_data;

	if (!trace_coherent_fault_enabled())
		return ret;
	trace_coherent_fault(win->ap->dev, win->region->bar,
			     vmf->address,
			     coherent_vma_pfn(vmf->vma, vmf->address), order,
			     (__force unsigned int)ret);
	return ret;
}

static vm_fault_t fault_order(struct vm_fault *vmf, unsigned int order)
{
	struct coherent_window *win = vmf->vma->vm_private_data;
	struct coherent_aperture *ap = win->ap;
	vm_fault_t ret;
	int err;

	err = coherent_access_begin(ap, COHERENT_ACCESS_MAP);
	if (err == -EAGAIN) {
		traced(vmf, order, VM_FAULT_RETRY);
		return wait_and_retry(vmf, ap);
	}
	if (err)
		return traced(vmf, order, VM_FAULT_SIGBUS);
	lockdep_assert_held_read(ap->face_lock);
	lockdep_assert_held_read(&ap->gate.lock);
	if (!order)
		ret = insert_small(vmf);
	else if (order == PMD_ORDER)
		ret = insert_pmd(vmf);
	else
		ret = insert_pud(vmf);
	coherent_access_end(ap);
	return traced(vmf, order, ret);
}

/** coherent_fault() - &vm_operations_struct.fault */
vm_fault_t coherent_fault(struct vm_fault *vmf)
{
	return fault_order(vmf, 0);
}

#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
/* mm does not check whether the CPU has pages of that size */
static bool cpu_maps(unsigned int order)
{
#ifdef CONFIG_X86
	return order <= PMD_ORDER || boot_cpu_has(X86_FEATURE_GBPAGES);
#else
	return true;
#endif
}

/** coherent_huge_fault() - &vm_operations_struct.huge_fault */
vm_fault_t coherent_huge_fault(struct vm_fault *vmf, unsigned int order)
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
