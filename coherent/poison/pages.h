/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree of poisoned pages (pages.c), for those who change it.
 */
#ifndef COHERENT_POISON_PAGES_H
#define COHERENT_POISON_PAGES_H

#include <linux/maple_tree.h>
#include <linux/types.h>

#include "poison.h"

struct coherent_pages_change {
	struct ma_state mas;
	void *entry;
};

int coherent_pages_prepare(struct coherent_pages_change *change,
			   unsigned long first, unsigned long last,
			   bool poison)
	__must_hold(&coherent_ledger_lock);
bool coherent_pages_find_new(unsigned long *first, unsigned long *to,
			     unsigned long last)
	__must_hold(&coherent_ledger_lock);
void coherent_pages_commit(struct coherent_pages_change *change)
	__must_hold(&coherent_ledger_lock);
void coherent_pages_exit(void);

#endif
