/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors that a process hits: the CPU stops it at a load. Nothing is loaded from the page
 * that is said to be bad: what the kernel is told is all there is.
 */
#ifndef COHERENT_HIT_H
#define COHERENT_HIT_H

#include "coherent.h"

/* In one report, at most */
#ifdef __aarch64__
#define HIT_RECORDS	2
#else
#define HIT_RECORDS	1
#endif

/* NULL, or why it cannot be done on this machine */
const char *hit_missing(void);
/* Before any, and after all of them; 0 or a negative errno value */
int hit_begin(void);
void hit_end(void);
/*
 * The calling process loads from @phys[0]; a report may have more records. All signals for
 * that have come when this returns. 0 or a negative errno value.
 */
int hit_load(const u64 *phys, int n);
/* Have all who hear of an error without asking memory_failure() heard of the last one? */
bool hit_told(void);
/* In a handler of SIGBUS: does not load again when that returns */
void hit_over(void *context);

#endif
