// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors, from each source that can tell of them: what is recorded, who
 * hears of it, what a touch gives, and what stays as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "kselftest_harness.h"
#include "poison_ground.h"
#include "witness.h"

FIXTURE(source) {
	struct poison_ground g;
	bool ready;
};

FIXTURE_VARIANT(source) {
	enum inject_by by;
};

FIXTURE_VARIANT_ADD(source, debugfs) { .by = BY_DEBUGFS };
FIXTURE_VARIANT_ADD(source, ghes) { .by = BY_GHES };
FIXTURE_VARIANT_ADD(source, mce) { .by = BY_MCE };
FIXTURE_VARIANT_ADD(source, offline) { .by = BY_OFFLINE };
FIXTURE_VARIANT_ADD(source, arm) { .by = BY_ARM };

FIXTURE_SETUP(source)
{
	const char *why = inject_impossible(variant->by);

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, ground_open(&self->g));
	ASSERT_EQ(0, poison_count(&self->g.e));
}

/* For processes that did not say themselves when they want to be told */
#define MACHINES_DEFAULT	"/proc/sys/vm/memory_failure_early_kill"

FIXTURE_TEARDOWN(source)
{
	sysfs_write(MACHINES_DEFAULT, "0");
	EXPECT_EQ(0, ground_close(&self->g));
}

/* Page @nr of the aperture, by an address somewhere inside it */
static int hit(struct poison_ground *g, enum inject_by by, u64 nr)
{
	return inject_error(&g->e, by, g->e.use.base + nr * g->page + 0x123);
}

TEST_F_TIMEOUT(source, takes_one_page_away_and_clearing_gives_it_back, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, bad = 5 * page, n = 8 * page, got;
	const u8 odd[] = { 0, 1, 3, 77 };
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	ASSERT_EQ(0, hit(g, variant->by, 5));
	ASSERT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, bad, page));

	for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++)
		EXPECT_POISON(p + bad + odd[i]);
	EXPECT_POISON(p + bad + page - 1);
	EXPECT_EQ(-EFAULT, touch_write(p + bad + 9, 1, 1, NULL));
	EXPECT_EQ(0, check_pages(p, bad, page, g->seed));
	EXPECT_EQ(0, check_pages(p + bad + page, n - bad - page, page, g->seed + bad + page));
	EXPECT_EQ(0, mark_pages(p, bad, page, g->seed));
	EXPECT_EQ(-EIO, rd(&g->f, USEMEM, &got, 8, bad));

	ASSERT_EQ(0, poison_clear(&g->e, bad, page));
	EXPECT_EQ(0, poison_count(&g->e));
	/* the memory was never really broken */
	EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	EXPECT_EQ(8, rd(&g->f, USEMEM, &got, 8, bad));
	EXPECT_EQ(g->seed + bad, got);
	munmap(p, n);
}

TEST_F_TIMEOUT(source, early_process_is_told_where, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, begin;
	struct advice a;
	u8 *p;

	ASSERT_EQ(0, early_kill(true));
	p = map_plain(&g->f, USEMEM, page, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	begin = now_us();
	ASSERT_EQ(0, hit(g, variant->by, 3));
	ASSERT_TRUE(advice_wait(1, POISON_LIMIT_MS));
	a = advice_get(0);
	printf("# %s: told after %llu us\n", inject_name[variant->by],
	       (unsigned long long)(a.at_us - begin));
	EXPECT_EQ(p + 2 * page, a.addr);
	EXPECT_EQ(page, 1ULL << a.lsb);
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_POISON(p + 2 * page + 5);
	EXPECT_EQ(0, check_pages(p, 2 * page, page, g->seed));
	EXPECT_EQ(0, check_pages(p + 3 * page, page, page, g->seed + 3 * page));
	/* a second error proves that the first one was told once */
	ASSERT_EQ(0, hit(g, variant->by, 4));
	ASSERT_TRUE(advice_wait(2, POISON_LIMIT_MS));
	EXPECT_EQ(p + 3 * page, advice_get(1).addr);
	EXPECT_TRUE(poison_wait(&g->e, 2, POISON_LIMIT_MS));
	EXPECT_EQ(2, advice_count());
	munmap(p, 4 * page);
}

/* A module cannot know of it, so the memory manager must know of the page */
TEST_F_TIMEOUT(source, machines_default_is_early, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	u8 *p;

	if (inject_impossible(BY_OFFLINE))
		SKIP(return, "the memory manager does not know of the page");
	if (variant->by == BY_DEBUGFS || variant->by == BY_MCE)
		SKIP(return, "it is not told of such errors");
	ASSERT_EQ(0, prctl(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
	p = map_plain(&g->f, USEMEM, page, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	ASSERT_EQ(0, sysfs_write(MACHINES_DEFAULT, "1"));
	ASSERT_EQ(0, hit(g, variant->by, 3));
	ASSERT_TRUE(advice_wait(1, POISON_LIMIT_MS));
	EXPECT_EQ(p + 2 * page, advice_get(0).addr);
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_EQ(1, advice_count());
	munmap(p, 4 * page);
}

TEST_F_TIMEOUT(source, late_process_hears_nothing_before_it_touches, 60)
{
	struct poison_ground *g = &self->g;
	struct witness_map map = { USEMEM, 0, 4 * g->page };
	struct witness early, late;

	ASSERT_EQ(0, witness_start(&late, &g->f, &map, 1, false));
	ASSERT_EQ(0, witness_start(&early, &g->f, &map, 1, true));
	ASSERT_EQ(0, hit(g, variant->by, 1));
	EXPECT_TRUE(witness_told(&early, 1, POISON_LIMIT_MS));
	ASSERT_EQ(0, hit(g, variant->by, 2));
	EXPECT_TRUE(witness_told(&early, 2, POISON_LIMIT_MS));
	EXPECT_TRUE(poison_wait(&g->e, 2, POISON_LIMIT_MS));
	EXPECT_EQ(0, witness_count(&late));
	EXPECT_EQ(0, witness_touch(&late, 0, 0));
	EXPECT_EQ(1, witness_touch(&late, 0, g->page + 1));
	EXPECT_EQ(1, witness_touch(&late, 0, 3 * g->page - 1));
	EXPECT_EQ(0, witness_touch(&late, 0, 3 * g->page));
	EXPECT_EQ(0, witness_count(&late));
	EXPECT_EQ(0, witness_end(&early));
	EXPECT_EQ(0, witness_end(&late));
}

TEST_F_TIMEOUT(source, process_that_maps_around_the_page_is_left_alone, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	/* the page is number 8: VMAs end before it, start after it, and one is far off */
	struct witness_map near[] = {
		{ USEMEM, 0, 8 * page }, { USEMEM, 9 * page, 4 * page },
		{ USEMEM, g->len - page, page },
	};
	struct witness_map on = { USEMEM, 8 * page, page };
	struct witness around, owner;
	unsigned int at;
	u64 off;
	int lsb;

	ASSERT_EQ(0, witness_start(&around, &g->f, near, 3, true));
	ASSERT_EQ(0, witness_start(&owner, &g->f, &on, 1, true));
	ASSERT_EQ(0, hit(g, variant->by, 8));
	EXPECT_TRUE(witness_told(&owner, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(witness_where(&owner, &at, &off, &lsb));
	EXPECT_EQ(0, off);
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	/* the first that it hears of is one that it has */
	ASSERT_EQ(0, hit(g, variant->by, 10));
	EXPECT_TRUE(witness_told(&around, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(witness_where(&around, &at, &off, &lsb));
	EXPECT_EQ(1, at);
	EXPECT_EQ(page, off);
	EXPECT_TRUE(poison_wait(&g->e, 2, POISON_LIMIT_MS));
	EXPECT_EQ(0, witness_touch(&around, 0, 8 * page - 1));
	EXPECT_EQ(0, witness_touch(&around, 1, 0));
	EXPECT_EQ(0, witness_touch(&around, 2, 0));
	EXPECT_EQ(1, witness_count(&around));
	EXPECT_EQ(0, witness_end(&around));
	EXPECT_EQ(1, witness_count(&owner));
	EXPECT_EQ(0, witness_end(&owner));
}

TEST_F_TIMEOUT(source, every_early_process_is_told, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	struct witness_map map[] = {
		{ USEMEM, 0, 8 * page }, { USEMEM, 3 * page, page }, { USEMEM, 2 * page, 4 * page },
	};
	const u64 where[] = { 3 * page, 0, page };
	struct witness w[3];
	unsigned int at;
	u64 off;
	int lsb;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, witness_start(&w[i], &g->f, &map[i], 1, true));
	}
	ASSERT_EQ(0, hit(g, variant->by, 3));
	for (int i = 0; i < 3; i++) {
		EXPECT_TRUE(witness_told(&w[i], 1, POISON_LIMIT_MS)) TH_LOG("process %d", i);
		EXPECT_TRUE(witness_where(&w[i], &at, &off, &lsb));
		EXPECT_EQ(where[i], off);
		EXPECT_EQ(page, 1ULL << lsb);
	}
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(1, witness_touch(&w[i], 0, where[i]));
		EXPECT_EQ(1, witness_count(&w[i]));
		EXPECT_EQ(0, witness_end(&w[i]));
	}
}

TEST_F_TIMEOUT(source, corrected_error_is_not_recorded, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	u8 *p;

	ASSERT_EQ(0, early_kill(true));
	p = map_plain(&g->f, USEMEM, 0, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	for (int i = 0; i < 2; i++) {
		int ret = inject_corrected(&g->e, variant->by, g->e.use.base + page);

		if (ret == -EOPNOTSUPP)
			SKIP(return, "this source tells of no corrected errors");
		ASSERT_EQ(0, ret);
	}
	/* the one after them arrives, so they have */
	ASSERT_EQ(0, hit(g, variant->by, 2));
	ASSERT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	ASSERT_TRUE(advice_wait(1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 2 * page, page));
	EXPECT_EQ(p + 2 * page, advice_get(0).addr);
	EXPECT_EQ(0, check_pages(p, 2 * page, page, g->seed));
	munmap(p, 4 * page);
}

TEST_F_TIMEOUT(source, wide_error_is_recorded_as_wide_as_it_is, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	int ret;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 16 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 16 * page, page, g->seed));
	/* four pages around the sixth */
	ret = inject_wide(&g->e, variant->by, g->e.use.base + 5 * page + 0x40,
			  __builtin_ctzll(page) + 2);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this source tells of one page at a time");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(poison_wait(&g->e, 4, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 4 * page, 4 * page));
	EXPECT_EQ(0, check_pages(p, 4 * page, page, g->seed));
	for (u64 nr = 4; nr < 8; nr++)
		EXPECT_POISON(p + nr * page);
	EXPECT_EQ(0, check_pages(p + 8 * page, 8 * page, page, g->seed + 8 * page));
	munmap(p, 16 * page);
}

/* Wider than a huge page, which is no measure of what can fail */
TEST_F_TIMEOUT(source, error_as_wide_as_a_bank_is_recorded_whole, 60)
{
	struct poison_ground *g = &self->g;
	const u64 bank = 16ULL << 20;
	u64 start = -g->e.use.base & (bank - 1);

	if (!inject_has_width(variant->by))
		SKIP(return, "this source tells of one page at a time");
	if (start + bank > g->all)
		SKIP(return, "the aperture is too small");
	ASSERT_EQ(0, inject_wide(&g->e, variant->by, g->e.use.base + start + 5 * g->page, 24));
	EXPECT_TRUE(poison_wait(&g->e, bank / g->page, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, start, bank));
}

/* The memory manager knows of one page of such an error */
TEST_F_TIMEOUT(source, wide_error_is_signalled_for_each_page_of_it, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	/* the second one's page is the one that it is told of */
	struct witness_map map[][2] = {
		{ { USEMEM, 4 * page, page }, { USEMEM, 12 * page, page } },
		{ { USEMEM, 5 * page, page }, { USEMEM, 12 * page, page } },
		{ { USEMEM, 7 * page, page }, { USEMEM, 12 * page, page } },
	};
	struct witness w[ARRAY_SIZE(map)];

	if (!inject_has_width(variant->by))
		SKIP(return, "this source tells of one page at a time");
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		ASSERT_EQ(0, witness_start(&w[i], &g->f, map[i], 2, true));
	}
	ASSERT_EQ(0, inject_wide(&g->e, variant->by, g->e.use.base + 5 * page + 0x40,
				 __builtin_ctzll(page) + 2));
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		EXPECT_TRUE(witness_told(&w[i], 1, POISON_LIMIT_MS)) TH_LOG("process %u", i);
	}
	EXPECT_TRUE(poison_wait(&g->e, 4, POISON_LIMIT_MS));
	/* another error proves that each was told once */
	ASSERT_EQ(0, hit(g, variant->by, 12));
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		EXPECT_TRUE(witness_told(&w[i], 2, POISON_LIMIT_MS)) TH_LOG("process %u", i);
		EXPECT_EQ(2, witness_count(&w[i])) TH_LOG("process %u", i);
		EXPECT_EQ(0, witness_end(&w[i]));
	}
	EXPECT_TRUE(poison_wait(&g->e, 5, POISON_LIMIT_MS));
}

TEST_F_TIMEOUT(source, error_beside_the_aperture_is_none_of_its_own, 60)
{
	struct poison_ground *g = &self->g;

	if (variant->by == BY_DEBUGFS || variant->by == BY_OFFLINE)
		SKIP(return, "what is beside it may be the kernel's");
	ASSERT_EQ(0, inject_error(&g->e, variant->by, g->e.use.base + g->all));
	/* the one after it arrives, so it has */
	ASSERT_EQ(0, hit(g, variant->by, g->all / g->page - 1));
	ASSERT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, g->all - g->page, g->page));
}

TEST_F_TIMEOUT(source, error_while_closed_or_unbound_is_not_forgotten, 90)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	u8 *p;

	ASSERT_NE(0, strlen(g->e.driver));
	fn_close(&g->f);
	ASSERT_EQ(0, hit(g, variant->by, 1));
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	if (variant->by != BY_DEBUGFS) {
		ASSERT_EQ(0, pci_unbind(g->e.bdf));
		EXPECT_GT(0, poison_count(&g->e));
		ASSERT_EQ(0, hit(g, variant->by, 2));
	}
	ASSERT_EQ(0, pci_bind(g->e.bdf, g->e.driver));
	EXPECT_TRUE(poison_wait(&g->e, variant->by == BY_DEBUGFS ? 1 : 2, POISON_LIMIT_MS));
	ASSERT_EQ(0, fn_open(&g->f, g->e.bdf));
	p = map_plain(&g->f, USEMEM, 0, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, touch_read(p, 1, NULL, NULL));
	EXPECT_POISON(p + page);
	if (variant->by != BY_DEBUGFS)
		EXPECT_POISON(p + 2 * page);
	EXPECT_EQ(0, touch_read(p + 3 * page, 1, NULL, NULL));
	munmap(p, 4 * page);
}

TEST_HARNESS_MAIN
