// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a memory error does to mappings: huge and small ones, several at once,
 * and shared with other processes and threads.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"
#include "trace.h"
#include "witness.h"

#define PUD	GiB

#define SIGNALS	"signal/signal_generate"

/* SIGBUS that told @pid of an error since trace_begin(): those that are pending count, too */
static int traced_signals(pid_t pid)
{
	char *trace = calloc(1, 1 << 16), *line, *next, of[32];
	int n = 0;

	snprintf(of, sizeof(of), " pid=%d ", pid);
	if (!trace || trace_end(SIGNALS, trace, 1 << 16)) {
		free(trace);
		return -1;
	}
	for (line = trace; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		/* 7 is SIGBUS, 5 BUS_MCEERR_AO */
		n += strstr(line, "sig=7 errno=0 code=5 ") && strstr(line, of);
	}
	free(trace);
	return n;
}

TEST_F(poison, mapping_made_afterwards_lacks_the_page)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, n = 64 * page;
	u8 *p;

	ASSERT_EQ(0, poison_pages(g, 0, 1));
	ASSERT_EQ(0, poison_pages(g, 7, 2));
	EXPECT_EQ(3, poison_count(&g->e));
	p = map_plain(&g->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	for (u64 nr = 0; nr < 64; nr++) {
		if (!nr || nr == 7 || nr == 8) {
			EXPECT_POISON(p + nr * page + nr);
		} else {
			EXPECT_EQ(0, mark_pages(p + nr * page, page, page, nr));
			EXPECT_EQ(0, check_pages(p + nr * page, page, page, nr));
		}
	}
	munmap(p, n);
}

TEST_F(poison, address_is_the_one_that_was_touched)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	struct poison_ground *g = &self->g;
	struct fault_seen seen;
	u64 page = g->page, off;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 3 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 3 * page, page, g->seed));
	ASSERT_EQ(0, poison_pages(g, 1, 1));
	for (unsigned int w = 0; w < ARRAY_SIZE(widths); w++) {
		for (off = 1; off < page - 8; off += page / 5 + 1) {
			EXPECT_EQ(-EFAULT, touch_read(p + page + off, widths[w], NULL, &seen));
			EXPECT_EQ(SIGBUS, seen.sig);
			EXPECT_EQ(BUS_MCEERR_AR, seen.code);
			EXPECT_EQ(p + page + off, seen.addr);
			EXPECT_EQ(page, 1ULL << seen.lsb);
			EXPECT_EQ(-EFAULT, touch_write(p + page + off, widths[w], 1, &seen));
			EXPECT_EQ(BUS_MCEERR_AR, seen.code);
			EXPECT_EQ(p + page + off, seen.addr);
		}
	}
	/* out of the good page before, into the bad one */
	EXPECT_EQ(-EFAULT, touch_read(p + page - 3, 8, NULL, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_TRUE((u8 *)seen.addr >= p + page - 3 && (u8 *)seen.addr < p + page + 5);
	EXPECT_EQ(0, touch_read(p + page - 8, 8, NULL, &seen));
	EXPECT_EQ(0, touch_read(p + 2 * page, 8, NULL, &seen));
	munmap(p, 3 * page);
}

TEST_F_TIMEOUT(poison, huge_block_loses_one_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 off, page = g->page, pmd = g->pmd, n = 3 * pmd, bad[] = { 0, 3 * page, pmd - page };
	u8 *p;

	p = map_blocks(&g->f, USEMEM, &g->e.use, pmd, 3, &off);
	if (!p)
		SKIP(return, "region holds no three whole blocks");
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_GE(3, faults_of_walk(p, n, page));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 at = pmd + bad[i];

		ASSERT_EQ(0, mark_pages(p, n, page, g->seed + i));
		ASSERT_EQ(0, inject_many(&g->e, off + at, 1, 0));
		EXPECT_EQ(1, poison_count(&g->e));
		EXPECT_POISON(p + at + 11);
		EXPECT_EQ(0, check_pages(p, at, page, g->seed + i));
		EXPECT_EQ(0, check_pages(p + at + page, n - at - page, page,
					 g->seed + i + at + page));
		ASSERT_EQ(0, poison_clear_all(&g->e));
		EXPECT_EQ(0, check_pages(p, n, page, g->seed + i));
	}
	munmap(p, n);
}

/* A fault maps the blocks beside its own as well, but none with poison inside */
TEST_F_TIMEOUT(poison, block_beside_a_fault_lacks_the_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 off, page = g->page, pmd = g->pmd, n = 3 * pmd, at = pmd + 3 * page;
	u8 *p;

	p = map_blocks(&g->f, USEMEM, &g->e.use, pmd, 3, &off);
	if (!p)
		SKIP(return, "region holds no three whole blocks");
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, inject_many(&g->e, off + at, 1, 0));
	/* The one before is of its group of 64, or the one behind it */
	ASSERT_EQ(0, mark_pages(p, pmd, page, g->seed));
	ASSERT_EQ(0, mark_pages(p + 2 * pmd, pmd, page, g->seed));
	EXPECT_POISON(p + at);
	EXPECT_EQ(0, mark_pages(p + pmd, at - pmd, page, g->seed));
	EXPECT_EQ(0, mark_pages(p + at + page, 2 * pmd - at - page, page, g->seed));
	EXPECT_POISON(p + at);
	munmap(p, n);
}

TEST_F_TIMEOUT(poison, two_errors_in_one_huge_block, 60)
{
	struct poison_ground *g = &self->g;
	u64 off, page = g->page, pmd = g->pmd, a = 2 * page, b = pmd / 2;
	u8 *p;

	p = map_blocks(&g->f, USEMEM, &g->e.use, pmd, 1, &off);
	if (!p)
		SKIP(return, "region holds no whole block");
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, pmd, page, g->seed));
	ASSERT_EQ(0, inject_many(&g->e, off + a, 1, 0));
	EXPECT_POISON(p + a);
	ASSERT_EQ(0, inject_many(&g->e, off + b, 1, 0));
	EXPECT_POISON(p + a + page - 1);
	EXPECT_POISON(p + b);
	EXPECT_EQ(0, check_pages(p, a, page, g->seed));
	EXPECT_EQ(0, check_pages(p + a + page, b - a - page, page, g->seed + a + page));
	EXPECT_EQ(0, check_pages(p + b + page, pmd - b - page, page, g->seed + b + page));
	/* one of them is forgotten */
	ASSERT_EQ(0, poison_clear(&g->e, off + a, page));
	EXPECT_EQ(0, check_pages(p, b, page, g->seed));
	EXPECT_POISON(p + b + 1);
	munmap(p, pmd);
}

TEST_F_TIMEOUT(poison, gigabyte_entry_loses_one_page, 90)
{
	struct poison_ground *g = &self->g;
	u64 off = (PUD - g->e.use.base % PUD) % PUD, page = g->page, bad = PUD / 2 + 5 * page;
	u8 *p;

	if (off + 2 * PUD > g->len)
		SKIP(return, "region holds no two GiB");
	p = map_aligned(&g->f, USEMEM, g->e.use.base, off, 2 * PUD, PUD, 0, RW);
	ASSERT_NE(MAP_FAILED, p);
	printf("# 2 GiB mapped by %ld faults\n", faults_of_walk(p, 2 * PUD, g->pmd));
	ASSERT_EQ(0, mark_pages(p, 2 * PUD, g->pmd, g->seed));
	ASSERT_EQ(0, mark_pages(p + PUD / 2, 16 * page, page, 1));
	ASSERT_EQ(0, inject_many(&g->e, off + bad, 1, 0));
	EXPECT_POISON(p + bad + 9);
	EXPECT_EQ(0, check_pages(p + PUD / 2, 5 * page, page, 1));
	EXPECT_EQ(0, check_pages(p + bad + page, 10 * page, page, 1 + 6 * page));
	EXPECT_EQ(0, check_pages(p, PUD / 2, g->pmd, g->seed));
	EXPECT_EQ(0, check_pages(p + PUD / 2 + g->pmd, PUD, g->pmd, g->seed + PUD / 2 + g->pmd));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, check_pages(p + PUD / 2, 16 * page, page, 1));
	munmap(p, 2 * PUD);
}

TEST_F(poison, process_with_several_mappings_is_told_once)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	struct witness_map map[] = {
		{ USEMEM, 0, 4 * page }, { USEMEM, 2 * page, page }, { USEMEM, page, 8 * page },
	};
	const u64 where[] = { 2 * page, 0, page };
	struct witness w;
	unsigned int at;
	u64 off;
	int lsb;

	ASSERT_EQ(0, witness_start(&w, &g->f, map, 3, true));
	ASSERT_EQ(0, trace_begin(SIGNALS));
	ASSERT_EQ(0, poison_pages(g, 2, 1));
	EXPECT_TRUE(witness_told(&w, 1, POISON_LIMIT_MS));
	ASSERT_TRUE(witness_where(&w, &at, &off, &lsb));
	EXPECT_EQ(where[at], off);
	for (at = 0; at < 3; at++) {
		EXPECT_EQ(1, witness_touch(&w, at, where[at] + 3));
	}
	ASSERT_EQ(0, poison_pages(g, 3, 1));
	EXPECT_TRUE(witness_told(&w, 2, POISON_LIMIT_MS));
	EXPECT_EQ(2, witness_count(&w));
	/* signals of one number are not queued: what was sent is seen there alone */
	EXPECT_EQ(2, traced_signals(w.pid));
	EXPECT_EQ(0, witness_touch(&w, 0, page));
	EXPECT_EQ(0, witness_end(&w));
}

/* An error that is known already is no news */
TEST_F(poison, same_page_again_is_not_told_again)
{
	struct poison_ground *g = &self->g;
	struct witness_map map = { USEMEM, 0, 4 * g->page };
	struct witness w;
	unsigned int at;
	u64 off;
	int lsb;

	ASSERT_EQ(0, witness_start(&w, &g->f, &map, 1, true));
	ASSERT_EQ(0, poison_pages(g, 1, 1));
	EXPECT_TRUE(witness_told(&w, 1, POISON_LIMIT_MS));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, poison_pages(g, 1, 1));
	}
	EXPECT_EQ(1, poison_count(&g->e));
	ASSERT_EQ(0, poison_pages(g, 2, 1));
	EXPECT_TRUE(witness_told(&w, 2, POISON_LIMIT_MS));
	EXPECT_EQ(2, witness_count(&w));
	EXPECT_TRUE(witness_where(&w, &at, &off, &lsb));
	EXPECT_EQ(2 * g->page, off);
	EXPECT_EQ(0, witness_end(&w));
}

TEST_F(poison, parent_and_forked_child_both_lose_the_page)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	const char *why;
	int to_child[2], to_parent[2];
	pid_t pid;
	char go;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(to_parent));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (check_pages(p, 4 * page, page, g->seed))
			_exit(1);
		if (write(to_parent[1], "", 1) != 1 || read(to_child[0], &go, 1) != 1)
			_exit(2);
		if (touch_is_poison(p + 2 * page + 1, 1, &why))
			_exit(3);
		_exit(check_pages(p, 2 * page, page, g->seed) ? 4 : 0);
	}
	close(to_parent[1]);
	ASSERT_EQ(1, read(to_parent[0], &go, 1));
	ASSERT_EQ(0, poison_pages(g, 2, 1));
	EXPECT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, wait_child(pid, POISON_LIMIT_MS));
	EXPECT_POISON(p + 2 * page + 1);
	EXPECT_EQ(0, check_pages(p, 2 * page, page, g->seed));
	/* a child of later on has the same */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(touch_is_poison(p + 2 * page, 1, &why) ? 1 : 0);
	EXPECT_EQ(0, wait_child(pid, POISON_LIMIT_MS));
	munmap(p, 4 * page);
}

/* ---- threads ---- */

struct listener {
	u8 *p;
	atomic_int ready;
	atomic_bool stop;
	pid_t tid;
	bool early;
	int poison;
};

static void *listen_run(void *arg)
{
	struct listener *l = arg;
	const char *why;

	l->tid = syscall(SYS_gettid);
	atomic_store(&l->ready, early_kill(l->early) ? -1 : 1);
	while (!atomic_load(&l->stop))
		poll(NULL, 0, 1);
	l->poison = !touch_is_poison(l->p, 1, &why);
	return NULL;
}

static bool listener_ready(void *arg)
{
	struct listener *l = arg;

	return atomic_load(&l->ready);
}

/* One thread wants to know, the others said that they do not */
TEST_F(poison, thread_that_asked_is_the_one_that_is_told)
{
	struct poison_ground *g = &self->g;
	struct listener l[3] = { { 0 }, { .early = true }, { 0 } };
	pthread_t thread[3];
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 2 * g->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, early_kill(false));
	for (int i = 0; i < 3; i++) {
		l[i].p = p + g->page + i;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, listen_run, &l[i]));
		ASSERT_TRUE(wait_for(listener_ready, &l[i], POISON_LIMIT_MS));
		ASSERT_EQ(1, atomic_load(&l[i].ready));
	}
	ASSERT_EQ(0, poison_pages(g, 1, 1));
	EXPECT_TRUE(advice_wait(1, 5000)) TH_LOG("the thread was not told");
	if (advice_count()) {
		EXPECT_EQ(l[1].tid, advice_get(0).tid);
		EXPECT_EQ(p + g->page, advice_get(0).addr);
	}
	for (int i = 0; i < 3; i++) {
		atomic_store(&l[i].stop, true);
		pthread_join(thread[i], NULL);
		/* AR goes to whoever touches */
		EXPECT_EQ(1, l[i].poison) TH_LOG("thread %d", i);
	}
	EXPECT_GE(1, advice_count());
	munmap(p, 2 * g->page);
}

TEST_HARNESS_MAIN
