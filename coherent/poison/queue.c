// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of reports: a report is put into it in any context but NMI; a worker takes
 * one after the other and records it in the ledgers.
 */
#include <linux/cleanup.h>
#include <linux/kfifo.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "private.h"

/*
 * Allocated before it is needed: reports come from where nothing can be. A
 * scrubber that finds a dead row reports it page by page, as fast as it can.
 */
#define QUEUE_LENGTH	16384

static DEFINE_KFIFO(queue, struct coherent_queue_entry, QUEUE_LENGTH);

/*
 * How far the worker is, for those who wait until all that was reported is
 * recorded; under coherent_queue_lock. flush_delayed_work() alone is not
 * enough: a report that comes meanwhile takes the work off its list for a
 * moment (mod_delayed_work()), and a flush that looks just then finds nothing
 * to wait for.
 */
static struct {
	unsigned long queued;	/* reports that were put into the queue ... */
	unsigned long done;	/* ... and that were recorded */
	unsigned long emptied;	/* times that the queue was empty and nothing spilled */
	unsigned long failed;	/* times that there was no memory */
	bool spilled;		/* something has, since it was emptied */
} progress;
static DECLARE_WAIT_QUEUE_HEAD(progress_wait);

/* Without memory to record it a report stays in the queue, and is tried again */
#define RETRY	HZ

/* One report after the other; the worker never takes an mmap_lock */
static struct workqueue_struct *wq;

static void work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_fn);

/* The oldest report, which stays in the queue; or what did not fit into it */
static bool peek(struct coherent_queue_entry *report, bool *spilled)
{
	bool found = true;

	raw_spin_lock_irq(&coherent_queue_lock);
	*spilled = !kfifo_peek(&queue, report);
	if (*spilled) {
		*report = (struct coherent_queue_entry) {
			.source = COHERENT_SOURCE_OVERFLOW,
			.mm_pfn = COHERENT_NO_PFN,
		};
		found = coherent_spill_take(&report->first, &report->last);
	}
	if (!found) {
		progress.emptied++;
		progress.spilled = false;
	}
	raw_spin_unlock_irq(&coherent_queue_lock);
	return found;
}

static void done(const struct coherent_queue_entry *report, bool spilled, bool recorded)
{
	raw_spin_lock_irq(&coherent_queue_lock);
	if (!spilled && recorded) {
		kfifo_skip(&queue);
		progress.done++;
	} else if (spilled && !recorded) {
		coherent_spill_add(report->first, report->last);
	}
	if (!recorded)
		progress.failed++;
	raw_spin_unlock_irq(&coherent_queue_lock);
	wake_up_all(&progress_wait);
}

static void work_fn(struct work_struct *unused)
{
	struct coherent_queue_entry report;
	bool spilled;
	int ret = 0;

	while (!ret && peek(&report, &spilled)) {
		if (report.healed)
			ret = coherent_ledger_forget(report.first, report.last);
		else
			ret = coherent_ledger_record(report.first, report.last,
						     report.source,
						     report.mm_pfn);
		done(&report, spilled, !ret);
		cond_resched();
	}
	if (ret) {
		pr_err_ratelimited("no memory to record poison, retrying every second\n");
		mod_delayed_work(wq, &work, RETRY);
	}
	wake_up_all(&progress_wait);
	coherent_poison_notify();
}

/* A new error: a reset that is on its way may have found it, not healed it */
static void unheal(unsigned long first, unsigned long last)
	__must_hold(&coherent_queue_lock)
{
	struct coherent_ledger *ledger;

	lockdep_assert_held(&coherent_queue_lock);

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &coherent_ledgers, node)
		if (coherent_ledger_overlaps(ledger, first, last))
			WRITE_ONCE(ledger->heals, false);
}

/**
 * coherent_queue_put() - have pages recorded
 * @report: which, and what is known of them
 *
 * Where the queue is full they spill (spill.c).
 *
 * Context: any but NMI.
 */
void coherent_queue_put(const struct coherent_queue_entry *report)
{
	unsigned long flags;
	bool full;

	raw_spin_lock_irqsave(&coherent_queue_lock, flags);
	full = !kfifo_put(&queue, *report);
	if (full) {
		coherent_spill_add(report->first, report->last);
		progress.spilled = true;
	} else {
		progress.queued++;
	}
	unheal(report->first, report->last);
	raw_spin_unlock_irqrestore(&coherent_queue_lock, flags);

	if (full)
		pr_err_ratelimited("report queue overflow (%u entries): treating the whole range of the excess errors as poisoned\n",
				   QUEUE_LENGTH);
	mod_delayed_work(wq, &work, 0);
}

/**
 * coherent_queue_healing() - a reset begins that heals what is bad by now
 * @ledger: the aperture
 *
 * Context: any but NMI.
 */
void coherent_queue_healing(struct coherent_ledger *ledger)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&coherent_queue_lock, flags);
	WRITE_ONCE(ledger->heals, true);
	raw_spin_unlock_irqrestore(&coherent_queue_lock, flags);
}

/**
 * coherent_queue_healed() - it has healed
 * @ledger: the aperture
 *
 * The reset itself may have found an error that was reported since
 * coherent_queue_healing(): then everything stays recorded. So do errors that
 * spilled from a full queue.
 *
 * Context: any but NMI.
 */
void coherent_queue_healed(struct coherent_ledger *ledger)
{
	const struct coherent_queue_entry report = {
		.first = ledger->first, .last = ledger->last, .healed = true,
	};
	unsigned long flags;
	bool queued = false;

	raw_spin_lock_irqsave(&coherent_queue_lock, flags);
	if (ledger->heals)
		queued = kfifo_put(&queue, report);
	if (queued)
		progress.queued++;
	WRITE_ONCE(ledger->heals, false);
	raw_spin_unlock_irqrestore(&coherent_queue_lock, flags);
	if (queued)
		mod_delayed_work(wq, &work, 0);
}

/* What must be reached; @emptied counts where something has spilled by now */
struct mark {
	unsigned long queued;
	unsigned long emptied;
	unsigned long failed;
	bool spilled;
};

static struct mark mark_now(void)
{
	struct mark mark;

	raw_spin_lock_irq(&coherent_queue_lock);
	mark = (struct mark) {
		.queued = progress.queued, .emptied = progress.emptied,
		.failed = progress.failed, .spilled = progress.spilled,
	};
	raw_spin_unlock_irq(&coherent_queue_lock);
	return mark;
}

/* 0, -ENOMEM, or -EAGAIN while it is neither */
static int reached(const struct mark *mark)
{
	int ret = -EAGAIN;

	raw_spin_lock_irq(&coherent_queue_lock);
	if ((long)(progress.done - mark->queued) >= 0 &&
	    (!mark->spilled || progress.emptied != mark->emptied))
		ret = 0;
	else if (progress.failed != mark->failed)
		ret = -ENOMEM;
	raw_spin_unlock_irq(&coherent_queue_lock);
	return ret;
}

static int flush(unsigned int state)
{
	struct mark mark = mark_now();

	/* At once, where the worker waits to try again */
	flush_delayed_work(&work);
	if (wait_event_state(progress_wait, reached(&mark) != -EAGAIN, state))
		return -EINTR;
	return reached(&mark);
}

/**
 * coherent_queue_flush() - wait until what was reported is recorded
 *
 * What is reported meanwhile is not waited for.
 *
 * Context: process; may sleep, killably.
 * Return: 0; -ENOMEM when there was no memory, and it will be tried again;
 * -EINTR when killed.
 */
int coherent_queue_flush(void)
{
	return flush(TASK_KILLABLE);
}

/**
 * coherent_queue_drain() - as coherent_queue_flush(), also when killed
 *
 * The wait is short: the worker never waits for userspace, and it ends as well
 * when the worker finds no memory.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOMEM when there was no memory, and it will be tried again.
 */
int coherent_queue_drain(void)
{
	return flush(TASK_UNINTERRUPTIBLE);
}

/**
 * coherent_queue_init() - before the first report
 *
 * Return: 0 or -ENOMEM.
 */
int coherent_queue_init(void)
{
	wq = alloc_ordered_workqueue("coherent-vfio-poison", 0);
	return wq ? 0 : -ENOMEM;
}

/** coherent_queue_exit() - at module exit, with no source left */
void coherent_queue_exit(void)
{
	cancel_delayed_work_sync(&work);
	/* poison_forget can still be written to, and would wait for the worker */
	raw_spin_lock_irq(&coherent_queue_lock);
	progress.done = progress.queued;
	progress.emptied++;
	progress.spilled = false;
	raw_spin_unlock_irq(&coherent_queue_lock);
	wake_up_all(&progress_wait);
	destroy_workqueue(wq);
}
