// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the sources to the ledger: errors are reported in any context but NMI,
 * queued, and recorded by a worker.
 */
#include <linux/cleanup.h>
#include <linux/kfifo.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../coherent.h"
#include "private.h"

struct report {
	unsigned long first;
	unsigned long last;
	unsigned long mm_pfn;	/* the one page that mm signals for */
	u8 source;
	bool healed;
};

/*
 * Allocated before it is needed: reports come from where nothing can be. A
 * scrubber that finds a dead row reports it page by page, as fast as it can.
 */
#define QUEUE_LENGTH	16384

static DEFINE_KFIFO(queue, struct report, QUEUE_LENGTH);

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
static bool peek(struct report *report, bool *spilled)
{
	bool found = true;

	raw_spin_lock_irq(&coherent_queue_lock);
	*spilled = !kfifo_peek(&queue, report);
	if (*spilled) {
		*report = (struct report) {
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

static void done(const struct report *report, bool spilled, bool recorded)
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
	struct report report;
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

/*
 * How much a report may declare bad, in bytes: a failure has a size, whatever
 * pages the kernel runs with. The largest part that a machine survives losing
 * is a bank of its memory: tens of MiB of HBM3, 512 MiB of LPDDR5X. Wider ones
 * are fields that nobody filled in: a mask of high bits alone, an LSB of 63.
 * And a failure in a device's memory lies in that memory; a block that extends
 * beyond the aperture is accepted up to the size of one huge page.
 */
#define MAX_WIDTH	SZ_1G
#define MAX_WIDTH_ACROSS	SZ_2M

#define REPORT_TRIES	8

static bool believed(const struct report *report, u64 width)
{
	if (width <= MAX_WIDTH_ACROSS)
		return true;
	return width <= MAX_WIDTH &&
	       coherent_ledger_contains(report->first, report->last);
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

static void put(const struct report *report)
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

/* False when an aperture was bound just now that has some of it */
static bool try_report(u64 addr, u64 width, enum coherent_source source,
		       bool mm_signals)
{
	unsigned long pfn = PHYS_PFN(addr);
	struct report report = {
		.first = PHYS_PFN(addr & ~(width - 1)),
		.last = PHYS_PFN(addr | (width - 1)),
		.mm_pfn = mm_signals ? pfn : COHERENT_NO_PFN,
		.source = source,
	};
	const struct coherent_stray stray = {
		.first = width <= MAX_WIDTH ? report.first : pfn,
		.last = width <= MAX_WIDTH ? report.last : pfn,
		.pfn = pfn,
		.source = source,
		.doubtful = width > MAX_WIDTH_ACROSS && width <= MAX_WIDTH,
	};
	bool narrowed = !believed(&report, width);

	if (narrowed) {
		report.first = pfn;
		report.last = pfn;
	}
	if (!coherent_ledger_watches(report.first, report.last, source))
		return coherent_stray_add(&stray);
	if (narrowed)
		pr_warn_ratelimited("%s reported %#llx bytes around address %#llx: not plausible, recording one page\n",
				    coherent_source_name(source), width, addr);
	put(&report);
	return true;
}

/**
 * coherent_report() - an uncorrected memory error
 * @addr: a host-physical address that is bad
 * @width: how much around it is bad, in bytes, aligned: a power of two
 * @source: who reports it
 * @mm_signals: mm signals processes for the page of @addr, if the aperture is
 *	registered with it (coherent_mm_register()); for the rest of @width it
 *	never does
 *
 * If @width is not plausible only the page of @addr is recorded. An error in no
 * known aperture, and not in System RAM, is kept by stray.c.
 *
 * Context: any but NMI.
 */
void coherent_report(u64 addr, u64 width, enum coherent_source source,
		     bool mm_signals)
{
	/* No more apertures than a few are bound while this is going on */
	for (int i = 0; i < REPORT_TRIES; i++)
		if (try_report(addr, width, source, mm_signals))
			return;
	pr_err_ratelimited("error at address %#llx reported by %s is lost: apertures come and go\n",
			   addr, coherent_source_name(source));
}

/**
 * coherent_report_pages() - pages that somebody names
 * @first: first PFN
 * @last: last PFN
 * @source: who
 *
 * They go through the queue as all reports do: a reset that is about to heal does not
 * clear them.
 *
 * Context: process.
 */
void coherent_report_pages(unsigned long first, unsigned long last,
			   enum coherent_source source)
{
	const struct report report = {
		.first = first,
		.last = last,
		.mm_pfn = COHERENT_NO_PFN,
		.source = source,
	};

	put(&report);
}

/**
 * coherent_report_strays() - report what was before the aperture was known
 * @ledger: the aperture, in the list of ledgers
 *
 * Context: process.
 */
void coherent_report_strays(const struct coherent_ledger *ledger)
{
	struct coherent_stray stray;

	while (coherent_stray_take(ledger->first, ledger->last, &stray))
		coherent_report_pages(stray.first, stray.last, stray.source);
}

/**
 * coherent_report_healing() - a reset begins that heals what is bad by now
 * @ledger: the aperture
 *
 * Context: any but NMI.
 */
void coherent_report_healing(struct coherent_ledger *ledger)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&coherent_queue_lock, flags);
	WRITE_ONCE(ledger->heals, true);
	raw_spin_unlock_irqrestore(&coherent_queue_lock, flags);
}

/**
 * coherent_report_healed() - it has healed
 * @ledger: the aperture
 *
 * The reset itself may have found an error that was reported since
 * coherent_report_healing(): then everything stays recorded. So do errors that
 * spilled from a full queue.
 *
 * Context: any but NMI.
 */
void coherent_report_healed(struct coherent_ledger *ledger)
{
	const struct report report = {
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
 * coherent_report_flush() - wait until what was reported is recorded
 *
 * What is reported meanwhile is not waited for.
 *
 * Context: process; may sleep, killably.
 * Return: 0; -ENOMEM when there was no memory, and it will be tried again;
 * -EINTR when killed.
 */
int coherent_report_flush(void)
{
	return flush(TASK_KILLABLE);
}

/**
 * coherent_report_drain() - as coherent_report_flush(), also when killed
 *
 * The wait is short: the worker never waits for userspace, and it ends as well
 * when the worker finds no memory.
 *
 * Context: process; may sleep.
 * Return: 0; -ENOMEM when there was no memory, and it will be tried again.
 */
int coherent_report_drain(void)
{
	return flush(TASK_UNINTERRUPTIBLE);
}

/**
 * coherent_report_forget() - clear poison, for the administrator
 * @first: first PFN
 * @last: last PFN
 *
 * All that was reported before is cleared, also what was still in the queue.
 *
 * Context: process; may sleep, killably.
 * Return: 0; -EINTR, and then nothing is forgotten; -ENOMEM, and then some may
 * still be remembered.
 */
int coherent_report_forget(unsigned long first, unsigned long last)
{
	struct coherent_stray stray;
	int ret = coherent_report_flush();

	if (ret)
		return ret;
	while (coherent_stray_take(first, last, &stray))
		;
	ret = coherent_ledger_forget(first, last);
	coherent_poison_notify();
	return ret;
}

/**
 * coherent_report_init() - before the first report
 *
 * Return: 0 or -ENOMEM.
 */
int coherent_report_init(void)
{
	wq = alloc_ordered_workqueue("coherent-vfio-poison", 0);
	return wq ? 0 : -ENOMEM;
}

/** coherent_report_exit() - at module exit, with no source left */
void coherent_report_exit(void)
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
