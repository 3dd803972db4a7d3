// SPDX-License-Identifier: GPL-2.0-only
/*
 * The per-aperture poison state, here called the ledger: what it means to an
 * aperture, bound or not, that pages are recorded as poisoned, or cleared. The
 * pages themselves are in pages.c.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/rwsem.h>

#include "../coherent.h"
#include "../trace.h"
#include "private.h"

const char * const coherent_policy_names[] = {
	[COHERENT_POISON_AUTO] = "auto",
	[COHERENT_POISON_ISOLATE] = "isolate",
	[COHERENT_POISON_KEEP] = "keep",
	NULL,
};

static const char * const source_names[] = {
	[COHERENT_SOURCE_GHES] = "ghes",
	[COHERENT_SOURCE_MCE] = "mce",
	[COHERENT_SOURCE_MEMORY_FAILURE] = "memory_failure",
	[COHERENT_SOURCE_ARM] = "arm",
	[COHERENT_SOURCE_FIRMWARE] = "firmware",
	[COHERENT_SOURCE_DEBUGFS] = "debugfs",
	[COHERENT_SOURCE_ADMIN] = "admin",
	[COHERENT_SOURCE_OVERFLOW] = "overflow",
};

/**
 * coherent_source_name() - what a source is called in logs and traces
 * @source: the source
 *
 * Context: any.
 * Return: its name.
 */
const char *coherent_source_name(enum coherent_source source)
{
	return source_names[source];
}

/**
 * coherent_poison_blocks() - is there a page that must not simply be mapped?
 * @ap: the aperture
 * @first: first PFN
 * @last: last PFN
 *
 * Context: between coherent_access_begin() and coherent_access_end().
 * Return: whether there is one that the policy keeps from being mapped.
 */
bool coherent_poison_blocks(const struct coherent_aperture *ap,
			    unsigned long first, unsigned long last)
{
	return coherent_poison_next(first, last) <= last &&
	       ap->ledger->policy != COHERENT_POISON_KEEP;
}

#ifndef COHERENT_IN_TREE
/**
 * coherent_poison_kvm_may_map() - may KVM be lent a poisoned page?
 * @ap: the aperture
 *
 * Context: between coherent_access_begin() and coherent_access_end().
 * Return: whether the policy says so, of pages that coherent_poison_blocks()
 * keeps from others.
 */
bool coherent_poison_kvm_may_map(const struct coherent_aperture *ap)
{
	return ap->ledger->policy == COHERENT_POISON_AUTO;
}
#endif

/**
 * coherent_poison_dma_may_map() - may an IOMMU be given a poisoned page?
 * @ap: the aperture
 *
 * Context: any.
 * Return: whether the policy, as it is now, says so.
 */
bool coherent_poison_dma_may_map(const struct coherent_aperture *ap)
{
	return READ_ONCE(ap->ledger->policy) != COHERENT_POISON_ISOLATE;
}

/**
 * coherent_poison_cut() - what may be loaded and stored before the next poison
 * @win: the region
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
size_t coherent_poison_cut(const struct coherent_window *win, u64 off, size_t n)
{
	u64 addr = win->region->base + off;
	unsigned long pfn = coherent_poison_next(PHYS_PFN(addr),
						 PHYS_PFN(addr + n - 1));

	if (pfn == ULONG_MAX)
		return n;
	return PFN_PHYS(pfn) > addr ? PFN_PHYS(pfn) - addr : 0;
}

/*
 * Until resume() no access to @ap's memory begins, so what is stored in
 * between and the mappings that are revoked change as one.
 */
static void suspend(struct coherent_aperture *ap)
	__context_unsafe(/* only where there is a device */)
{
	if (ap)
		down_write(&ap->gate.lock);
}

static void resume(struct coherent_aperture *ap)
	__context_unsafe(/* only where there is a device */)
{
	if (ap)
		up_write(&ap->gate.lock);
}

static const char *name_of(const struct coherent_ledger *ledger)
	__must_hold(&coherent_ledger_lock)
{
	return ledger->ap ? dev_name(ledger->ap->dev) : "unbound";
}

/*
 * A page that KVM was given (auto), or all of them (keep), are mapped in a
 * process, and the kernel may copy from there: vhost, write(). Where it cannot
 * recover from loading poison that is the end of the host, and only isolate
 * rules it out. Said once, as soon as there is poison under such a policy, for
 * that is when an administrator can still change it.
 */
static void warn_of_policy(struct coherent_ledger *ledger)
	__must_hold(&coherent_ledger_lock)
{
	lockdep_assert_held(&coherent_ledger_lock);

	if (IS_ENABLED(CONFIG_ARCH_HAS_COPY_MC) || ledger->warned ||
	    ledger->policy == COHERENT_POISON_ISOLATE ||
	    !coherent_ledger_count(ledger))
		return;
	ledger->warned = true;
	pr_warn("%s: with poison_policy %s a process that maps poison can crash this host; isolate rules that out\n",
		name_of(ledger), coherent_policy_names[ledger->policy]);
}

/* Readers of the list, and those who wait for changes, must see this one */
static void has_changed(struct coherent_ledger *ledger)
	__must_hold(&coherent_ledger_lock)
{
	lockdep_assert_held(&coherent_ledger_lock);

	ledger->changed = true;
	ledger->sequence++;
}

static void announce(struct coherent_ledger *ledger, unsigned long first,
		     unsigned long last, enum coherent_source source)
	__must_hold(&coherent_ledger_lock)
{
	u64 offset = PFN_PHYS(first - ledger->first);
	u64 length = PFN_PHYS(last - first + 1);

	lockdep_assert_held(&coherent_ledger_lock);

	has_changed(ledger);
	trace_coherent_poison(name_of(ledger), PFN_PHYS(first), offset, length,
			      source_names[source]);
	pr_err_ratelimited("%s: poison at offset %#llx, length %#llx (address %#llx), reported by %s\n",
			   name_of(ledger), offset, length, (u64)PFN_PHYS(first),
			   source_names[source]);
	warn_of_policy(ledger);
}

/* Pages that are all new */
static int record_new(struct coherent_ledger *ledger, unsigned long first,
		      unsigned long last, enum coherent_source source,
		      unsigned long mm_pfn)
	__must_hold(&coherent_ledger_lock)
{
	struct coherent_aperture *ap = ledger->ap;
	struct coherent_pages_change change;
	int ret;

	ret = coherent_pages_prepare(&change, first, last, true);
	if (ret == -ENODEV)
		return 0;	/* The core is being removed */
	if (ret)
		return ret;
	suspend(ap);
	coherent_pages_commit(&change);
	if (ap && ledger->policy != COHERENT_POISON_KEEP)
		coherent_revoke(ap, first, last);
	resume(ap);
	if (ap)
		coherent_dmabufs_revoke_poisoned(ap);

	announce(ledger, first, last, source);
	/* Looking at all processes takes its time; mostly there is no need */
	if (ap && mapping_mapped(ap->mapping))
		coherent_signal_early(first, last, mm_pfn);
	return 0;
}

static int record(struct coherent_ledger *ledger, unsigned long first,
		  unsigned long last, enum coherent_source source,
		  unsigned long mm_pfn)
	__must_hold(&coherent_ledger_lock)
{
	unsigned long from, to;
	int ret = 0;

	lockdep_assert_held(&coherent_ledger_lock);

	last = min(last, ledger->last);
	for (from = max(first, ledger->first);
	     !ret && coherent_pages_find_new(&from, &to, last); from = to + 1)
		ret = record_new(ledger, from, to, source, mm_pfn);
	return ret;
}

/**
 * coherent_ledger_record() - remember poisoned pages
 * @first: first PFN
 * @last: last PFN; what lies in no known aperture is left out
 * @source: who reported it
 * @mm_pfn: the page for which mm signals processes, if the aperture is
 *	registered with it; or COHERENT_NO_PFN
 *
 * Mappings of the pages are gone when it returns, unless the policy keeps them;
 * early signals are sent or queued.
 *
 * Context: process; may sleep; takes coherent_ledger_lock and
 * coherent_gate.lock.
 * Return: 0; -ENOMEM, and then the call can be repeated.
 */
int coherent_ledger_record(unsigned long first, unsigned long last,
			   enum coherent_source source, unsigned long mm_pfn)
{
	struct coherent_ledger *ledger;
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	/*
	 * Bound apertures first: if several share a page, only the first one
	 * finds it new, and that must be the one with mappings. Bound apertures
	 * never share a page.
	 */
	for (int bound = 1; bound >= 0; bound--) {
		list_for_each_entry(ledger, &coherent_ledgers, node) {
			if (!coherent_ledger_overlaps(ledger, first, last) ||
			    !!ledger->ap != bound)
				continue;
			ret = record(ledger, first, last, source, mm_pfn);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/* @ap shows the pages, NULL if none does. On -ENOMEM nothing has changed. */
static int clear(struct coherent_aperture *ap, unsigned long first,
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
	suspend(ap);
	coherent_pages_commit(&change);
	resume(ap);
	return 0;
}

/**
 * coherent_ledger_forget() - clear poison
 * @first: first PFN
 * @last: last PFN
 *
 * Context: process; may sleep; takes coherent_ledger_lock and coherent_gate.lock.
 * Return: 0 or -ENOMEM, and then some are still remembered.
 */
int coherent_ledger_forget(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger;
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &coherent_ledgers, node) {
		if (!coherent_ledger_overlaps(ledger, first, last))
			continue;
		has_changed(ledger);
		if (!ledger->ap)
			continue;
		ret = clear(ledger->ap, max(first, ledger->first),
			    min(last, ledger->last));
		if (ret)
			return ret;
	}
	/* What is left is shown by no device */
	return clear(NULL, first, last);
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
	int ret;

	guard(mutex)(&coherent_ledger_lock);
	ret = clear(NULL, first, last);
	if (!ret)
		coherent_ledger_remove_own(first, last);
	return ret;
}

/**
 * coherent_ledger_set_policy() - what recorded pages mean to mappings
 * @ledger: the aperture
 * @policy: from now on; mappings that it does not allow are revoked
 *
 * Context: process; may sleep; takes coherent_ledger_lock and coherent_gate.lock.
 */
void coherent_ledger_set_policy(struct coherent_ledger *ledger,
				enum coherent_policy policy)
{
	struct coherent_aperture *ap;
	unsigned long first;

	guard(mutex)(&coherent_ledger_lock);
	ap = ledger->ap;
	suspend(ap);
	WRITE_ONCE(ledger->policy, policy);
	/* From here on everything is faulted in again, by the new policy */
	first = coherent_poison_next(ledger->first, ledger->last);
	if (ap && policy != COHERENT_POISON_KEEP && first <= ledger->last)
		coherent_revoke(ap, first, ledger->last);
	resume(ap);
	if (ap)
		coherent_dmabufs_revoke_poisoned(ap);
	warn_of_policy(ledger);
}
