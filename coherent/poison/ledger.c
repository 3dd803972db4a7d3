// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: which apertures there are and were, and what it means to them
 * that a page is poisoned.
 *
 * A ledger stays when its device goes, so that errors count while nobody is
 * there; the pages themselves are in pages.c.
 */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "../coherent.h"
#include "pages.h"
#include "poison.h"
#include "trace.h"

/* Under coherent_ledger_lock, as are the ledgers' cdev, policy and changed */
static LIST_HEAD(ledgers);

static const char * const source_names[] = {
	[COHERENT_SOURCE_GHES] = "ghes",
	[COHERENT_SOURCE_MCE] = "mce",
	[COHERENT_SOURCE_MEMORY_FAILURE] = "memory_failure",
	[COHERENT_SOURCE_ARM] = "arm",
	[COHERENT_SOURCE_FIRMWARE] = "firmware",
	[COHERENT_SOURCE_DEBUGFS] = "debugfs",
	[COHERENT_SOURCE_OVERFLOW] = "overflow",
};

static bool overlaps(const struct coherent_ledger *ledger, unsigned long first,
		     unsigned long last)
{
	return first <= ledger->last && last >= ledger->first;
}

/**
 * coherent_poison_blocks() - is there a page that must not simply be mapped?
 * @cdev: the device
 * @first: first PFN
 * @last: last PFN
 *
 * Context: between coherent_access_begin() and coherent_access_end().
 * Return: whether there is one that the policy keeps from being mapped.
 */
bool coherent_poison_blocks(const struct coherent_device *cdev,
			    unsigned long first, unsigned long last)
{
	return coherent_poison_next(first, last) <= last &&
	       cdev->ledger->policy != COHERENT_POISON_KEEP;
}

/**
 * coherent_poison_clip() - what may be loaded and stored before the next poison
 * @bar: the region
 * @off: first byte
 * @n: bytes, not 0
 *
 * Whatever the policy: it is about mappings. A load of poison by the kernel
 * itself can take the host down.
 *
 * Context: between coherent_access_begin() and coherent_access_end().
 * Return: bytes from @off on that may be touched, at most @n; 0 when the first
 * one is poisoned.
 */
size_t coherent_poison_clip(const struct coherent_bar *bar, u64 off, size_t n)
{
	u64 addr = bar->region->base + off;
	unsigned long pfn = coherent_poison_next(PHYS_PFN(addr),
						 PHYS_PFN(addr + n - 1));

	if (pfn == ULONG_MAX)
		return n;
	return PFN_PHYS(pfn) > addr ? PFN_PHYS(pfn) - addr : 0;
}

/**
 * coherent_ledger_count() - how many pages of an aperture are poisoned
 * @ledger: the aperture
 *
 * Context: any but NMI.
 * Return: their number.
 */
unsigned long coherent_ledger_count(const struct coherent_ledger *ledger)
{
	return coherent_pages_count(ledger->first, ledger->last);
}

/*
 * Nobody looks into the ledger for @cdev and nothing of it is mapped until
 * resume(): what is stored in between and the mappings change as one.
 */
static void suspend(struct coherent_device *cdev)
	__context_unsafe(/* only where there is a device */)
{
	if (cdev)
		down_write(&cdev->reset.lock);
}

static void resume(struct coherent_device *cdev)
	__context_unsafe(/* only where there is a device */)
{
	if (cdev)
		up_write(&cdev->reset.lock);
}

static void tell(struct coherent_ledger *ledger, unsigned long first,
		 unsigned long last, enum coherent_source source)
	__must_hold(&coherent_ledger_lock)
{
	u64 offset = PFN_PHYS(first - ledger->first);
	u64 length = PFN_PHYS(last - first + 1);
	const char *name = "unbound";

	lockdep_assert_held(&coherent_ledger_lock);

	if (ledger->cdev)
		name = pci_name(ledger->cdev->core.pdev);
	ledger->changed = true;
	trace_coherent_poison(name, PFN_PHYS(first), offset, length,
			      source_names[source]);
	pr_err_ratelimited("coherent-vfio %s: poison at offset %#llx, length %#llx (address %#llx), told by %s\n",
			   name, offset, length, (u64)PFN_PHYS(first),
			   source_names[source]);
}

/* Pages that are all new */
static int record_new(struct coherent_ledger *ledger, unsigned long first,
		      unsigned long last, enum coherent_source source,
		      bool mm_signals)
	__must_hold(&coherent_ledger_lock)
{
	struct coherent_device *cdev = ledger->cdev;
	struct coherent_pages_change change;
	int ret;

	ret = coherent_pages_prepare(&change, first, last, true);
	if (ret == -ENODEV)
		return 0;	/* The module goes, and all that is remembered */
	if (ret)
		return ret;
	suspend(cdev);
	coherent_pages_commit(&change);
	if (cdev && ledger->policy != COHERENT_POISON_KEEP)
		coherent_revoke(cdev, first, last);
	resume(cdev);

	tell(ledger, first, last, source);
	/* Looking at all processes takes its time; mostly there is no need */
	if (cdev && mapping_mapped(cdev->core.vdev.inode->i_mapping))
		coherent_signal_early(first, last, mm_signals);
	return 0;
}

static int record(struct coherent_ledger *ledger, unsigned long first,
		  unsigned long last, enum coherent_source source,
		  bool mm_signals)
	__must_hold(&coherent_ledger_lock)
{
	unsigned long from, to;
	int ret = 0;

	lockdep_assert_held(&coherent_ledger_lock);

	last = min(last, ledger->last);
	for (from = max(first, ledger->first);
	     !ret && coherent_pages_find_new(&from, &to, last); from = to + 1)
		ret = record_new(ledger, from, to, source, mm_signals);
	return ret;
}

/**
 * coherent_ledger_record() - remember poisoned pages
 * @first: first PFN
 * @last: last PFN; what lies in no known aperture is left out
 * @source: who told
 * @mm_signals: where it is asked to, the memory manager signals processes
 *
 * Mappings of the pages are gone when it returns, unless the policy keeps them,
 * and who wants to know early has been told, or is about to be.
 *
 * Context: process; may sleep; takes coherent_ledger_lock and
 * coherent_reset.lock.
 * Return: 0; -ENOMEM, and then the call can be repeated.
 */
int coherent_ledger_record(unsigned long first, unsigned long last,
			   enum coherent_source source, bool mm_signals)
{
	struct coherent_ledger *ledger;
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	/*
	 * First those that are bound: a page is new once, and it must be new
	 * where there are mappings. No two of them share a page.
	 */
	for (int bound = 1; bound >= 0; bound--) {
		list_for_each_entry(ledger, &ledgers, node) {
			if (!overlaps(ledger, first, last) ||
			    !!ledger->cdev != bound)
				continue;
			ret = record(ledger, first, last, source, mm_signals);
			if (ret)
				return ret;
		}
	}
	return 0;
}

static int forget(struct coherent_device *cdev, unsigned long first,
		  unsigned long last)
	__must_hold(&coherent_ledger_lock)
{
	struct coherent_pages_change change;
	int ret;

	lockdep_assert_held(&coherent_ledger_lock);

	if (!coherent_pages_count(first, last))
		return 0;
	ret = coherent_pages_prepare(&change, first, last, false);
	if (ret)
		return ret;
	suspend(cdev);
	coherent_pages_commit(&change);
	resume(cdev);
	return 0;
}

/**
 * coherent_ledger_forget() - pages are in order again
 * @first: first PFN
 * @last: last PFN
 *
 * Context: process; may sleep; takes coherent_ledger_lock and coherent_reset.lock.
 * Return: 0 or -ENOMEM, and then some are still remembered.
 */
int coherent_ledger_forget(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger;
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &ledgers, node) {
		if (!overlaps(ledger, first, last))
			continue;
		ledger->changed = true;
		if (!ledger->cdev)
			continue;
		ret = forget(ledger->cdev, max(first, ledger->first),
			     min(last, ledger->last));
		if (ret)
			return ret;
	}
	/* What is left belongs to no device */
	return forget(NULL, first, last);
}

/**
 * coherent_ledger_set_policy() - what recorded pages mean to mappings
 * @ledger: the aperture
 * @policy: from now on; mappings that it does not allow are revoked
 *
 * Context: process; may sleep; takes coherent_ledger_lock and coherent_reset.lock.
 */
void coherent_ledger_set_policy(struct coherent_ledger *ledger,
				enum coherent_policy policy)
{
	struct coherent_device *cdev;
	unsigned long first;

	guard(mutex)(&coherent_ledger_lock);
	cdev = ledger->cdev;
	suspend(cdev);
	ledger->policy = policy;
	/* All from there on: faulted in anew, it is as it should be */
	first = coherent_poison_next(ledger->first, ledger->last);
	if (cdev && policy != COHERENT_POISON_KEEP && first <= ledger->last)
		coherent_revoke(cdev, first, ledger->last);
	resume(cdev);
}

/**
 * coherent_ledger_notify() - tell userspace of what changed since last time
 *
 * Once for many errors, however many there are.
 *
 * Context: process; may sleep; takes coherent_ledger_lock.
 */
void coherent_ledger_notify(void)
{
	struct coherent_ledger *ledger;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &ledgers, node) {
		if (!ledger->changed || !ledger->cdev)
			continue;
		ledger->changed = false;
		coherent_sysfs_changed(ledger->cdev);
	}
}

/**
 * coherent_ledger_watches() - does a range touch an aperture that is known?
 * @first: first PFN
 * @last: last PFN
 * @source: who tells of an error there
 *
 * Context: any but NMI.
 * Return: whether it does, and the error is ours to remember.
 */
bool coherent_ledger_watches(unsigned long first, unsigned long last,
			     enum coherent_source source)
{
	struct coherent_ledger *ledger;

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &ledgers, node)
		if (overlaps(ledger, first, last) &&
		    (!ledger->own_memory || source == COHERENT_SOURCE_DEBUGFS))
			return true;
	return false;
}

/**
 * coherent_ledger_spill() - remember an error that found the queue full
 * @first: first PFN
 * @last: last PFN
 * @mm_signals: as for coherent_ledger_record()
 *
 * Each aperture has room for one range. It grows to cover all that comes: more
 * than what is bad may be lost that way, but no error is.
 *
 * Context: any but NMI, under the queue's lock.
 */
void coherent_ledger_spill(unsigned long first, unsigned long last,
			   bool mm_signals)
{
	struct coherent_ledger *ledger;

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &ledgers, node) {
		if (!overlaps(ledger, first, last))
			continue;
		if (ledger->spill_first > ledger->spill_last)
			ledger->spill_mm_signals = true;
		ledger->spill_mm_signals &= mm_signals;
		ledger->spill_first = min(ledger->spill_first,
					  max(first, ledger->first));
		ledger->spill_last = max(ledger->spill_last,
					 min(last, ledger->last));
	}
}

/**
 * coherent_ledger_unspill() - take one range that was spilled
 * @first: where to store its first PFN
 * @last: and its last
 * @mm_signals: and whether the memory manager signals for all of it
 *
 * Context: as coherent_ledger_spill().
 * Return: whether there was one.
 */
bool coherent_ledger_unspill(unsigned long *first, unsigned long *last,
			     bool *mm_signals)
{
	struct coherent_ledger *ledger;

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &ledgers, node) {
		if (ledger->spill_first > ledger->spill_last)
			continue;
		*first = ledger->spill_first;
		*last = ledger->spill_last;
		*mm_signals = ledger->spill_mm_signals;
		ledger->spill_first = ULONG_MAX;
		ledger->spill_last = 0;
		return true;
	}
	return false;
}

/**
 * coherent_ledger_unheal() - a new error: no reset that runs can have healed it
 * @first: first PFN
 * @last: last PFN
 *
 * Context: as coherent_ledger_spill().
 */
void coherent_ledger_unheal(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger;

	lockdep_assert_held(&coherent_queue_lock);

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &ledgers, node)
		if (overlaps(ledger, first, last))
			ledger->heals = false;
}

static struct coherent_ledger *new_ledger(unsigned long first,
					  unsigned long last,
					  enum coherent_policy policy)
	__context_unsafe(/* nobody else knows it yet */)
{
	struct coherent_ledger *ledger = kzalloc_obj(*ledger, GFP_KERNEL);

	if (!ledger)
		return NULL;
	ledger->first = first;
	ledger->last = last;
	ledger->policy = policy;
	ledger->spill_first = ULONG_MAX;
	return ledger;
}

/**
 * coherent_ledger_attach() - a device shows its aperture
 * @cdev: the device, with its aperture claimed
 * @policy: for an aperture that was never seen before
 *
 * Context: probe; may sleep; takes coherent_ledger_lock.
 * Return: 0 or -ENOMEM.
 */
int coherent_ledger_attach(struct coherent_device *cdev,
			   enum coherent_policy policy)
{
	unsigned long first = PHYS_PFN(cdev->layout.base);
	unsigned long last = first + PHYS_PFN(cdev->layout.size) - 1;
	struct coherent_ledger *ledger;
	unsigned long n;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &ledgers, node)
		if (ledger->first == first && ledger->last == last)
			goto found;

	ledger = new_ledger(first, last, policy);
	if (!ledger)
		return -ENOMEM;
	ledger->own_memory = cdev->own_memory;
	list_add_tail_rcu(&ledger->node, &ledgers);
found:
	ledger->cdev = cdev;
	cdev->ledger = ledger;
	n = coherent_ledger_count(ledger);
	if (n)
		dev_warn(&cdev->core.pdev->dev,
			 "%lu poisoned pages are known from before\n", n);
	return 0;
}

/**
 * coherent_ledger_detach() - the device is unbound; what is known stays
 * @cdev: the device, with no user left
 *
 * Context: may sleep; takes coherent_ledger_lock.
 */
void coherent_ledger_detach(struct coherent_device *cdev)
{
	guard(mutex)(&coherent_ledger_lock);
	cdev->ledger->cdev = NULL;
}

/**
 * coherent_ledger_drop() - memory that we own is given back
 * @first: first PFN
 * @last: last PFN; no device shows any of it
 *
 * Context: may sleep; takes coherent_ledger_lock.
 * Return: 0, or -ENOMEM, and then nothing is dropped.
 */
int coherent_ledger_drop(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger, *next;
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	ret = forget(NULL, first, last);
	if (ret)
		return ret;
	list_for_each_entry_safe(ledger, next, &ledgers, node) {
		if (!ledger->own_memory || !overlaps(ledger, first, last))
			continue;
		list_del_rcu(&ledger->node);
		kfree_rcu(ledger, rcu);
	}
	return 0;
}

/**
 * coherent_ledger_exit() - the core is removed: nothing is remembered any more
 *
 * Context: module exit; no device is bound and no source is left.
 */
void coherent_ledger_exit(void)
{
	struct coherent_ledger *ledger, *next;

	guard(mutex)(&coherent_ledger_lock);
	/* poison_forget can still be written to */
	list_for_each_entry_safe(ledger, next, &ledgers, node) {
		list_del(&ledger->node);
		kfree(ledger);
	}
}
