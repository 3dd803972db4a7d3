/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One who holds the device and means no good: what test_attack.c runs many of.
 */
#ifndef COHERENT_ATTACK_H
#define COHERENT_ATTACK_H

#include <stdatomic.h>

#include "coherent.h"

#define ATTACK_MAPS	4

/* Shared by all processes of an attack */
struct board {
	atomic_ulong steps;
	atomic_int bad;
	char what[256];
};

struct attacker {
	const struct fn *f;
	const struct expect *e;
	struct board *board;
	unsigned int id;
	unsigned long steps;
	struct rng rng;
	unsigned int index;		/* region of its own slot ... */
	u64 slot;			/* ... and where in it */
	size_t slot_len;
	u8 *shadow;			/* what the slot holds; shared with the checker */
	u8 *map[ATTACK_MAPS];
	size_t map_len[ATTACK_MAPS];
};

/* One step, chosen by the attacker's own random numbers */
void attack_step(struct attacker *a);
/* Give back what the steps left mapped */
void attack_end(struct attacker *a);

#endif
