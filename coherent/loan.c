// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages are lent to callers that need only their address: those that
 * map memory for DMA, and KVM, whose vCPU gets a signal before it runs the
 * guest (fault.c).
 *
 * type1 finds the page behind an address through the process's page table: it
 * faults the page in, and reads its number there. If one page is refused, it
 * refuses the whole range, and the next VM would have no DMA to any of its
 * memory. But an IOMMU's entry loads nothing. Only the entry in the page table
 * must not stay, because the process, and the kernel on its behalf, could load
 * poison through it. So it is removed as soon as type1 has read it: type1 holds
 * mmap_lock all the time. So does KVM, which drops the page again by its MMU
 * notifier.
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
#include <linux/mmap_lock.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "coherent.h"

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

/**
 * coherent_loan() - a page is about to be mapped, and its mapping to go again
 * @ap: the aperture
 * @mm: whose mmap_lock the caller holds, and holds on to until it needs the mapping
 *	no more
 * @pfn: the page
 *
 * Context: a page fault; may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_loan(struct coherent_aperture *ap, struct mm_struct *mm,
		  unsigned long pfn)
{
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
		return -ENOMEM;
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
