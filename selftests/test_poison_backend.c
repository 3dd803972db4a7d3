// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a backend adds to the ledger of memory errors: firmware's list of memory
 * that is known to be bad, and a reset after which it is in order again.
 *
 *   COHERENT_EXPECT_BAD    OFFSET+LENGTH:..., bytes, as firmware says it
 *   COHERENT_EXPECT_HEALS  1: this backend's resets heal
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

/* A byte for each page of the aperture: what firmware says of it */
static u8 *firmware_says(const struct poison_ground *g, const char *text, long *count)
{
	u64 off, len, pages = g->all / g->page;
	u8 *bad = calloc(pages, 1);
	char *end;

	*count = 0;
	for (; bad && *text; text = *end ? end + 1 : end) {
		off = strtoull(text, &end, 0);
		len = strtoull(end + 1, &end, 0);
		for (u64 nr = off / g->page; nr <= (off + len - 1) / g->page && nr < pages; nr++) {
			*count += !bad[nr];
			bad[nr] = 1;
		}
	}
	return bad;
}

TEST_F_TIMEOUT(poison, firmware_list_counts_at_every_probe, 60)
{
	const char *text = getenv("COHERENT_EXPECT_BAD");
	struct poison_ground *g = &self->g;
	struct poison_range r[32];
	long count, covered;
	u8 *bad, *p;
	u64 got;

	if (!text || !*text)
		SKIP(return, "firmware lists nothing as bad");
	if (env_u64("COHERENT_EXPECT_HEALS", 0))
		SKIP(return, "opening resets, and a reset heals");
	bad = firmware_says(g, text, &count);
	ASSERT_NE(NULL, bad);
	ASSERT_LT(0, count);
	for (int round = 0; round < 2; round++) {
		/* the fixture has cleared what the first probe found */
		EXPECT_EQ(0, poison_count(&g->e));
		fn_close(&g->f);
		ASSERT_EQ(0, pci_bind(g->e.bdf, g->e.driver));
		ASSERT_EQ(0, fn_open(&g->f, g->e.bdf));
		EXPECT_EQ(count, poison_count(&g->e));
		long n = poison_list(&g->e, r, 32);

		ASSERT_LT(0, n);
		EXPECT_EQ(NULL, poison_list_wrong(&g->e, r, n, &covered));
		EXPECT_EQ(count, covered);
		p = map_plain(&g->f, USEMEM, 0, g->len, RW);
		ASSERT_NE(MAP_FAILED, p);
		for (u64 nr = 0; nr < g->len / g->page; nr++) {
			if (bad[nr]) {
				EXPECT_POISON(p + nr * g->page + 5);
				EXPECT_EQ(-EIO, rd(&g->f, USEMEM, &got, 8, nr * g->page));
			} else {
				ASSERT_EQ(0, touch_read(p + nr * g->page, 8, &got, NULL));
			}
		}
		munmap(p, g->len);
		ASSERT_EQ(0, poison_clear_all(&g->e));
	}
	free(bad);
}

TEST_F_TIMEOUT(poison, reset_heals_where_the_backend_says_so, 120)
{
	struct poison_ground *g = &self->g;
	bool heals = env_u64("COHERENT_EXPECT_HEALS", 0);
	u64 got, page = g->page;
	u8 *p;

	if (g->e.no_reset)
		SKIP(return, "the function cannot be reset");
	p = map_plain(&g->f, USEMEM, 0, 8 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 8 * page, page, g->seed));
	for (int kind = BY_IOCTL; kind <= BY_HOT; kind++) {
		if (reset_impossible(&g->e, kind))
			continue;
		ASSERT_EQ(0, poison_pages(g, 3, 2));
		EXPECT_POISON(p + 3 * page);
		ASSERT_EQ(0, reset_by(&g->f, &g->e, kind)) TH_LOG("kind %d", kind);
		/* what was healed is forgotten when the memory is seen to be ready */
		ASSERT_EQ(8, rd(&g->f, USEMEM, &got, 8, 0));
		if (heals) {
			EXPECT_TRUE(poison_wait(&g->e, 0, POISON_LIMIT_MS)) {
				TH_LOG("kind %d", kind);
			}
			EXPECT_EQ(0, check_pages(p, 8 * page, page, g->seed));
		} else {
			/* one that is known already: done when it is acted on */
			ASSERT_EQ(0, poison_pages(g, 3, 1));
			EXPECT_EQ(2, poison_count(&g->e)) TH_LOG("kind %d", kind);
			EXPECT_POISON(p + 4 * page);
		}
		ASSERT_EQ(0, poison_clear_all(&g->e));
	}
	EXPECT_EQ(0, check_pages(p, 8 * page, page, g->seed));
	munmap(p, 8 * page);
}

TEST_HARNESS_MAIN
