// SPDX-License-Identifier: GPL-2.0-only
/*
 * File I/O and memory errors: a transfer ends before a bad page and fails where
 * it would begin in one, whoever allowed what to mappings.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "poison_ground.h"

/* One region each: @base is where it begins in the aperture */
FIXTURE(io) {
	struct poison_ground g;
	unsigned int i;
	u64 base, len, bar;
	u8 *buf, *got;
};

FIXTURE_VARIANT(io) {
	unsigned int index;
};

FIXTURE_VARIANT_ADD(io, usemem) { .index = USEMEM };
FIXTURE_VARIANT_ADD(io, resmem) { .index = RESMEM };

#define PAGES	12

FIXTURE_SETUP(io)
{
	const struct expect_region *r;
	struct expect e;

	ASSERT_EQ(0, expect_load(&e));
	if (!expect_region(&e, variant->index))
		SKIP(return, "no such region on this function");
	ASSERT_EQ(0, ground_open(&self->g));
	r = expect_region(&self->g.e, variant->index);
	self->i = variant->index;
	self->base = r->base - self->g.e.use.base;
	self->len = r->len;
	self->bar = r->bar;
	self->buf = malloc(PAGES * self->g.page);
	self->got = malloc(PAGES * self->g.page);
	ASSERT_TRUE(self->buf && self->got);
	ASSERT_LE(2 * PAGES * self->g.page, self->len);
}

FIXTURE_TEARDOWN(io)
{
	EXPECT_EQ(0, ground_close(&self->g));
}

/* Page @nr of the region */
static int spoil(struct _test_data_io *self, u64 nr)
{
	return inject_many(&self->g.e, self->base + nr * self->g.page, 0, 0);
}

/*
 * What @n bytes from @off on must give, with page @bad gone: as much as there is
 * before it, or -EIO inside it
 */
static ssize_t due(u64 off, size_t n, u64 bad, u64 page)
{
	if (off >= bad + page || off + n <= bad)
		return n;
	return off < bad ? (ssize_t)(bad - off) : -EIO;
}

TEST_F_TIMEOUT(io, transfers_end_before_the_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, bad = 5 * page, n = PAGES * page;
	u64 offs[] = { 0, 1, bad - page - 1, bad - 9, bad - 1, bad, bad + 1, bad + page - 1,
		       bad + page, bad + page + 3 };
	size_t sizes[] = { 1, 2, 4, 8, 9, 64, 1000, page - 1, page, page + 1, 3 * page };

	pattern_fill(self->buf, n, 0, g->seed);
	ASSERT_EQ(0, wr_all(&g->f, self->i, self->buf, n, 0));
	ASSERT_EQ(0, spoil(self, 5));
	for (unsigned int o = 0; o < ARRAY_SIZE(offs); o++) {
		for (unsigned int s = 0; s < ARRAY_SIZE(sizes); s++) {
			ssize_t want = due(offs[o], sizes[s], bad, page), ret;

			memset(self->got, 0xa5, sizes[s]);
			ret = rd(&g->f, self->i, self->got, sizes[s], offs[o]);
			ASSERT_EQ(want, ret) TH_LOG("read %zu at %#llx", sizes[s],
						    (unsigned long long)offs[o]);
			if (ret < 0)
				ret = 0;
			EXPECT_EQ(-1, pattern_check(self->got, ret, offs[o], g->seed));
			EXPECT_EQ(-1, first_not(self->got + ret, sizes[s] - ret, 0xa5));
			ret = wr(&g->f, self->i, self->buf + offs[o], sizes[s], offs[o]);
			ASSERT_EQ(want, ret) TH_LOG("write %zu at %#llx", sizes[s],
						    (unsigned long long)offs[o]);
		}
	}
	/* nothing was written into the page, and nothing beside it is wrong */
	ASSERT_EQ(0, poison_clear_all(&g->e));
	ASSERT_EQ(0, rd_all(&g->f, self->i, self->got, n, 0));
	EXPECT_EQ(-1, pattern_check(self->got, n, 0, g->seed));
}

TEST_F_TIMEOUT(io, write_never_reaches_the_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, n = 3 * page;

	pattern_fill(self->buf, n, 0, g->seed);
	ASSERT_EQ(0, wr_all(&g->f, self->i, self->buf, n, 0));
	ASSERT_EQ(0, spoil(self, 1));
	pattern_fill(self->buf, n, 0, g->seed + 1);
	EXPECT_EQ(page, wr(&g->f, self->i, self->buf, n, 0));
	EXPECT_EQ(-EIO, wr(&g->f, self->i, self->buf + page, 2 * page, page));
	EXPECT_EQ(page, wr(&g->f, self->i, self->buf + 2 * page, page, 2 * page));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	ASSERT_EQ(0, rd_all(&g->f, self->i, self->got, n, 0));
	EXPECT_EQ(-1, pattern_check(self->got, page, 0, g->seed + 1));
	EXPECT_EQ(-1, pattern_check(self->got + page, page, page, g->seed));
	EXPECT_EQ(-1, pattern_check(self->got + 2 * page, page, 2 * page, g->seed + 1));
}

TEST_F_TIMEOUT(io, first_and_last_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, len = self->len;

	ASSERT_EQ(0, spoil(self, 0));
	ASSERT_EQ(0, spoil(self, len / page - 1));
	EXPECT_EQ(2, poison_count(&g->e));
	EXPECT_EQ(-EIO, rd(&g->f, self->i, self->got, page, 0));
	EXPECT_EQ(-EIO, rd(&g->f, self->i, self->got, 1, page - 1));
	EXPECT_EQ(8, rd(&g->f, self->i, self->got, 8, page));
	EXPECT_EQ(page, rd(&g->f, self->i, self->got, 2 * page, len - 2 * page));
	EXPECT_EQ(-EIO, rd(&g->f, self->i, self->got, 1, len - 1));
	EXPECT_EQ(-EIO, wr(&g->f, self->i, self->buf, 1, len - page));
	if (self->bar > len) {
		/* behind it there is nothing that could be bad */
		EXPECT_EQ(8, rd(&g->f, self->i, self->got, 8, len));
		EXPECT_EQ(-1, first_not(self->got, 8, 0xff));
		EXPECT_EQ(-EIO, rd(&g->f, self->i, self->got, 8, len - 4));
	}
	/* the other region is another matter */
	if (self->g.e.res.present) {
		unsigned int other = self->i == USEMEM ? RESMEM : USEMEM;

		EXPECT_EQ(8, rd(&g->f, other, self->got, 8, 0));
		EXPECT_EQ(8, rd(&g->f, other, self->got, 8,
				expect_region(&g->e, other)->len - 8));
	}
}

TEST_F_TIMEOUT(io, mapping_of_the_region_lacks_the_page, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, n = 4 * page;
	u8 *p;

	p = map_plain(&g->f, self->i, self->len - n, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	ASSERT_EQ(0, spoil(self, self->len / page - 1));
	EXPECT_TRUE(only_recorded(g, self->base + self->len - page, page));
	EXPECT_POISON(p + 3 * page + 1);
	EXPECT_EQ(0, check_pages(p, 3 * page, page, g->seed));
	ASSERT_EQ(0, spoil(self, self->len / page - 3));
	EXPECT_POISON(p + page);
	EXPECT_EQ(0, check_pages(p, page, page, g->seed));
	EXPECT_EQ(0, check_pages(p + 2 * page, page, page, g->seed + 2 * page));
	munmap(p, n);
}

TEST_F_TIMEOUT(io, every_policy_refuses, 60)
{
	static const char * const words[] = { "isolate", "keep", "auto" };
	struct poison_ground *g = &self->g;
	u64 page = g->page;

	ASSERT_EQ(0, spoil(self, 2));
	for (unsigned int w = 0; w < ARRAY_SIZE(words); w++) {
		ASSERT_EQ(0, poison_policy_set(&g->e, words[w]));
		EXPECT_EQ(-EIO, rd(&g->f, self->i, self->got, 16, 2 * page + 8));
		EXPECT_EQ(-EIO, wr(&g->f, self->i, self->got, 16, 2 * page + 8));
		EXPECT_EQ(page, rd(&g->f, self->i, self->got, 2 * page, page));
		EXPECT_EQ(page, rd(&g->f, self->i, self->got, page, 3 * page));
	}
}

TEST_F_TIMEOUT(io, one_page_in_three_is_bad, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, off;
	ssize_t ret;

	ASSERT_EQ(0, inject_many(&g->e, self->base, 10, 3 * page));
	EXPECT_EQ(10, poison_count(&g->e));
	for (u64 nr = 0; nr < 24; nr++) {
		off = nr * page + 17;
		ret = rd(&g->f, self->i, self->got, 4 * page, off);
		if (nr % 3) {
			EXPECT_EQ((3 - nr % 3) * page - 17, ret) TH_LOG("page %llu",
									(unsigned long long)nr);
		} else {
			EXPECT_EQ(-EIO, ret);
		}
	}
}

TEST_F_TIMEOUT(io, vectors_and_bad_buffers, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	struct iovec iov[2] = { { self->got, page }, { self->got + page, 2 * page } };

	ASSERT_EQ(0, spoil(self, 2));
	/* each part is a transfer of its own */
	EXPECT_EQ(2 * page, preadv(g->f.device, iov, 2, at(self->i, 0)));
	EXPECT_EQ(-1, preadv(g->f.device, iov, 2, at(self->i, 2 * page)));
	EXPECT_EQ(EIO, errno);
	/* nobody looks at the buffer of what is refused, and the other way round */
	EXPECT_EQ(-EIO, rd(&g->f, self->i, (void *)8, 8, 2 * page));
	EXPECT_EQ(-EFAULT, rd(&g->f, self->i, (void *)8, 8, page));
	EXPECT_EQ(0, rd(&g->f, self->i, self->got, 0, 2 * page));
}

TEST_HARNESS_MAIN
