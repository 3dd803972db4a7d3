// SPDX-License-Identifier: GPL-2.0-only
/* What each worker did last, and how a failure is told. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stress.h"

void log_op(struct stress *s, unsigned int worker, const struct op *op)
{
	struct worker_log *l = &s->b->log[worker];
	unsigned int n = atomic_load(&l->done);

	op_text(op, &s->a, l->last[n % LAST], sizeof(l->last[0]));
	atomic_store(&l->tid, syscall(SYS_gettid));
	atomic_store(&l->done, n + 1);
	atomic_fetch_add(&s->b->ops, 1);
}

void fail(struct stress *s, int worker, const char *fmt, ...)
{
	va_list args;

	if (atomic_exchange(&s->b->failed, true))
		return;
	va_start(args, fmt);
	vsnprintf(s->b->failure, sizeof(s->b->failure), fmt, args);
	va_end(args);
	s->b->failed_worker = worker;
	atomic_store(&s->b->stop, true);
}

void log_met(struct stress *s, enum met what)
{
	atomic_fetch_add(&s->b->met[what], 1);
}

/* So many operations meet all of it many times over */
#define ENOUGH	15000

const char *log_missed(const struct stress *s)
{
	static const char * const what[METS] = {
		[MET_POISON] = "poison by touch",
		[MET_POISON_IO] = "poison by file I/O",
		[MET_OFF] = "memory that is off",
		[MET_RESET] = "a reset of what is mapped",
	};
	const char *missed = NULL;

	for (int i = 0; i < METS; i++) {
		unsigned long n = atomic_load(&s->b->met[i]);

		printf("# met %lu times: %s\n", n, what[i]);
		if (!n && s->only < 0 && atomic_load(&s->b->ops) >= ENOUGH)
			missed = what[i];
	}
	return missed;
}

static void show_worker(const struct stress *s, unsigned int worker, unsigned int most)
{
	const struct worker_log *l = &s->b->log[worker];
	unsigned int n = atomic_load(&l->done), i = n > most ? n - most : 0;

	printf("# worker %u%s:\n", worker,
	       (int)worker == s->b->failed_worker ? ", which failed in the last of these" : "");
	for (; i < n; i++)
		printf("#   %s\n", l->last[i % LAST]);
}

void log_show(const struct stress *s)
{
	printf("# seed %llu round %u worker %d: %s\n", (unsigned long long)s->seed, s->round,
	       s->b->failed_worker, s->b->failure);
	for (unsigned int i = 0; i < WORKERS; i++)
		show_worker(s, i, (int)i == s->b->failed_worker ? LAST : 3);
	printf("# replay: scripts/stress -k KERNEL -s %llu -- -r %u -n %u -c 1\n",
	       (unsigned long long)s->seed, s->round, s->ops);
	printf("# (-l lists what each worker does, -w N lets one work alone)\n");
	fflush(stdout);
}
