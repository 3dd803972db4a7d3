// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the sources report: how much of it is believed, and whose memory it is.
 */
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "../coherent.h"
#include "private.h"

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

static bool believed(const struct coherent_queue_entry *report, u64 width)
{
	if (width <= MAX_WIDTH_ACROSS)
		return true;
	return width <= MAX_WIDTH &&
	       coherent_ledger_contains(report->first, report->last);
}

/* False when an aperture was bound just now that has some of it */
static bool try_report(u64 addr, u64 width, enum coherent_source source,
		       bool mm_signals)
{
	unsigned long pfn = PHYS_PFN(addr);
	struct coherent_queue_entry report = {
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
	coherent_queue_put(&report);
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
	const struct coherent_queue_entry report = {
		.first = first,
		.last = last,
		.mm_pfn = COHERENT_NO_PFN,
		.source = source,
	};

	coherent_queue_put(&report);
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
	int ret = coherent_queue_flush();

	if (ret)
		return ret;
	while (coherent_stray_take(first, last, &stray))
		;
	ret = coherent_ledger_forget(first, last);
	coherent_poison_notify();
	return ret;
}
