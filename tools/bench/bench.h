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
 * What ours maps by one fault begins at a multiple of this many blocks: else it is chance
 * whether an operation takes a fault more
 */
static inline u64 group_size(void)
{
	return 64 * pmd_size();
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
