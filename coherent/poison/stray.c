// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors in memory that is in no known aperture: perhaps in one that is not
 * bound yet. The last ones are kept, and reported again when an aperture that
 * contains them is bound. They do not keep the module from being removed.
 *
 * Ranges that touch are merged if the same error source reported them; when
 * there is no room the oldest is dropped, and that is logged.
 */
#include <linux/array_size.h>
#include <linux/lockdep.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include "private.h"

/* Innermost, in any context but NMI */
static DEFINE_RAW_SPINLOCK(stray_lock);

/* From the oldest on; under stray_lock, as their number */
static struct coherent_stray strays[COHERENT_MAX_STRAYS] __guarded_by(&stray_lock);
static unsigned int nr_strays __guarded_by(&stray_lock);

/*
 * Does the page allocator own the page? memory_failure() then handles it, in
 * mm. The list of resources knows better what is System RAM, but its lock
 * cannot be taken here.
 */
static bool is_ram(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && !PageReserved(page);
}

static void remove(unsigned int i)
	__must_hold(&stray_lock)
{
	for (; i + 1 < nr_strays; i++)
		strays[i] = strays[i + 1];
	nr_strays--;
}

/* Does @to now cover @from, too? What is in doubt stays apart */
static bool merge(struct coherent_stray *to, const struct coherent_stray *from)
{
	if (to->source != from->source || to->doubtful != from->doubtful)
		return false;
	if (to->doubtful)
		return to->first == from->first && to->last == from->last;
	if (to->first > from->last + 1 || from->first > to->last + 1)
		return false;
	to->first = min(to->first, from->first);
	to->last = max(to->last, from->last);
	return true;
}

/* Return: whether one had to be dropped */
static bool store(const struct coherent_stray *stray)
	__must_hold(&stray_lock)
{
	struct coherent_stray merged = *stray;
	bool full;

	lockdep_assert_held(&stray_lock);

	/* What has grown may touch one that was passed already */
	for (unsigned int i = 0; i < nr_strays;) {
		if (merge(&merged, &strays[i])) {
			remove(i);
			i = 0;
		} else {
			i++;
		}
	}
	full = nr_strays == ARRAY_SIZE(strays);
	if (full)
		remove(0);
	strays[nr_strays++] = merged;
	return full;
}

static void warn_dropped(void)
{
	pr_warn_ratelimited("more than %u memory errors outside known apertures: dropping the oldest\n",
			    COHERENT_MAX_STRAYS);
}

/*
 * The question that coherent_report() asks about the error: all of it, or one
 * page. Nothing else may be asked here, or the two would disagree.
 */
static bool is_watched(const struct coherent_stray *stray)
{
	if (stray->doubtful &&
	    !coherent_ledger_contains(stray->first, stray->last))
		return coherent_ledger_watches(stray->pfn, stray->pfn,
					       stray->source);
	return coherent_ledger_watches(stray->first, stray->last,
				       stray->source);
}

/**
 * coherent_stray_add() - keep an error that lies in no known aperture
 * @stray: the error; in System RAM it does not concern us, and is not kept
 *
 * Context: any but NMI.
 * Return: false when an aperture has been bound meanwhile that has some of it:
 * it is not kept, and must be reported again.
 */
bool coherent_stray_add(const struct coherent_stray *stray)
{
	bool dropped = false, watched;
	unsigned long flags;

	if (is_ram(stray->pfn))
		return true;
	/*
	 * An aperture is in the list of ledgers before coherent_stray_take() is
	 * called for it: either it is seen here, or the error there.
	 */
	raw_spin_lock_irqsave(&stray_lock, flags);
	watched = is_watched(stray);
	if (!watched)
		dropped = store(stray);
	raw_spin_unlock_irqrestore(&stray_lock, flags);
	if (dropped)
		warn_dropped();
	return !watched;
}

/* What of @stray lies in a range: the whole, a part, one page of it, nothing */
static bool cut(struct coherent_stray *stray, unsigned long first,
		unsigned long last)
{
	if (stray->doubtful &&
	    (stray->first < first || stray->last > last)) {
		stray->first = stray->pfn;
		stray->last = stray->pfn;
	}
	stray->first = max(stray->first, first);
	stray->last = min(stray->last, last);
	return stray->first <= stray->last;
}

/* What lies outside of the range goes back */
static bool put_back(const struct coherent_stray *stray, unsigned long first,
		     unsigned long last)
	__must_hold(&stray_lock)
{
	struct coherent_stray below = *stray, above = *stray;
	bool dropped = false;

	below.last = first - 1;
	above.first = last + 1;
	if (stray->first < first)
		dropped |= store(&below);
	if (stray->last > last)
		dropped |= store(&above);
	return dropped;
}

static bool take(unsigned long first, unsigned long last,
		 struct coherent_stray *taken, bool *dropped)
	__must_hold(&stray_lock)
{
	*dropped = false;
	for (unsigned int i = 0; i < nr_strays; i++) {
		const struct coherent_stray stray = strays[i];

		*taken = stray;
		if (!cut(taken, first, last))
			continue;
		remove(i);
		if (!stray.doubtful)
			*dropped = put_back(&stray, first, last);
		return true;
	}
	return false;
}

/**
 * coherent_stray_take() - take out an error of a range
 * @first: first PFN of the range
 * @last: last PFN
 * @taken: filled in; lies within the range. What lies outside is still kept,
 *	unless it was in doubt and has turned out to be one page.
 *
 * Context: any but NMI.
 * Return: whether there was one.
 */
bool coherent_stray_take(unsigned long first, unsigned long last,
			 struct coherent_stray *taken)
{
	unsigned long flags;
	bool found, dropped;

	raw_spin_lock_irqsave(&stray_lock, flags);
	found = take(first, last, taken, &dropped);
	raw_spin_unlock_irqrestore(&stray_lock, flags);
	if (dropped)
		warn_dropped();
	return found;
}
