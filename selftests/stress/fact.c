// SPDX-License-Identifier: GPL-2.0-only
/*
 * Facts: what is known of the function while several change it.
 *
 * Who changes one says so before and after. Who looks at it before and after an
 * operation of his own knows its value if nothing happened in between, and
 * otherwise that it may have been any. Two who change it at a time leave it
 * unknown, for nobody can say whose change came last.
 */
#include "stress.h"

/* value: 0-7, changers: 8-15, conflict: 16, changes: 32-63 */
#define CHANGER		(1ULL << 8)
#define CONFLICT	(1ULL << 16)
#define CHANGE		(1ULL << 32)

static unsigned int changers(u64 v)
{
	return v >> 8 & 0xff;
}

void fact_begin(fact *f)
{
	u64 old = atomic_load(f), new;

	do {
		new = old + CHANGER + CHANGE;
		if (changers(old))
			new |= CONFLICT;
	} while (!atomic_compare_exchange_weak(f, &old, new));
}

void fact_end(fact *f, unsigned int value)
{
	u64 old = atomic_load(f), new;

	do {
		new = old - CHANGER + CHANGE;
		new = (new & ~0xffULL) | (old & CONFLICT ? UNKNOWN : value);
		if (!changers(new))
			new &= ~CONFLICT;
	} while (!atomic_compare_exchange_weak(f, &old, new));
}

void fact_set(fact *f, unsigned int value)
{
	atomic_store(f, (atomic_load(f) & ~(CHANGE - 1)) + CHANGE + value);
}

bool fact_quiet(u64 before, u64 after)
{
	return before == after && !changers(before);
}

unsigned int fact_between(u64 before, u64 after)
{
	unsigned int value = before & 0xff;

	return fact_quiet(before, after) && value != UNKNOWN ? IF(value) : ANY;
}
