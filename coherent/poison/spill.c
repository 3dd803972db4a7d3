// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overflow: errors that found the queue full. Each aperture has room for one
 * range, which grows to cover all of them: good pages between them are treated
 * as poisoned, but no error is lost. It is also unknown then for which pages mm
 * signals: two signals are better than none.
 */
#include <linux/cleanup.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "private.h"

/**
 * coherent_spill_add() - remember an error that found the queue full
 * @first: first PFN
 * @last: last PFN
 *
 * Context: any but NMI, under the queue's lock.
 */
void coherent_spill_add(unsigned long first, unsigned long last)
{
	struct coherent_ledger *ledger;

	lockdep_assert_held(&coherent_queue_lock);

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &coherent_ledgers, node) {
		if (!coherent_ledger_overlaps(ledger, first, last))
			continue;
		ledger->spill_first = min(ledger->spill_first,
					  max(first, ledger->first));
		ledger->spill_last = max(ledger->spill_last,
					 min(last, ledger->last));
	}
}

/**
 * coherent_spill_take() - take one range that was spilled
 * @first: where to store its first PFN
 * @last: and its last
 *
 * Context: as coherent_spill_add().
 * Return: whether there was one.
 */
bool coherent_spill_take(unsigned long *first, unsigned long *last)
{
	struct coherent_ledger *ledger;

	lockdep_assert_held(&coherent_queue_lock);

	guard(rcu)();
	list_for_each_entry_rcu(ledger, &coherent_ledgers, node) {
		if (ledger->spill_first > ledger->spill_last)
			continue;
		*first = ledger->spill_first;
		*last = ledger->spill_last;
		ledger->spill_first = ULONG_MAX;
		ledger->spill_last = 0;
		return true;
	}
	return false;
}
