// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages are lent to callers that need only their address: those that
 * map memory for DMA.
 *
 * type1 finds the page behind an address through the process's page table: it
 * faults the page in, and reads its number there. If one page is refused, it
 * refuses the whole range, and the next VM would have no DMA to any of its
 * memory. But an IOMMU's entry loads nothing. Only the entry in the page table
 * must not stay, because the process, and the kernel on its behalf, could load
 * poison through it. So it is removed as soon as type1 has read it: type1 holds
 * mmap_lock all the time.
 *
 * A process can hold its mmap_lock for long. Only its own loan and the
 * unloading of the module wait for that.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#ifndef COHERENT_IN_TREE
#include <linux/mmu_notifier.h>
#include <linux/sched/signal.h>
#endif

#include "coherent.h"
#include "poison/poison.h"

/**
 * struct loan - pages lent to one process
 * @work: takes them back
 * @node: in @loans, until it is taken back or not needed any more
 * @ap: their aperture
 * @mm: the process's
 * @first: first PFN
 * @last: last PFN; what is in between need not be lent
 */
struct loan {
	struct work_struct work;
	struct list_head node;
	struct coherent_aperture *ap;
	struct mm_struct *mm;
	unsigned long first;
	unsigned long last;
};

/* Protects the list, and its elements but for @work */
static DEFINE_MUTEX(loans_lock);
static LIST_HEAD(loans);

static struct workqueue_struct *workers;

static void take_back(struct work_struct *work)
{
	struct loan *loan = container_of(work, struct loan, work);

	/*
	 * With this lock held the task that faulted the page in is done; and
	 * until it is released no other looks for what is removed here.
	 */
	mmap_write_lock(loan->mm);
	scoped_guard(mutex, &loans_lock) {
		if (!list_empty(&loan->node)) {
			list_del(&loan->node);
			coherent_revoke(loan->ap, loan->first, loan->last);
		}
	}
	mmap_write_unlock(loan->mm);
	mmdrop(loan->mm);
	kfree(loan);
}

static struct loan *find(const struct coherent_aperture *ap,
			 const struct mm_struct *mm)
{
	struct loan *loan;

	list_for_each_entry(loan, &loans, node)
		if (loan->ap == ap && loan->mm == mm)
			return loan;
	return NULL;
}

/*
 * The page of a fault is about to be mapped, and its mapping to go again. The
 * caller holds mmap_lock until it does not need the mapping any more.
 */
static vm_fault_t lend(const struct vm_fault *vmf)
{
	const struct coherent_window *win = vmf->vma->vm_private_data;
	unsigned long pfn = coherent_vma_pfn(vmf->vma, vmf->address);
	struct coherent_aperture *ap = win->ap;
	struct mm_struct *mm = vmf->vma->vm_mm;
	struct loan *loan;

	guard(mutex)(&loans_lock);
	loan = find(ap, mm);
	if (loan) {
		loan->first = min(loan->first, pfn);
		loan->last = max(loan->last, pfn);
		return 0;
	}
	loan = kmalloc(sizeof(*loan), GFP_KERNEL_ACCOUNT);
	if (!loan)
		return VM_FAULT_OOM;
	INIT_WORK(&loan->work, take_back);
	loan->ap = ap;
	loan->mm = mm;
	loan->first = pfn;
	loan->last = pfn;
	mmgrab(mm);
	list_add(&loan->node, &loans);
	queue_work(workers, &loan->work);
	return 0;
}

#ifndef COHERENT_IN_TREE
/*
 * A KVM that does not set FAULT_FLAG_HWPOISON stops the machine when a page is
 * refused. So the page is lent to it, and the vCPU's thread gets the signal, as
 * KVM itself does for ordinary memory: the VMM passes the error to its guest,
 * which has not loaded anything yet. KVM returns to its VMM with the signal
 * before it runs the guest, and faults again when the guest touches the page
 * again. KVM holds mmap_lock until it has the page's address, and drops the page by
 * its MMU notifier when the loan ends.
 */
static vm_fault_t lend_to_kvm(const struct vm_fault *vmf)
{
	vm_fault_t ret = lend(vmf);

	if (!ret && current->mm == vmf->vma->vm_mm)
		send_sig_mceerr(BUS_MCEERR_AR,
				(void __user *)(vmf->address & PAGE_MASK),
				PAGE_SHIFT, current);
	return ret;
}

/* Does KVM ask with it? On a kernel that has no such flag it is 0 */
static const bool kvm_reports = FAULT_FLAG_HWPOISON;
#endif

/**
 * coherent_loan_for_fault() - may a poisoned page be mapped for a fault?
 * @vmf: the fault, on the page
 *
 * FAULT_FLAG_HWPOISON means that the caller reports a refusal itself, as KVM
 * does. Faults that map memory for DMA have ALLOW_RETRY and REMOTE, and no
 * others: these are lent the page, see the head of this file.
 *
 * Context: a fault; between coherent_access_begin() and coherent_access_end().
 * Return: 0; VM_FAULT_HWPOISON; VM_FAULT_OOM.
 */
vm_fault_t coherent_loan_for_fault(const struct vm_fault *vmf)
{
	const struct coherent_window *win = vmf->vma->vm_private_data;

	if (vmf->flags & FAULT_FLAG_HWPOISON)
		return VM_FAULT_HWPOISON;
	switch (vmf->flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_USER |
			      FAULT_FLAG_INTERRUPTIBLE | FAULT_FLAG_REMOTE)) {
#ifndef COHERENT_IN_TREE
	/*
	 * KVM's, if there is no such flag: userspace's own have USER, user copies of
	 * the kernel INTERRUPTIBLE, a futex's not even ALLOW_RETRY.
	 * fault_in_safe_writeable() sets the same flags as that KVM; so the process
	 * must at least have an MMU notifier, as KVM's has.
	 */
	case FAULT_FLAG_ALLOW_RETRY:
		if (!kvm_reports && coherent_poison_kvm_may_map(win->ap) &&
		    mm_has_notifiers(vmf->vma->vm_mm))
			return lend_to_kvm(vmf);
		break;
#endif
	case FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_REMOTE:
		if (!coherent_poison_dma_may_map(win->ap))
			break;
		return lend(vmf);
	}
	return VM_FAULT_HWPOISON;
}

/**
 * coherent_loans_end() - nothing is mapped any more
 * @ap: the aperture, with no file of it left
 *
 * Context: may sleep.
 */
void coherent_loans_end(struct coherent_aperture *ap)
{
	struct loan *loan, *next;

	guard(mutex)(&loans_lock);
	list_for_each_entry_safe(loan, next, &loans, node)
		if (loan->ap == ap)
			list_del_init(&loan->node);
}

/** coherent_loans_init() - Return: 0 or -ENOMEM */
int coherent_loans_init(void)
{
	workers = alloc_workqueue("coherent-loans", WQ_UNBOUND, 0);
	return workers ? 0 : -ENOMEM;
}

/** coherent_loans_exit() - at module exit, with no device left */
void coherent_loans_exit(void)
{
	destroy_workqueue(workers);
}
