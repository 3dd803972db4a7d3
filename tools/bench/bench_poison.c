// SPDX-License-Identifier: GPL-2.0-only
/*
 * What remembering poison costs those who have nothing to do with it: first
 * touch of memory with an empty ledger, and with a thousand poisoned pages
 * elsewhere in the region. Prints and judges nothing, as bench.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "coherent.h"
#include "inject.h"
#include "poison.h"

#define PAGES	1000
#define ROUNDS	15

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_poison: %s: %s\n", what, strerror(-err));
	exit(1);
}

/* Nanoseconds to touch @n bytes for the first time */
static u64 touch(const struct fn *f, const struct expect_region *r, u64 n, u64 skew)
{
	u64 pmd = pmd_size(), off = (pmd - r->base % pmd) % pmd, ns;
	void *p = map_aligned(f, USEMEM, r->base, off, n, pmd, skew, PROT_READ | PROT_WRITE);

	if (p == MAP_FAILED)
		die("mmap", -errno);
	ns = now_ns();
	faults_of_walk(p, n, page_size());
	ns = now_ns() - ns;
	munmap(p, n);
	return ns;
}

/* The least of many, in turns, so that what disturbs disturbs both alike */
static void compare(const struct fn *f, const struct expect *e, u64 n, u64 skew, u64 far)
{
	const struct expect_region *r = expect_region(e, USEMEM);
	u64 best[2] = { ~0ULL, ~0ULL }, ns;
	int ret;

	for (int i = 0; i < 2 * ROUNDS; i++) {
		ret = i % 2 ? inject_many(e, far, PAGES, 2 * page_size()) : poison_clear_all(e);
		if (ret)
			die("poison", ret);
		ns = touch(f, r, n, skew);
		if (ns < best[i % 2])
			best[i % 2] = ns;
	}
	poison_clear_all(e);
	printf("%-26s %-7s %6llu %12.2f us empty %10.2f us with %d poisoned: %+.1f %%\n",
	       skew ? "ledger, misaligned" : "ledger, aligned", "touch",
	       (unsigned long long)(n >> 20), best[0] / 1000.0, best[1] / 1000.0, PAGES,
	       100.0 * best[1] / best[0] - 100);
}

int main(void)
{
	u64 span = 2 * PAGES * page_size(), pmd = pmd_size(), n;
	const struct expect_region *r;
	struct expect e;
	struct fn f;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = expect_load(&e);
	if (ret)
		die("COHERENT_BDF and COHERENT_EXPECT_*", ret);
	r = expect_region(&e, USEMEM);
	if (!r || r->len < span + 8 * pmd)
		return 0;
	n = (r->len - span - 2 * pmd) & ~(pmd - 1);
	if (n > 256ULL << 20)
		n = 256ULL << 20;
	ret = fn_open(&f, e.bdf);
	if (ret)
		die("open", ret);
	compare(&f, &e, n, 0, r->len - span);
	compare(&f, &e, n, page_size(), r->len - span);
	fn_close(&f);
	return 0;
}
