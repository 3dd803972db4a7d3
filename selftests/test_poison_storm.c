// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many errors, and errors while all else goes on: none is lost, nobody sees half
 * a change, and neither the log nor memory fills up.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

#define QUEUE		16384		/* as the core's, see coherent/poison/report.c */
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

TEST_F_TIMEOUT(poison, a_thousand_scattered_errors, 120)
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

TEST_F_TIMEOUT(poison, ten_thousand_at_once_are_counted_and_said_in_few_words, 120)
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

TEST_F_TIMEOUT(poison, scattered_storm_takes_little_memory, 120)
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

/* More at once than the queue holds: too much may be lost, too little may not */
TEST_F_TIMEOUT(poison, overflow_loses_no_error_and_is_said, 180)
{
	struct poison_ground *g = &self->g;
	u64 want = 3 * QUEUE, page = g->page, covered = 0;
	struct poison_range r[64];
	int log = kmsg_open();
	bool said;
	long n;

	ASSERT_LE(0, log);
	if (want * page > g->all) {
		/* The same page again and again, no more than that */
		ASSERT_EQ(0, inject_text(&g->e, "0 60000 0"));
		EXPECT_TRUE(only_recorded(g, 0, page));
		close(log);
		return;
	}
	ASSERT_EQ(0, inject_many(&g->e, 0, want, 0));
	n = poison_list(&g->e, r, 64);
	ASSERT_LE(1, n);
	for (long i = 0; i < n; i++) {
		if (r[i].offset <= covered && r[i].offset + r[i].length > covered)
			covered = r[i].offset + r[i].length;
	}
	EXPECT_LE(want * page, covered);
	said = log_lines(log, "at once") != 0;
	printf("# overflow said: %s\n", said ? "yes" : "no");
	EXPECT_TRUE(said);
	close(log);
}

/* ---- while all else goes on ---- */

struct activity {
	struct poison_ground *g;
	atomic_bool stop;
	atomic_ulong rounds;
	atomic_ulong poisoned;
	int err;
	const char *why;
	u8 *p;
	u64 n;
};

static bool some_rounds(void *arg)
{
	struct activity *a = arg;

	return a->why || a->err || atomic_load(&a->rounds) >= 3;
}

/* One read of the file, which is as much as can be had at once */
static void *list_loop(void *arg)
{
	struct poison_range r[256];
	struct activity *a = arg;
	long pages, last = 0;
	char path[128];
	ssize_t got;
	int fd = open(poison_path(&a->g->e, "poison_ranges", path, sizeof(path)),
		      O_RDONLY | O_CLOEXEC);

	while (!atomic_load(&a->stop) && !a->why && !a->err) {
		got = pread(fd, r, sizeof(r), 0);
		if (got < 0 || got % sizeof(*r)) {
			a->err = got < 0 ? -errno : -EINVAL;
			break;
		}
		a->why = poison_list_wrong(&a->g->e, r, got / sizeof(*r), &pages);
		if (!a->why && pages < last)
			a->why = "pages got fewer";
		last = pages;
		atomic_fetch_add(&a->rounds, 1);
	}
	close(fd);
	return NULL;
}

TEST_F_TIMEOUT(poison, list_is_never_torn, 120)
{
	struct poison_ground *g = &self->g;
	struct activity a = { .g = g };
	pthread_t thread;
	u64 nr;

	ASSERT_EQ(0, pthread_create(&thread, NULL, list_loop, &a));
	/* 200 ranges; they grow and grow together */
	for (u64 i = 0; i < 1000 && !a.why; i++) {
		nr = (i * 7) % 200 * 5 + i / 200;
		ASSERT_EQ(0, poison_pages(g, nr, 1));
		ASSERT_EQ(i + 1, poison_count(&g->e));
	}
	EXPECT_TRUE(wait_for(some_rounds, &a, POISON_LIMIT_MS));
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, a.err);
	EXPECT_EQ(NULL, a.why) TH_LOG("%s", a.why);
	EXPECT_TRUE(only_recorded(g, 0, 1000 * g->page));
}

static void *reset_loop(void *arg)
{
	struct activity *a = arg;

	while (!atomic_load(&a->stop) && !a->err) {
		a->err = reset_ioctl(&a->g->f);
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(poison, errors_while_resets_run, 180)
{
	struct poison_ground *g = &self->g;
	struct activity a = { .g = g };
	u64 page = g->page;
	pthread_t thread;
	long n = 0;
	u8 *p;

	if (g->e.no_reset)
		SKIP(return, "the function cannot be reset");
	p = map_plain(&g->f, USEMEM, 0, 256 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_loop, &a));
	while (n < 8 || !some_rounds(&a)) {
		if (n < 250) {
			ASSERT_EQ(0, poison_pages(g, n, 1));
			n++;
			ASSERT_EQ(n, poison_count(&g->e));
		}
		EXPECT_POISON(p + (n - 1) * page);
		ASSERT_EQ(0, touch_read(p + n * page, 1, NULL, NULL));
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, a.err);
	EXPECT_TRUE(only_recorded(g, 0, n * page));
	munmap(p, 256 * page);
}

static void *open_loop(void *arg)
{
	struct activity *a = arg;
	struct fn f;
	u8 *p;

	while (!atomic_load(&a->stop) && !a->err) {
		a->err = fn_open(&f, a->g->e.bdf);
		if (a->err)
			break;
		p = map_plain(&f, USEMEM, 0, 64 * a->g->page, RW);
		if (p == MAP_FAILED) {
			a->err = -errno;
		} else {
			/* either answer is right: it may be bad already */
			for (u64 o = 0; o < 64; o++)
				touch_read(p + o * a->g->page, 1, NULL, NULL);
			munmap(p, 64 * a->g->page);
		}
		fn_close(&f);
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(poison, errors_while_it_is_opened_and_closed, 120)
{
	struct poison_ground *g = &self->g;
	struct activity a = { .g = g };
	pthread_t thread;
	long n = 0;

	fn_close(&g->f);
	ASSERT_EQ(0, pthread_create(&thread, NULL, open_loop, &a));
	while (n < 40 || !some_rounds(&a)) {
		if (n < 1000) {
			ASSERT_EQ(0, poison_pages(g, n++, 1));
		}
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, a.err);
	EXPECT_TRUE(only_recorded(g, 0, n * g->page));
}

static void *bind_loop(void *arg)
{
	struct activity *a = arg;

	while (!atomic_load(&a->stop) && !a->err) {
		a->err = pci_unbind(a->g->e.bdf);
		if (!a->err)
			a->err = pci_bind(a->g->e.bdf, a->g->e.driver);
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(poison, errors_while_it_is_bound_and_unbound, 180)
{
	enum inject_by by = inject_foreign();
	struct poison_ground *g = &self->g;
	struct activity a = { .g = g };
	pthread_t thread;
	long n = 0, tries;

	ASSERT_NE(0, strlen(g->e.driver));
	fn_close(&g->f);
	ASSERT_EQ(0, pthread_create(&thread, NULL, bind_loop, &a));
	for (tries = 0; (n < 20 || !some_rounds(&a)) && n < 1000; tries++) {
		int ret = inject_error(&g->e, by, g->e.use.base + n * g->page);

		/* debugfs comes and goes with the driver */
		if (by == BY_DEBUGFS && (ret == -ENOENT || ret == -EIO || ret == -ENODEV))
			continue;
		ASSERT_EQ(0, ret);
		n++;
	}
	atomic_store(&a.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, a.err);
	EXPECT_TRUE(poison_wait(&g->e, n, POISON_LIMIT_MS)) {
		TH_LOG("%ld of %ld", poison_count(&g->e), n);
	}
	EXPECT_TRUE(only_recorded(g, 0, n * g->page));
}

static void *touch_loop(void *arg)
{
	u64 page, got, first = 0;
	struct activity *a = arg;
	struct fault_seen seen;

	page = a->g->page;
	while (!atomic_load(&a->stop) && !a->why) {
		for (u64 o = first; o < a->n && !a->why; o += 3 * page) {
			if (!touch_read(a->p + o, 8, &got, &seen)) {
				if (got != a->g->seed + o)
					a->why = "a wrong value";
				continue;
			}
			atomic_fetch_add(&a->poisoned, 1);
			if (seen.sig != SIGBUS || seen.code != BUS_MCEERR_AR)
				a->why = "another signal than that of a memory error";
			else if (seen.addr != a->p + o)
				a->why = "another address than that touched";
		}
		first = (first + page) % (3 * page);
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

static void *file_loop(void *arg)
{
	u64 page, got;
	struct activity *a = arg;
	ssize_t ret;

	page = a->g->page;
	while (!atomic_load(&a->stop) && !a->why) {
		for (u64 o = 0; o < a->n && !a->why; o += 7 * page) {
			ret = rd(&a->g->f, USEMEM, &got, 8, o);
			if (ret == 8 && got != a->g->seed + o)
				a->why = "a wrong value in the file";
			else if (ret != 8 && ret != -EIO)
				a->why = "another error than EIO";
		}
		atomic_fetch_add(&a->rounds, 1);
	}
	return NULL;
}

/* Small and huge entries come and go at the same place, by many hands */
TEST_F_TIMEOUT(poison, touches_while_errors_come_and_are_cleared, 180)
{
	struct poison_ground *g = &self->g;
	struct activity a[4];
	pthread_t thread[4];
	struct rng rng = { g->seed };
	u64 page = g->page, n = g->pmd, off = first_block(&g->e.use, g->pmd);
	u8 *p;

	if (off || n > g->len)
		SKIP(return, "no whole block at the beginning of the region");
	p = map_blocks(&g->f, USEMEM, &g->e.use, g->pmd, 1, &off);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	for (int i = 0; i < 4; i++) {
		a[i] = (struct activity){ .g = g, .p = p, .n = n };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, i < 3 ? touch_loop : file_loop,
					    &a[i]));
	}
	for (int i = 0; i < 300; i++) {
		u64 nr = rng_below(&rng, n / page - 4);

		ASSERT_EQ(0, poison_pages(g, nr, 1 + i % 4));
		ASSERT_EQ(0, i % 3 ? poison_clear(&g->e, nr * page, (1 + i % 4) * page) :
			     poison_clear_all(&g->e));
		/* no page tables are there now, so huge entries fit in again */
		ASSERT_EQ(p, mmap(p, n, RW, MAP_SHARED | MAP_FIXED, g->f.device,
				  at(USEMEM, off)));
	}
	for (int i = 0; i < 4; i++) {
		EXPECT_TRUE(wait_for(some_rounds, &a[i], POISON_LIMIT_MS));
		atomic_store(&a[i].stop, true);
		pthread_join(thread[i], NULL);
		EXPECT_EQ(NULL, a[i].why) TH_LOG("%s", a[i].why);
	}
	printf("# %lu of the touches met an error\n", a[0].poisoned + a[1].poisoned +
	       a[2].poisoned);
	EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	munmap(p, n);
}

TEST_HARNESS_MAIN
