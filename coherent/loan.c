// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poisoned pages lent to who maps memory for DMA.
 *
 * type1 finds the page behind an address by way of the process's page table: it has
 * the page faulted in, and reads its number there. Refused one page, it refuses the
 * whole range, and the next VM would have no DMA to any of its memory. But an
 * IOMMU's entry loads nothing; it is the entry in the page table that must not
 * stay, for there the process loads poison, and the kernel with it. So it is taken
 * away again, as soon as type1 has read it: all the time it holds mmap_lock.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "coherent.h"

struct loan {
	struct work_struct work;
	struct coherent_aperture *ap;
	struct mm_struct *mm;
	unsigned long pfn;
};

static struct workqueue_struct *loans;

static void give_back(struct work_struct *work)
{
	struct loan *loan = container_of(work, struct loan, work);

	/* Who has faulted it in is done when it can be had for writing */
	mmap_write_lock(loan->mm);
	mmap_write_unlock(loan->mm);
	mmdrop(loan->mm);
	coherent_revoke(loan->ap, loan->pfn, loan->pfn);
	kfree(loan);
}

/**
 * coherent_loan() - a page is about to be mapped, and its mapping to go again
 * @ap: the aperture
 * @mm: whose mmap_lock the caller holds, and holds on to until it needs the mapping
 *	no more
 * @pfn: the page
 *
 * Context: a page fault; does not sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_loan(struct coherent_aperture *ap, struct mm_struct *mm,
		  unsigned long pfn)
{
	struct loan *loan = kmalloc(sizeof(*loan), GFP_NOWAIT);

	if (!loan)
		return -ENOMEM;
	INIT_WORK(&loan->work, give_back);
	loan->ap = ap;
	loan->mm = mm;
	loan->pfn = pfn;
	mmgrab(mm);
	queue_work(loans, &loan->work);
	return 0;
}

/**
 * coherent_loans_end() - all that was lent is back
 *
 * Context: may sleep; no process's mmap_lock is held.
 */
void coherent_loans_end(void)
{
	flush_workqueue(loans);
}

/** coherent_loans_init() - Return: 0 or -ENOMEM */
int coherent_loans_init(void)
{
	loans = alloc_workqueue("coherent-loans", WQ_UNBOUND, 0);
	return loans ? 0 : -ENOMEM;
}

/** coherent_loans_exit() - at module exit, with no device left */
void coherent_loans_exit(void)
{
	destroy_workqueue(loans);
}
