// SPDX-License-Identifier: GPL-2.0-only
/* Threads that access a region: over and over, or once. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker.h"

static void *work(void *arg)
{
	struct worker *w = arg;
	struct fault_seen seen;
	u64 got, o;

	atomic_store(&w->tid, gettid());
	while (!atomic_load(w->stop) && !w->bad && !w->wrong) {
		for (o = 0; o < w->n && !w->bad && !w->wrong; o += w->page) {
			got = 0;
			if (w->map)
				w->bad = touch_read(w->map + o, 8, &got, &seen);
			else
				w->bad = rd(w->f, w->index, &got, 8, w->off + o) - 8;
			w->wrong = !w->bad && got != w->seed + o;
		}
		atomic_fetch_add(&w->rounds, 1);
	}
	return NULL;
}

int worker_start(struct worker *w)
{
	return pthread_create(&w->thread, NULL, work, w);
}

bool worker_join(struct worker *w)
{
	pthread_join(w->thread, NULL);
	return !w->bad && !w->wrong;
}

struct progress {
	struct worker *w;
	unsigned long from;
};

static bool progressed(void *arg)
{
	struct progress *p = arg;

	return atomic_load(&p->w->rounds) >= p->from + 2 || p->w->bad || p->w->wrong;
}

bool worker_goes_on(struct worker *w, u64 ms)
{
	struct progress p = { w, atomic_load(&w->rounds) };

	return wait_for(progressed, &p, ms);
}

bool worker_waits(void *arg)
{
	struct worker *w = arg;
	pid_t tid = atomic_load(&w->tid);

	return atomic_load(&w->rounds) || w->bad || (tid && task_blocked(tid));
}

void *waiter_run(void *arg)
{
	struct waiter *w = arg;

	w->tid = gettid();
	atomic_store(&w->state, 1);
	if (w->map)
		w->ret = touch_read(w->map, 8, &w->got, &w->seen) ? -EFAULT : 8;
	else
		w->ret = rd(w->f, w->index, &w->got, 8, 0);
	atomic_store(&w->state, 2);
	return NULL;
}

struct waiter *waiter_shared(const struct fn *f, unsigned int index, size_t map_len)
{
	struct waiter *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	w->f = f;
	w->index = index;
	if (!map_len)
		return w;
	w->map = map_plain(f, index, 0, map_len, PROT_READ | PROT_WRITE);
	return w->map == MAP_FAILED ? NULL : w;
}

pid_t waiter_fork(struct waiter *w)
{
	pid_t pid = fork();

	if (!pid) {
		waiter_run(w);
		_exit(7);
	}
	return pid;
}

bool waiter_sleeps(void *arg)
{
	struct waiter *w = arg;
	int state = atomic_load(&w->state);

	return state == 2 || (state == 1 && task_blocked(w->tid));
}

bool waiter_done(void *arg)
{
	struct waiter *w = arg;

	return atomic_load(&w->state) == 2;
}
