// SPDX-License-Identifier: GPL-2.0-only
/*
 * curves WHAT X: what an operation on a bound function costs when X of something is there.
 * A line for each: WHAT, OPERATION<tab>X<tab>NANOSECONDS.
 *
 *   bad N		N bad pages, no two beside each other
 *   functions N	the caller has bound N functions
 *   mapped MIB		a user has mapped so much, by huge entries or by small ones
 *   scrub MIB		open clears the aperture, of which there is so much
 *   threads N		N threads of one process, each in a part of its own; for each of them
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "inject.h"
#include "poison.h"

#define TOUCHED	(64 * MiB)
#define COPIES	2000
#define REPEATS	16
#define THREADS	8ULL
#define PART	(TOUCHED / THREADS)

struct curve {
	struct expect e;
	struct fn f;
	const struct expect_region *use, *res;
	const char *what;
	u64 x;
};

static void say(const struct curve *c, const char *operation, u64 ns)
{
	printf("%s, %s\t%llu\t%llu\n", c->what, operation, (unsigned long long)c->x,
	       (unsigned long long)ns);
}

static u8 *map_blocks_of(struct curve *c, u64 len, u64 skew)
{
	u64 pmd = pmd_size();

	return map_aligned(&c->f, USEMEM, c->use->base, first_block(c->use, pmd), len,
			   table_size(), skew, RW);
}

static int touch(struct curve *c)
{
	u64 begin;
	u8 *p = map_blocks_of(c, TOUCHED, 0);

	if (p == MAP_FAILED)
		return -errno;
	settle();
	begin = now_ns();
	faults_of_walk(p, TOUCHED, pmd_size());
	say(c, "first touch of 64 MiB", now_ns() - begin);
	munmap(p, TOUCHED);
	return 0;
}

static int copy(struct curve *c)
{
	u8 buf[4096];
	u64 begin = 0;

	settle();
	for (int i = -1; i < COPIES; i++) {
		if (!i)
			begin = now_ns();
		if (rd(&c->f, USEMEM, buf, sizeof(buf), 0) != sizeof(buf))
			return -EIO;
	}
	say(c, "pread of 4 KiB", (now_ns() - begin) / COPIES);
	return 0;
}

/* Of the reserved memory, which nothing else here touches */
static int report(struct curve *c, u64 count)
{
	u64 stride = 2 * page_size(), begin = now_ns();
	int ret = 0;

	if (c->res->len < count * stride)
		return -ENODATA;
	for (u64 n = 0, some; !ret && n < count; n += some) {
		some = count - n < BAD_AT_ONCE ? count - n : BAD_AT_ONCE;
		ret = inject_many(&c->e, c->res->base - c->e.use.base + n * stride, some, stride);
	}
	if (!ret && count)
		say(c, "a page reported", (now_ns() - begin) / count);
	return ret;
}

static int run_bad(struct curve *c)
{
	int ret = report(c, c->x) ?: touch(c) ?: copy(c);

	return poison_clear_all(&c->e) ?: ret;
}

static int run_functions(struct curve *c)
{
	int ret = report(c, 1000) ?: touch(c) ?: copy(c);

	return poison_clear_all(&c->e) ?: ret;
}

/* By what revokes and does not wait for the device: decoding is turned off */
static int run_revoke(struct curve *c, u64 skew, const char *operation)
{
	u64 begin, ns = 0, len = c->x * MiB;
	int ret = 0;
	u8 *p = NULL;

	if (len)
		p = map_blocks_of(c, len, skew);
	if (p == MAP_FAILED)
		return -errno;
	settle();
	for (int i = 0; !ret && i < REPEATS; i++) {
		if (p)
			faults_of_walk(p, len, page_size());
		begin = now_ns();
		ret = fn_memory_decode(&c->f, false);
		ns += now_ns() - begin;
		ret = ret ?: fn_memory_decode(&c->f, true);
	}
	if (p)
		munmap(p, len);
	say(c, operation, ns / REPEATS);
	return ret;
}

static int run_mapped(struct curve *c)
{
	return run_revoke(c, 0, "revoke, huge entries") ?:
	       run_revoke(c, page_size(), "revoke, small entries");
}

/* Whoever had it open before has made it dirty */
static int run_scrub(struct curve *c)
{
	u64 begin;
	int ret;

	fn_close(&c->f);
	begin = now_ns();
	ret = fn_open(&c->f, c->e.bdf);
	say(c, "open that clears", now_ns() - begin);
	return ret;
}

struct thread {
	struct curve *c;
	pthread_t id;
	u64 off;
	u8 *p;		/* NULL: it copies */
	int ret;
};

static void *thread(void *arg)
{
	struct thread *t = arg;
	u8 buf[4096];

	if (t->p)
		faults_of_walk(t->p + t->off, PART, page_size());
	for (int i = 0; !t->p && i < COPIES; i++)
		if (rd(&t->c->f, USEMEM, buf, sizeof(buf), t->off) != sizeof(buf))
			t->ret = -EIO;
	return NULL;
}

/* Instructions for each thread. Of waiting nothing shows in them: see test_fastpath.c */
static int run_together(struct curve *c, u8 *p, const char *operation, u64 each)
{
	struct thread t[THREADS] = { };
	u64 begin;
	int ret = 0;

	settle();
	begin = now_ns();
	for (u64 i = 0; i < c->x; i++) {
		t[i].c = c;
		t[i].p = p;
		t[i].off = i * PART;
		if (pthread_create(&t[i].id, NULL, thread, &t[i])) {
			fprintf(stderr, "curves: no thread\n");
			exit(1);
		}
	}
	for (u64 i = 0; i < c->x; i++) {
		pthread_join(t[i].id, NULL);
		ret = ret ?: t[i].ret;
	}
	say(c, operation, (now_ns() - begin) / c->x / each);
	return ret;
}

static int run_threads(struct curve *c)
{
	int ret;
	u8 *p;

	if (c->x < 1 || c->x > THREADS)
		return -EINVAL;
	ret = run_together(c, NULL, "pread of 4 KiB", COPIES);
	if (ret)
		return ret;
	/* Small entries: a fault for each page table, of which each thread has some */
	p = map_blocks_of(c, TOUCHED, page_size());
	if (p == MAP_FAILED)
		return -errno;
	ret = run_together(c, p, "first touch of 8 MiB by small pages", 1);
	munmap(p, TOUCHED);
	return ret;
}

static const struct {
	const char *name;
	int (*run)(struct curve *c);
} curves[] = {
	{ "bad", run_bad },
	{ "functions", run_functions },
	{ "mapped", run_mapped },
	{ "scrub", run_scrub },
	{ "threads", run_threads },
};

int main(int argc, char **argv)
{
	struct curve c = { };
	int ret = -EINVAL;

	if (argc != 3 || expect_load(&c.e)) {
		fprintf(stderr, "usage: curves WHAT X, and COHERENT_BDF and COHERENT_EXPECT_* say of what\n");
		return 2;
	}
	c.what = argv[1];
	c.x = strtoull(argv[2], NULL, 0);
	c.use = expect_region(&c.e, USEMEM);
	c.res = expect_region(&c.e, RESMEM);
	if (!c.use || !c.res || fn_open(&c.f, c.e.bdf) || fn_memory_decode(&c.f, true)) {
		fprintf(stderr, "curves: %s is no function with two regions that can be opened\n",
			c.e.bdf);
		return 1;
	}
	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (!strcmp(c.what, curves[i].name))
			ret = curves[i].run(&c);
	fn_close(&c.f);
	if (ret)
		fprintf(stderr, "curves: %s %llu: %s\n", c.what, (unsigned long long)c.x,
			strerror(-ret));
	return !!ret;
}
