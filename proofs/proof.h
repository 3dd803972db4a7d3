/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the proofs share.  A harness is a function proof_X() without arguments
 * in one of the files here: it takes any inputs, assumes what the callers
 * promise, runs the code and claims what must be so.  CBMC tries all inputs at
 * once.  scripts/prove finds and runs them.
 */
#ifndef COHERENT_PROOF_H
#define COHERENT_PROOF_H

#include <linux/types.h>

typedef unsigned __int128 u128;

/* To CBMC a variable that nobody set has any value of its type */
#define DEFINE_ANY(type, name)						\
	static inline type any_##name(void) { type any; return any; }

DEFINE_ANY(u8, u8)
DEFINE_ANY(u16, u16)
DEFINE_ANY(u64, u64)
DEFINE_ANY(size_t, size)
DEFINE_ANY(unsigned int, uint)

#define assume(cond)	__CPROVER_assume(cond)
#define claim(cond)	__CPROVER_assert(cond, #cond)

/*
 * Last in each harness: nothing that was assumed may keep the end from being
 * reached.  scripts/prove --selftest turns this into a claim that must fail.
 */
#ifdef PROOF_REACHED
#define proof_end()	__CPROVER_assert(0, "the end is reached")
#else
#define proof_end()	do { } while (0)
#endif

static inline bool power_of_two(u64 n)
{
	return n && !(n & (n - 1));
}

static inline u64 any_power_of_two(void)
{
	unsigned int shift = any_uint();

	assume(shift < 64);
	return 1ULL << shift;
}

#endif
