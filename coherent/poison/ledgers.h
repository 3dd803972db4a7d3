/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of all ledgers (ledgers.c), for those who look for the apertures
 * that a range of pages lies in.
 */
#ifndef COHERENT_POISON_LEDGERS_H
#define COHERENT_POISON_LEDGERS_H

#include <linux/list.h>
#include <linux/types.h>

#include "poison.h"

/*
 * Readers hold RCU's read lock or coherent_ledger_lock, writers the latter, which
 * also protects the ledgers' cdev, policy and changed.
 */
extern struct list_head coherent_ledgers;

void coherent_ledger_remove_own(unsigned long first, unsigned long last)
	__must_hold(&coherent_ledger_lock);

/* ledger.c */
int coherent_ledger_clear(struct coherent_device *cdev, unsigned long first,
			  unsigned long last)
	__must_hold(&coherent_ledger_lock);

static inline bool coherent_ledger_overlaps(const struct coherent_ledger *ledger,
					    unsigned long first,
					    unsigned long last)
{
	return first <= ledger->last && last >= ledger->first;
}

#endif
