/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that access a region while something happens to it: workers over and
 * over, waiters once. What takes a void pointer is for pthread_create(), wait_for().
 */
#ifndef COHERENT_WORKER_H
#define COHERENT_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "coherent.h"

/* Reads the words that mark_pages() wrote, until told to stop or one is not right */
struct worker {
	const struct fn *f;
	unsigned int index;
	u8 *map;		/* NULL: file I/O */
	u64 off, n, page, seed;
	atomic_bool *stop;
	pthread_t thread;
	atomic_int tid;
	atomic_ulong rounds;
	ssize_t bad;		/* what an access came back with that was not right */
	bool wrong;		/* contents */
};

int worker_start(struct worker *w);
/* True when all accesses were as they should be */
bool worker_join(struct worker *w);
/* Two more rounds within @ms; or it has failed, which worker_join() tells */
bool worker_goes_on(struct worker *w, u64 ms);
/* It sleeps in the kernel; or it is through a round (which may be a failure) */
bool worker_waits(void *worker);

/* Reads one word */
struct waiter {
	const struct fn *f;
	unsigned int index;
	u8 *map;			/* NULL: file I/O */
	pid_t tid;
	atomic_int state;		/* 0 not yet, 1 about to, 2 done */
	ssize_t ret;			/* 8, or what went wrong; a mapping: -EFAULT */
	struct fault_seen seen;
	u64 got;
};

void *waiter_run(void *waiter);
/* One that a child can run and its parent can watch; with a mapping of @map_len bytes */
struct waiter *waiter_shared(const struct fn *f, unsigned int index, size_t map_len);
/* The child that runs it, and then exits */
pid_t waiter_fork(struct waiter *w);
/* It has begun, and sleeps in the kernel; or it is through (which is a failure) */
bool waiter_sleeps(void *waiter);
bool waiter_done(void *waiter);

#endif
