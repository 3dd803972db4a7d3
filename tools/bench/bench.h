/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks share. */
#ifndef COHERENT_BENCH_H
#define COHERENT_BENCH_H

#include <time.h>
#include <unistd.h>

#include "coherent.h"

#define RW		(PROT_READ | PROT_WRITE)
#define BAD_AT_ONCE	10000ULL	/* bad pages: what the core's queue takes */

/*
 * Virtual and physical addresses agree modulo what one table of blocks maps. Otherwise it is
 * chance whether an operation needs another table, or, as a fault of ours maps 64 aligned
 * blocks, another fault.
 */
static inline u64 table_size(void)
{
	return pmd_size() * (page_size() / sizeof(u64));
}

/* On a machine whose clock counts instructions (scripts/lab/run --icount), their number */
static inline u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* What was left to be done later is done, such as to free memory */
static inline void settle(void)
{
	usleep(200000);
}

#endif
