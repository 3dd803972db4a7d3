// SPDX-License-Identifier: GPL-2.0-only
/*
 * File I/O with every kind of buffer: bad ones, half bad ones, ones that are not
 * there yet, and ones that are the device itself.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "region_fixture.h"

TEST_F(region, bad_buffer_is_efault)
{
	size_t page = self->page;
	char *none, *ro;
	u8 before[64], after[64];

	none = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ro = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, none);
	ASSERT_NE(MAP_FAILED, ro);
	ASSERT_EQ(0, rd_all(&self->f, self->i, before, 64, 128));

	EXPECT_EQ(-EFAULT, rd(&self->f, self->i, none, 64, 128));
	EXPECT_EQ(-EFAULT, wr(&self->f, self->i, none, 64, 128));
	EXPECT_EQ(-EFAULT, rd(&self->f, self->i, NULL, 64, 128));
	EXPECT_EQ(-EFAULT, wr(&self->f, self->i, NULL, 64, 128));
	EXPECT_EQ(-EFAULT, rd(&self->f, self->i, ro, 64, 128));
	EXPECT_EQ(-EFAULT, rd(&self->f, self->i, (void *)-4096L, 64, 128));
	/* the tail is no way around the check */
	if (self->bar > self->len) {
		EXPECT_EQ(-EFAULT, rd(&self->f, self->i, none, 64, self->len));
		EXPECT_EQ(-EFAULT, rd(&self->f, self->i, ro, 64, self->len));
	}
	/* a read-only buffer is a good source */
	EXPECT_EQ(64, wr(&self->f, self->i, ro, 64, 4096));

	ASSERT_EQ(0, rd_all(&self->f, self->i, after, 64, 128));
	EXPECT_EQ(0, memcmp(before, after, 64));
	munmap(none, page);
	munmap(ro, page);
}

TEST_F(region, half_bad_buffer_is_short)
{
	static const unsigned int have[] = { 1, 7, 8, 9, 63, 64, 65, 100, 1000, 4096 };
	size_t page = self->page, n = page + 300;
	u8 *src = malloc(2 * page), *got = malloc(2 * page);
	char *two;

	ASSERT_TRUE(src && got);
	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, two);
	memset(two, 0, 2 * page);
	ASSERT_EQ(0, mprotect(two + page, page, PROT_NONE));

	for (unsigned int k = 0; k < ARRAY_SIZE(have); k++) {
		unsigned int h = have[k];
		u64 off = 3 + k;

		pattern_fill(src, n, 0, self->seed + k);
		ASSERT_EQ(0, wr_all(&self->f, self->i, src, n, off));
		/* read: all that the good page holds arrives */
		memset(two + page - h, 0, h);
		EXPECT_EQ(h, rd(&self->f, self->i, two + page - h, n, off));
		EXPECT_EQ(0, memcmp(two + page - h, src, h)) TH_LOG("%u good bytes", h);
		/* write: the same, and not a byte more changes */
		pattern_fill(two + page - h, h, 0, self->seed + 100 + k);
		EXPECT_EQ(h, wr(&self->f, self->i, two + page - h, n, off));
		memcpy(src, two + page - h, h);
		ASSERT_EQ(0, rd_all(&self->f, self->i, got, n, off));
		EXPECT_EQ(0, memcmp(got, src, n)) TH_LOG("%u good bytes", h);
	}
	/* the same over the boundary between backed part and tail, and in the tail */
	for (u64 off = self->len - 50; off <= self->len && self->bar > self->len; off += 50) {
		u64 backed = self->len - off;

		memset(two + page - 100, 0, 100);
		EXPECT_EQ(100, rd(&self->f, self->i, two + page - 100, 400, off));
		EXPECT_EQ(-1, first_not(two + page - 100 + backed, 100 - backed, 0xff));
		EXPECT_EQ(100, wr(&self->f, self->i, two + page - 100, 400, off));
	}
	munmap(two, 2 * page);
	free(src);
	free(got);
}

/* A buffer that is not there yet: untouched anonymous memory, then pages given back */
TEST_F(region, buffer_needs_faulting_in)
{
	size_t n = 64 * self->page;
	u8 *ref = malloc(n);
	char *buf;

	if (n > self->len / 2)
		n = (self->len / 2) & ~(self->page - 1);
	ASSERT_NE(NULL, ref);
	pattern_fill(ref, n, 0, self->seed);
	ASSERT_EQ(0, wr_all(&self->f, self->i, ref, n, 0));
	buf = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	for (int round = 0; round < 3; round++) {
		EXPECT_EQ(n - 5, rd(&self->f, self->i, buf + 5, n - 5, 5));
		EXPECT_EQ(0, memcmp(buf + 5, ref + 5, n - 5));
		ASSERT_EQ(0, madvise(buf, n, MADV_DONTNEED));
	}
	/* writes from never-touched memory write zeroes */
	EXPECT_EQ(n, wr(&self->f, self->i, buf, n, 0));
	ASSERT_EQ(0, rd_all(&self->f, self->i, ref, n, 0));
	EXPECT_EQ(-1, first_not(ref, n, 0));
	munmap(buf, n);
	free(ref);
}

/* The buffer is the device itself: its pages fault in through the same driver */
TEST_F_TIMEOUT(region, buffer_is_own_mapping, 120)
{
	size_t n = 16 * self->page;
	u8 *ref = malloc(n), *got = malloc(n);
	u64 from = 0, to = n * 2;
	char *map;

	ASSERT_TRUE(ref && got);
	if (to + n > self->len) {
		n = self->page * 2;
		to = self->page * 4;
	}
	pattern_fill(ref, n, from, self->seed);
	ASSERT_EQ(0, wr_all(&self->f, self->i, ref, n, from));

	/* read device page -> device page, the target not mapped in yet */
	map = map_plain(&self->f, self->i, to, n, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(n, rd(&self->f, self->i, map, n, from));
	ASSERT_EQ(0, rd_all(&self->f, self->i, got, n, to));
	EXPECT_EQ(0, memcmp(got, ref, n));
	munmap(map, n);

	/* write with the source in the device, again untouched */
	pattern_fill(ref, n, to, self->seed + 1);
	ASSERT_EQ(0, wr_all(&self->f, self->i, ref, n, to));
	map = map_plain(&self->f, self->i, to, n, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(n - 3, wr(&self->f, self->i, map + 3, n - 3, from));
	ASSERT_EQ(0, rd_all(&self->f, self->i, got, n - 3, from));
	EXPECT_EQ(0, memcmp(got, ref + 3, n - 3));
	munmap(map, n);

	/* onto itself: finishes, and changes nothing */
	map = map_plain(&self->f, self->i, from, n, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, rd_all(&self->f, self->i, ref, n, from));
	EXPECT_EQ(n, rd(&self->f, self->i, map, n, from));
	EXPECT_EQ(n, wr(&self->f, self->i, map, n, from));
	ASSERT_EQ(0, rd_all(&self->f, self->i, got, n, from));
	EXPECT_EQ(0, memcmp(got, ref, n));
	/* half over itself: must only finish */
	EXPECT_EQ(n - 100, rd(&self->f, self->i, map + 100, n - 100, from));
	EXPECT_EQ(n - 100, wr(&self->f, self->i, map, n - 100, from + 100));
	munmap(map, n);
	free(ref);
	free(got);
}

/* From one memory type into the other, in one call */
TEST_F(region, buffer_is_the_other_region)
{
	unsigned int other = self->i == USEMEM ? RESMEM : USEMEM;
	size_t n = 4 * self->page;
	u8 *ref = malloc(n), *got = malloc(n);
	char *map;

	if (!expect_region(&self->e, other))
		SKIP(return, "one fake region only");
	ASSERT_TRUE(ref && got);
	pattern_fill(ref, n, 0, self->seed);
	ASSERT_EQ(0, wr_all(&self->f, self->i, ref, n, 0));
	map = map_plain(&self->f, other, 0, n, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(n, rd(&self->f, self->i, map, n, 0));
	ASSERT_EQ(0, rd_all(&self->f, other, got, n, 0));
	EXPECT_EQ(0, memcmp(got, ref, n));
	munmap(map, n);
	free(ref);
	free(got);
}

TEST_F(region, vectors)
{
	u8 a[100], b[200], out[300], in[300];
	struct iovec iov[2] = { { a, sizeof(a) }, { b, sizeof(b) } };

	pattern_fill(out, sizeof(out), 0, self->seed);
	memcpy(a, out, sizeof(a));
	memcpy(b, out + sizeof(a), sizeof(b));
	EXPECT_EQ(300, pwritev(self->f.device, iov, 2, at(self->i, 999)));
	ASSERT_EQ(0, rd_all(&self->f, self->i, in, sizeof(in), 999));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	EXPECT_EQ(300, preadv(self->f.device, iov, 2, at(self->i, 999)));
	EXPECT_EQ(0, memcmp(a, out, sizeof(a)));
	EXPECT_EQ(0, memcmp(b, out + sizeof(a), sizeof(b)));
}

TEST_HARNESS_MAIN
