// SPDX-License-Identifier: GPL-2.0-only
/*
 * Early signals: BUS_MCEERR_AO for processes that asked for it by
 * prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY) and map a page that
 * went bad. Others get a signal when they touch it, from the fault path.
 *
 * This is for errors that mm does not handle itself: see
 * coherent_mm_register(). The sysctl vm.memory_failure_early_kill, the default
 * for processes that did not use prctl(), cannot be read by a module and is
 * not honoured.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "../coherent.h"
#include "private.h"

/*
 * One process to signal for one range. A work of its own: looking at its
 * mappings takes its mmap_lock, and the process can hold that for long.
 */
struct early {
	struct work_struct work;
	struct list_head node;
	struct task_struct *task;
	const struct mm_struct *mm;	/* only compared, not referenced */
	unsigned long first;
	unsigned long last;
	unsigned long mm_pfn;
};

static struct workqueue_struct *early_wq;

/*
 * A pending SIGBUS is not queued twice, so many signals for a long range reach
 * nobody. No process gets more than this for one range; and none of as many
 * pages from its start is signalled twice, however often it is mapped.
 */
#define MAX_PAGES	512

static void signal_task(const struct early *early, struct mm_struct *mm)
{
	DECLARE_BITMAP(signalled, MAX_PAGES) = { };
	unsigned long pfn, last, addr;
	unsigned int left = MAX_PAGES;
	struct vm_area_struct *vma;
	struct vma_iterator vmi;

	vma_iter_init(&vmi, mm, 0);
	for_each_vma(vmi, vma) {
		if (!coherent_vma_pages(vma, &pfn, &last))
			continue;
		pfn = max(pfn, early->first);
		last = min(last, early->last);
		for (; pfn <= last && left; pfn++) {
			if (pfn == early->mm_pfn && coherent_mm_knows(vma))
				continue;
			if (pfn - early->first < MAX_PAGES &&
			    test_and_set_bit(pfn - early->first, signalled))
				continue;
			coherent_vma_address(vma, pfn, &addr);
			send_sig_mceerr(BUS_MCEERR_AO, (void __user *)addr,
					PAGE_SHIFT, early->task);
			left--;
		}
		cond_resched();
	}
}

static void early_fn(struct work_struct *work)
{
	struct early *early = container_of(work, struct early, work);
	struct mm_struct *mm = get_task_mm(early->task);

	if (mm) {
		mmap_read_lock(mm);
		signal_task(early, mm);
		mmap_read_unlock(mm);
		mmput(mm);
	}
	put_task_struct(early->task);
	kfree(early);
}

/* The thread of @process that asked for early signals, or NULL */
static struct task_struct *find_early(struct task_struct *process)
{
	struct task_struct *t;

	for_each_thread(process, t)
		if ((t->flags & PF_MCE_PROCESS) && (t->flags & PF_MCE_EARLY))
			return t;
	return NULL;
}

static bool is_listed(const struct list_head *list, const struct mm_struct *mm)
{
	const struct early *early;

	list_for_each_entry(early, list, node)
		if (early->mm == mm)
			return true;
	return false;
}

/**
 * coherent_signal_early() - signal those who asked to know of errors early
 * @first: first PFN that went bad, already in the ledger
 * @last: last PFN
 * @mm_pfn: the page for which mm signals, where it knows of the
 *	mapping; or COHERENT_NO_PFN
 *
 * Each mm gets one signal for a page, also when processes share it.
 *
 * Context: process; the signals are sent by a work later.
 */
void coherent_signal_early(unsigned long first, unsigned long last,
			   unsigned long mm_pfn)
{
	struct task_struct *process, *task;
	struct early *early, *next;
	LIST_HEAD(list);

	scoped_guard(rcu) {
		for_each_process(process) {
			task = find_early(process);
			if (!task || !task->mm || is_listed(&list, task->mm))
				continue;
			early = kzalloc_obj(*early, GFP_ATOMIC);
			if (!early) {
				pr_warn_ratelimited("no memory to signal poison early\n");
				break;
			}
			INIT_WORK(&early->work, early_fn);
			early->task = get_task_struct(task);
			early->mm = task->mm;
			early->first = first;
			early->last = last;
			early->mm_pfn = mm_pfn;
			list_add(&early->node, &list);
		}
	}
	list_for_each_entry_safe(early, next, &list, node)
		queue_work(early_wq, &early->work);
}

/** coherent_signal_init() - Return: 0 or -ENOMEM */
int coherent_signal_init(void)
{
	early_wq = alloc_workqueue("coherent-vfio", WQ_UNBOUND, 0);
	return early_wq ? 0 : -ENOMEM;
}

/** coherent_signal_exit() - after the last coherent_signal_early() */
void coherent_signal_exit(void)
{
	destroy_workqueue(early_wq);
}
