// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of every kind: mappings are revoked and come back with the same memory
 * behind them, fake BARs are cleared, and accesses that a reset gets in the way of
 * are done afterwards. For devices that need time after a reset see test_ready.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "reset_fixture.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)

static const unsigned int both[] = { USEMEM, RESMEM };

/* ---- what each kind of reset does ---- */

TEST_F_TIMEOUT(kinds, revokes_and_comes_back, 60)
{
	u64 seed = now_ms(), n = self->pmd;
	u8 *map[2] = { NULL, NULL };
	const struct expect_region *r;

	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		r = expect_region(&self->e, both[k]);
		if (!r || r->len < n)
			continue;
		map[k] = map_aligned(&self->f, both[k], r->base, 0, n, self->pmd, 0, RW);
		ASSERT_NE(MAP_FAILED, map[k]);
		ASSERT_EQ(0, mark_pages(map[k], n, self->page, seed + k));
		ASSERT_EQ(0, faults_of_walk(map[k], n, self->page));
	}
	ASSERT_TRUE(map[0] || map[1]);

	ASSERT_EQ(0, reset_by(&self->f, &self->e, variant->kind));

	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		const char *why;

		if (!map[k])
			continue;
		why = not_back(&self->f, both[k], map[k], n, self->page, seed + k);
		EXPECT_EQ(NULL, why) TH_LOG("region %u: %s", both[k], why);
		munmap(map[k], n);
	}
}

TEST_F_TIMEOUT(kinds, the_device_was_reset, 60)
{
	u32 before, flrs, messages;

	if (!self->e.model)
		SKIP(return, "no device model behind this function");
	ASSERT_EQ(0, block_write(&self->f, TEST_SCRATCH, 0x5c5a7c4d));
	ASSERT_EQ(0x5c5a7c4d, block_read(&self->f, TEST_SCRATCH));
	before = block_read(&self->f, TEST_RESETS);
	flrs = block_read(&self->f, TEST_FLRS);
	messages = block_read(&self->f, TEST_MESSAGES);
	ASSERT_EQ(0, reset_by(&self->f, &self->e, variant->kind));
	EXPECT_LT(before, block_read(&self->f, TEST_RESETS));
	EXPECT_EQ(0, block_read(&self->f, TEST_SCRATCH));
	if (variant->kind == BY_HOT) {
		EXPECT_LT(messages, block_read(&self->f, TEST_MESSAGES));
	} else if (self->e.flr) {
		EXPECT_LT(flrs, block_read(&self->f, TEST_FLRS));
	}
}

TEST_F_TIMEOUT(kinds, clears_fake_bars, 120)
{
	struct barmodel m;
	char why[128];

	ASSERT_EQ(0, barmodel_smear(&m, &self->f, &self->e));
	ASSERT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);

	ASSERT_EQ(0, reset_by(&self->f, &self->e, variant->kind));
	barmodel_reset(&m, &self->e);
	EXPECT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
}

/* ---- other corners ---- */

FIXTURE(reset) {
	struct expect e;
	struct fn f;
	size_t page;
};

FIXTURE_SETUP(reset)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(reset)
{
	fn_close_calm(&self->f, &self->e);
}

TEST_F_TIMEOUT(reset, with_memory_decoding_off, 60)
{
	struct fault_seen seen;
	u64 word = 0x1234, got;
	u8 *p;

	if (self->e.no_reset)
		SKIP(return, "the function cannot be reset");
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(8, wr(&self->f, USEMEM, &word, 8, 0));
	ASSERT_EQ(0, fn_memory_decode(&self->f, false));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	if (self->e.mem_needed) {
		/* readiness is read from a BAR that does not answer: said at once */
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EIO, wr(&self->f, USEMEM, &word, 8, 0));
	} else {
		EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(word, got);
	}
	EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(SIGBUS, seen.sig);
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(word, got);
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	munmap(p, self->page);
}

TEST_F(reset, refused_reset_changes_nothing)
{
	unsigned int off = PCI_BASE_ADDRESS_0 + USEMEM * 4;
	u32 lo, hi, ret;
	u64 word = 0x7788;
	u8 *p;

	if (self->e.hot_reset && !self->e.no_reset)
		SKIP(return, "every reset works on this function");
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	*(volatile u64 *)p = word;
	ASSERT_EQ(0, cfg_write(&self->f, off, 4, ~0U));
	ASSERT_EQ(0, cfg_write(&self->f, off + 4, 4, ~0U));
	lo = cfg_read(&self->f, off, 4);
	hi = cfg_read(&self->f, off + 4, 4);
	ASSERT_NE(0, hi);

	ret = self->e.no_reset ? reset_ioctl(&self->f) : reset_hot(&self->f);
	EXPECT_NE(0, ret);
	EXPECT_EQ(lo, cfg_read(&self->f, off, 4));
	EXPECT_EQ(hi, cfg_read(&self->f, off + 4, 4));
	EXPECT_EQ(word, *(volatile u64 *)p);
	munmap(p, self->page);
}

/* ---- accesses while resets run ---- */

struct resetter {
	const struct fn *f;
	const char *bdf;
	atomic_bool stop;
	atomic_int done;
	int err;
};

static void *reset_loop(void *arg)
{
	struct resetter *r = arg;
	int ret;

	while (!atomic_load(&r->stop)) {
		ret = reset_ioctl(r->f);
		if (ret && !r->err)
			r->err = ret;
		atomic_fetch_add(&r->done, 1);
	}
	return NULL;
}

static bool three_more(void *arg)
{
	struct resetter *r = arg;

	return atomic_load(&r->done) >= 3;
}

/*
 * Reading a device page into a mapping of the same device while resets revoke it:
 * the copy faults, the fault waits for the reset, and must not hold what it needs.
 */
TEST_F_TIMEOUT(reset, own_mapping_while_resets_run, 180)
{
	struct resetter r = { .f = &self->f, .bdf = self->e.bdf };
	size_t n = 8 * self->page;
	unsigned long rounds = 0;
	u8 *ref = malloc(n);
	pthread_t t;
	u8 *p;

	if (self->e.no_reset)
		SKIP(return, "the function cannot be reset");
	/* Software functions: longer than from one reset to the next */
	if (!self->e.model && self->e.readiness)
		SKIP(return, "nobody can say how soon it is ready again");
	ASSERT_NE(NULL, ref);
	pattern_fill(ref, n, 0, 3);
	ASSERT_EQ(0, wr_all(&self->f, USEMEM, ref, n, 0));
	if (self->e.readiness) {
		ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 20));
	}
	p = map_plain(&self->f, USEMEM, n, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, pthread_create(&t, NULL, reset_loop, &r));
	while (rounds < 5 || !three_more(&r)) {
		ASSERT_EQ(n, rd(&self->f, USEMEM, p, n, 0)) TH_LOG("round %lu", rounds);
		ASSERT_EQ(n, wr(&self->f, USEMEM, p, n, 2 * n)) TH_LOG("round %lu", rounds);
		rounds++;
	}
	atomic_store(&r.stop, true);
	pthread_join(t, NULL);
	EXPECT_EQ(0, r.err);
	EXPECT_LE(3, atomic_load(&r.done));
	ASSERT_EQ(0, rd_all(&self->f, USEMEM, ref, n, 2 * n));
	EXPECT_EQ(-1, pattern_check(ref, n, 0, 3));
	munmap(p, n);
	free(ref);
}

/* A touch during or right after a reset waits or faults again; it never fails */
TEST_F_TIMEOUT(reset, touches_while_resets_run, 180)
{
	u64 n = 16 * self->page, rounds = 0;
	struct worker w[2] = { 0 };
	atomic_bool stop = false;

	if (self->e.no_reset)
		SKIP(return, "the function cannot be reset");
	for (int i = 0; i < 2; i++) {
		w[i] = (struct worker){ .n = n, .page = self->page, .seed = 1000 * i,
			.stop = &stop };
		w[i].map = map_plain(&self->f, i && self->e.res.present ? RESMEM : USEMEM,
				     i * n, n, RW);
		ASSERT_NE(MAP_FAILED, w[i].map);
		ASSERT_EQ(0, mark_pages(w[i].map, n, self->page, w[i].seed));
		ASSERT_EQ(0, worker_start(&w[i]));
	}
	for (int i = 0; i < 6; i++) {
		ASSERT_EQ(0, i & 1 ? reset_sysfs(self->e.bdf) : reset_ioctl(&self->f));
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		EXPECT_TRUE(worker_join(&w[i])) TH_LOG("thread %d: %zd", i, w[i].bad);
		rounds += atomic_load(&w[i].rounds);
		munmap(w[i].map, n);
	}
	EXPECT_LT(0, rounds);
}

TEST_HARNESS_MAIN
