// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the sources to the ledger: errors are told in any context, and acted on
 * by a worker.
 */
#include <linux/cleanup.h>
#include <linux/kfifo.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../coherent.h"
#include "poison.h"

struct report {
	unsigned long first;
	unsigned long last;
	u8 source;
	bool mm_signals;
	bool healed;
};

/*
 * Made before it is needed: there is no allocating where errors come from. A
 * scrubber that finds a dead row tells of it page by page, as fast as it can.
 */
#define QUEUE_LENGTH	16384

static DEFINE_SPINLOCK(queue_lock);	/* the queue, and what spilled from it */
static DEFINE_KFIFO(queue, struct report, QUEUE_LENGTH);

/* Memory for the ledger will be there again; nothing is dropped meanwhile */
#define RETRY	HZ

static void work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_fn);

/* The oldest report, which stays in the queue; or what did not fit into it */
static bool peek(struct report *report, bool *spilled)
{
	bool found = true;

	spin_lock_irq(&queue_lock);
	*spilled = !kfifo_peek(&queue, report);
	if (*spilled) {
		*report = (struct report){ .source = COHERENT_SOURCE_OVERFLOW };
		found = coherent_ledger_unspill(&report->first, &report->last);
	}
	spin_unlock_irq(&queue_lock);
	return found;
}

static void done(const struct report *report, bool spilled, bool recorded)
{
	spin_lock_irq(&queue_lock);
	if (!spilled && recorded)
		kfifo_skip(&queue);
	else if (spilled && !recorded)
		coherent_ledger_spill(report->first, report->last);
	spin_unlock_irq(&queue_lock);
}

static void work_fn(struct work_struct *unused)
{
	struct report report;
	bool spilled;
	int ret = 0;

	while (ret >= 0 && peek(&report, &spilled)) {
		if (report.healed)
			ret = coherent_ledger_forget(report.first, report.last);
		else
			ret = coherent_ledger_record(report.first, report.last,
						     report.source);
		done(&report, spilled, ret >= 0);
		if (ret > 0)
			coherent_signal_early(report.first, report.last,
					      report.mm_signals);
		cond_resched();
	}
	if (ret < 0) {
		pr_err_ratelimited("coherent-vfio: no memory to record poison; trying again\n");
		mod_delayed_work(system_wq, &work, RETRY);
	}
	coherent_ledger_notify();
}

/**
 * coherent_report() - an uncorrected memory error
 * @first: first host-physical address of what is bad
 * @last: last address
 * @source: who tells
 * @mm_signals: the memory manager tells processes of it, if it is asked to
 *	(coherent_mm_register()) and can be
 *
 * Cheap for addresses in no aperture that was ever bound.
 *
 * Context: any but NMI.
 */
void coherent_report(u64 first, u64 last, enum coherent_source source,
		     bool mm_signals)
{
	struct report report = {
		.first = PHYS_PFN(first),
		.last = PHYS_PFN(last),
		.source = source,
		.mm_signals = mm_signals,
	};
	bool full;

	if (!coherent_ledger_watches(report.first, report.last))
		return;
	scoped_guard(spinlock_irqsave, &queue_lock) {
		full = !kfifo_put(&queue, report);
		if (full)
			coherent_ledger_spill(report.first, report.last);
	}
	if (full)
		pr_err_ratelimited("coherent-vfio: more than %u memory errors at once: all pages between those that are too many are taken for poisoned\n",
				   QUEUE_LENGTH);
	mod_delayed_work(system_wq, &work, 0);
}

/**
 * coherent_report_healed() - what was reported until now is in order again
 * @first: first PFN
 * @last: last PFN
 *
 * Errors that are reported later count. Where the queue is full nothing is
 * forgotten.
 *
 * Context: any but NMI.
 */
void coherent_report_healed(unsigned long first, unsigned long last)
{
	struct report report = { .first = first, .last = last, .healed = true };
	bool full;

	scoped_guard(spinlock_irqsave, &queue_lock)
		full = !kfifo_put(&queue, report);
	if (full)
		pr_warn_ratelimited("coherent-vfio: too many memory errors are waiting: what a reset healed stays recorded\n");
	mod_delayed_work(system_wq, &work, 0);
}

/**
 * coherent_report_flush() - wait until what was reported is acted on
 *
 * Context: process; may sleep.
 */
void coherent_report_flush(void)
{
	flush_delayed_work(&work);
}

/** coherent_report_exit() - at module exit, with no source left */
void coherent_report_exit(void)
{
	cancel_delayed_work_sync(&work);
}
