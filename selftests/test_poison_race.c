// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors while all else goes on: none is lost, nobody sees half a change.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

#define PACE	10

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

TEST_F_TIMEOUT(poison, list_is_never_torn, 900)
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

TEST_F_TIMEOUT(poison, errors_while_resets_run, 900)
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

TEST_F_TIMEOUT(poison, errors_while_it_is_opened_and_closed, 900)
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

TEST_F_TIMEOUT(poison, errors_while_it_is_bound_and_unbound, 900)
{
	enum inject_by by = inject_foreign();
	struct poison_ground *g = &self->g;
	struct activity a = { .g = g };
	pthread_t thread;
	long n = 0;

	ASSERT_NE(0, strlen(g->e.driver));
	fn_close(&g->f);
	ASSERT_EQ(0, pthread_create(&thread, NULL, bind_loop, &a));
	while ((n < 4 * PACE || !some_rounds(&a)) && n < 1000) {
		int ret = inject_error(&g->e, by, g->e.use.base + n * g->page);

		/* debugfs comes and goes with the driver */
		if (by == BY_DEBUGFS && (ret == -ENOENT || ret == -EIO || ret == -ENODEV))
			continue;
		ASSERT_EQ(0, ret);
		n++;
		/* The kernel's own queues on the way are short, and lose what is too much */
		ASSERT_TRUE(n % PACE || poison_wait(&g->e, n, POISON_LIMIT_MS)) {
			TH_LOG("%ld of %ld", poison_count(&g->e), n);
		}
	}
	EXPECT_TRUE(wait_for(some_rounds, &a, POISON_LIMIT_MS));
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
TEST_F_TIMEOUT(poison, touches_while_errors_come_and_are_cleared, 900)
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
	/* In 300 errors that several pages have there is one that is met */
	EXPECT_LT(0, a[0].poisoned + a[1].poisoned + a[2].poisoned);
	printf("# %lu of the touches met an error\n", a[0].poisoned + a[1].poisoned +
	       a[2].poisoned);
	EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	munmap(p, n);
}

/* Records a page and clears it; each must be done when it returns, whoever else is at it */
static void *record_and_clear(void *arg)
{
	struct activity *a = arg;
	struct poison_ground *g = a->g;
	char word[8];

	for (int i = 0; i < 300 && !atomic_load(&a->stop) && !a->why && !a->err; i++) {
		a->err = inject_many(&g->e, a->n * g->page, 0, 0);
		if (!a->err && rd(&g->f, USEMEM, word, 8, a->n * g->page) != -EIO)
			a->why = "what was recorded can be read";
		if (!a->err && !a->why)
			a->err = poison_clear(&g->e, a->n * g->page, g->page);
		if (!a->err && !a->why && rd(&g->f, USEMEM, word, 8, a->n * g->page) != 8)
			a->why = "what was cleared cannot be read";
	}
	return NULL;
}

TEST_F_TIMEOUT(poison, done_on_return_whoever_else_reports, 120)
{
	struct activity a[4];
	pthread_t thread[4];

	for (int i = 0; i < 4; i++) {
		a[i] = (struct activity){ .g = &self->g, .n = 2 * i };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, record_and_clear, &a[i]));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, a[i].err);
		EXPECT_EQ(NULL, a[i].why) TH_LOG("thread %d: %s", i, a[i].why);
	}
	EXPECT_EQ(0, poison_count(&self->g.e));
}

TEST_HARNESS_MAIN
