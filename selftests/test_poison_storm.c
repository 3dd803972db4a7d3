// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many errors: none is lost, and neither the log nor memory fills up.
 */
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

#define QUEUE		16384		/* as the core's, see coherent/poison/queue.c */
#define LINES_BOUND	100

/* Records from now on that contain @needle */
static unsigned int log_lines(int log, const char *needle)
{
	unsigned int n = 0;

	while (!kmsg_wait(log, needle, 0, NULL, 0))
		n++;
	return n;
}

static long free_kib(void)
{
	char line[128];
	long kib = -1;
	FILE *in = fopen("/proc/meminfo", "re");

	while (in && kib < 0 && fgets(line, sizeof(line), in))
		if (sscanf(line, "MemFree: %ld", &kib) != 1)
			kib = -1;
	if (in)
		fclose(in);
	return kib;
}

TEST_F_TIMEOUT(poison, a_thousand_scattered_errors, 900)
{
	struct poison_ground *g = &self->g;
	struct poison_range *r = calloc(1100, sizeof(*r));
	u64 page = g->page, n = 2000 * page;
	long pages;
	u8 *p;

	ASSERT_NE(NULL, r);
	if (n > g->len)
		SKIP(return, "region holds no 2000 pages");
	p = map_plain(&g->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	ASSERT_EQ(0, inject_many(&g->e, page, 1000, 2 * page));
	EXPECT_EQ(1000, poison_count(&g->e));
	ASSERT_EQ(1000, poison_list(&g->e, r, 1100));
	EXPECT_EQ(NULL, poison_list_wrong(&g->e, r, 1000, &pages));
	for (u64 i = 0; i < 1000; i++) {
		ASSERT_EQ((2 * i + 1) * page, r[i].offset);
		ASSERT_EQ(page, r[i].length);
		ASSERT_EQ(0, check_pages(p + 2 * i * page, page, page, g->seed + 2 * i * page));
		EXPECT_POISON(p + (2 * i + 1) * page + i);
	}
	/* the gaps go, too: one range */
	ASSERT_EQ(0, inject_many(&g->e, 0, 1000, 2 * page));
	EXPECT_TRUE(only_recorded(g, 0, n));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	munmap(p, n);
	free(r);
}

TEST_F_TIMEOUT(poison, ten_thousand_at_once_are_counted_and_said_in_few_words, 900)
{
	struct poison_ground *g = &self->g;
	int log = kmsg_open();
	unsigned int lines;
	long before, used;
	u64 begin;

	ASSERT_LE(0, log);
	if (10000 * g->page > g->all)
		SKIP(return, "aperture has no 10000 pages");
	before = free_kib();
	begin = now_ms();
	ASSERT_EQ(0, inject_many(&g->e, 0, 10000, 0));
	printf("# 10000 errors in %llu ms\n", (unsigned long long)(now_ms() - begin));
	EXPECT_EQ(10000, poison_count(&g->e));
	EXPECT_TRUE(only_recorded(g, 0, 10000 * g->page));
	lines = log_lines(log, "poison at offset");
	EXPECT_GE(LINES_BOUND, lines);
	used = before - free_kib();
	EXPECT_GE(16384, used) TH_LOG("%ld KiB", used);
	close(log);
}

TEST_F_TIMEOUT(poison, scattered_storm_takes_little_memory, 900)
{
	struct poison_ground *g = &self->g;
	long before, used;

	if (20000 * g->page > g->all)
		SKIP(return, "aperture has no 20000 pages");
	before = free_kib();
	ASSERT_EQ(0, inject_many(&g->e, 0, 10000, 2 * g->page));
	EXPECT_EQ(10000, poison_count(&g->e));
	used = before - free_kib();
	EXPECT_GE(16384, used) TH_LOG("%ld KiB", used);
}

/* Are the first @want pages all listed? */
static bool all_recorded(struct poison_ground *g, u64 want)
{
	struct poison_range r[64];
	u64 covered = 0;
	long n = poison_list(&g->e, r, 64);

	for (long i = 0; i < n; i++) {
		if (r[i].offset <= covered && r[i].offset + r[i].length > covered)
			covered = r[i].offset + r[i].length;
	}
	return covered >= want * g->page;
}

/*
 * More at once than the queue holds: too much may be lost, too little may not.
 * On a busy machine the worker may keep up with who tells; then it is tried again.
 */
TEST_F_TIMEOUT(poison, overflow_loses_no_error_and_is_said, 900)
{
	struct poison_ground *g = &self->g;
	int log = kmsg_open(), tries;
	u64 want = 3 * QUEUE;
	bool said = false;

	ASSERT_LE(0, log);
	if (want * g->page > g->all)
		SKIP(return, "aperture has too few pages");
	for (tries = 0; tries < 20 && !said; tries++) {
		ASSERT_EQ(0, poison_clear_all(&g->e));
		ASSERT_EQ(0, inject_many(&g->e, 0, want, 0));
		ASSERT_TRUE(all_recorded(g, want));
		said = log_lines(log, "report queue overflow") != 0;
	}
	EXPECT_TRUE(said) TH_LOG("the queue has never been full");
	close(log);
}

TEST_HARNESS_MAIN
