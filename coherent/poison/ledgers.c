// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which apertures there are and were. A ledger stays when its device is
 * unbound, so that errors count meanwhile.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../coherent.h"
#include "private.h"

LIST_HEAD(coherent_ledgers);
DEFINE_RAW_SPINLOCK(coherent_queue_lock);

/**
 * coherent_ledger_watches() - does a range touch an aperture that is known?
 * @first: first PFN
 * @last: last PFN
 * @source: who reports an error there
 *
 * Context: any but NMI.
 * Return: whether it does, and the core is to record the error.
 */
bool coherent_ledger_watches(unsigned long first, unsigned long last,
			     enum coherent_source source)
{
	struct coherent_ledger *ledger;

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &coherent_ledgers, node)
		if (coherent_ledger_overlaps(ledger, first, last) &&
		    (!ledger->own_memory || source == COHERENT_SOURCE_DEBUGFS))
			return true;
	return false;
}

/**
 * coherent_ledger_contains() - does a range lie wholly in a known aperture?
 * @first: first PFN
 * @last: last PFN
 *
 * Context: any but NMI.
 * Return: whether it does.
 */
bool coherent_ledger_contains(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger;

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &coherent_ledgers, node)
		if (first >= ledger->first && last <= ledger->last)
			return true;
	return false;
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
 * coherent_ledger_attach() - a device is bound to its aperture
 * @ap: the aperture, claimed
 * @policy: for an aperture that was never seen before
 *
 * Context: probe; may sleep; takes coherent_ledger_lock.
 * Return: 0 or -ENOMEM.
 */
int coherent_ledger_attach(struct coherent_aperture *ap,
			   enum coherent_policy policy)
{
	unsigned long first = PHYS_PFN(ap->layout.base);
	unsigned long last = first + PHYS_PFN(ap->layout.size) - 1;
	struct coherent_ledger *ledger;
	unsigned long n;

	guard(mutex)(&coherent_ledger_lock);
	list_for_each_entry(ledger, &coherent_ledgers, node)
		if (ledger->first == first && ledger->last == last)
			goto found;

	ledger = new_ledger(first, last, policy);
	if (!ledger)
		return -ENOMEM;
	ledger->own_memory = ap->own_memory;
	list_add_tail_rcu(&ledger->node, &coherent_ledgers);
found:
	ledger->ap = ap;
	ap->ledger = ledger;
	n = coherent_ledger_count(ledger);
	if (n)
		dev_warn(ap->dev,
			 "%lu poisoned pages already on record\n", n);
	return 0;
}

/**
 * coherent_ledger_detach() - the device is unbound; what is known stays
 * @ap: the aperture, with no user left
 *
 * Context: may sleep; takes coherent_ledger_lock.
 */
void coherent_ledger_detach(struct coherent_aperture *ap)
{
	guard(mutex)(&coherent_ledger_lock);
	ap->ledger->ap = NULL;
}

/**
 * coherent_ledger_remove_own() - memory that we own is given back
 * @first: first PFN
 * @last: last PFN; no device shows any of it, and nothing in it is poisoned
 *
 * Context: coherent_ledger_lock is held.
 */
void coherent_ledger_remove_own(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger, *next;

	lockdep_assert_held(&coherent_ledger_lock);

	list_for_each_entry_safe(ledger, next, &coherent_ledgers, node) {
		if (!ledger->own_memory || !coherent_ledger_overlaps(ledger, first, last))
			continue;
		list_del_rcu(&ledger->node);
		kfree_rcu(ledger, rcu);
	}
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
	/* A write to poison_forget may still walk the list */
	list_for_each_entry_safe(ledger, next, &coherent_ledgers, node) {
		list_del(&ledger->node);
		kfree(ledger);
	}
}
