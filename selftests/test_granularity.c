// SPDX-License-Identifier: GPL-2.0-only
/*
 * How large the page-table entries of mappings are, counted in page faults: a
 * process cannot see them otherwise without looking at a clock.
 */
#include <errno.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "region_fixture.h"

TEST_F(region, aligned_block_is_one_fault)
{
	u64 off = first_block(self->r, self->pmd);
	volatile u8 *p;
	long faults;

	if (off + self->pmd > self->r->len)
		SKIP(return, "region holds no whole block of %zu KiB", self->pmd >> 10);
	p = map_aligned(&self->f, self->i, self->r->base, off, self->pmd, self->pmd, 0, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	faults = faults_of_walk(p, self->pmd, self->page);
	EXPECT_EQ(1, faults);
	/* and none again */
	EXPECT_EQ(0, faults_of_walk(p, self->pmd, self->page));
	munmap((void *)p, self->pmd);
}

/* Of 64 blocks that lie together the first fault maps the others, too */
TEST_F(region, aligned_run_is_one_fault_for_64_blocks)
{
	u64 off = first_block(self->r, self->pmd);
	u64 blocks = (self->r->len - off) / self->pmd;
	volatile u8 *p;
	long faults;

	if (off >= self->r->len || blocks < 2)
		SKIP(return, "too few whole blocks");
	if (blocks > 16)
		blocks = 16;
	p = map_aligned(&self->f, self->i, self->r->base, off, blocks * self->pmd,
			self->pmd, 0, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	faults = faults_of_walk(p, blocks * self->pmd, self->page);
	EXPECT_LE(1, faults);
	/* The run may begin anywhere among them */
	EXPECT_GE((blocks - 1) / 64 + 2, faults);
	EXPECT_EQ(0, faults_of_walk(p, blocks * self->pmd, self->page));
	munmap((void *)p, blocks * self->pmd);
}

TEST_F(region, write_first_is_one_fault)
{
	u64 off = first_block(self->r, self->pmd);
	struct fault_seen seen;
	volatile u8 *p;

	if (off + self->pmd > self->r->len)
		SKIP(return, "region holds no whole block");
	p = map_aligned(&self->f, self->i, self->r->base, off, self->pmd, self->pmd, 0, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	ASSERT_EQ(0, touch_write(p + self->pmd / 2, 8, 1, &seen));
	EXPECT_EQ(0, faults_of_walk(p, self->pmd, self->page));
	munmap((void *)p, self->pmd);
}

/* Misaligned: no huge entry is possible, yet a fault brings many pages */
TEST_F(region, misaligned_populates_many_pages)
{
	u64 span = 4 * self->pmd, tables;
	volatile u8 *p;
	long faults;

	if (span > self->r->len)
		span = self->r->len & ~(self->page - 1);
	p = map_aligned(&self->f, self->i, self->r->base, 0, span, self->pmd, self->page, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	/* no more than one fault for each page-table page that the mapping touches */
	tables = ((uintptr_t)p % self->pmd + span + self->pmd - 1) / self->pmd;
	faults = faults_of_walk(p, span, self->page);
	EXPECT_LE(1, faults);
	EXPECT_GE(tables, faults)
		TH_LOG("%ld faults for %llu pages", faults,
		       (unsigned long long)(span / self->page));
	EXPECT_EQ(0, faults_of_walk(p, span, self->page));
	munmap((void *)p, span);
}

TEST_F(region, huge_mapping_has_the_right_bytes)
{
	u64 off = first_block(self->r, self->pmd);
	u64 n = 2 * self->pmd;
	u8 word[8], *p;

	if (off + n > self->r->len)
		SKIP(return, "region holds no two whole blocks");
	p = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd, 0, RW);
	ASSERT_NE(MAP_FAILED, p);
	/* a mark in every page through the file, seen through the mapping */
	for (u64 o = 0; o < n; o += self->page) {
		pattern_fill(word, 8, off + o, self->seed);
		ASSERT_EQ(8, wr(&self->f, self->i, word, 8, off + o));
	}
	for (u64 o = 0; o < n; o += self->page) {
		ASSERT_EQ(-1, pattern_check(p + o, 8, off + o, self->seed))
			TH_LOG("page at %#llx", (unsigned long long)o);
	}
	munmap(p, n);
	/* the same through small entries */
	p = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	for (u64 o = 0; o < n; o += self->page) {
		ASSERT_EQ(-1, pattern_check(p + o, 8, off + o, self->seed));
	}
	munmap(p, n);
}

/* The last block may be half backed: all of it that is backed can be reached */
TEST_F(region, last_pages)
{
	u64 n = self->pmd + 3 * self->page;
	struct fault_seen seen;
	u64 off, got;
	u8 *p;

	if (n > self->r->len)
		n = self->r->len;
	off = self->r->len - n;
	for (u64 skew = 0; skew < 2; skew++) {
		p = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd,
				skew * self->page, RW);
		ASSERT_NE(MAP_FAILED, p);
		for (u64 o = 0; o < n; o += self->page) {
			ASSERT_EQ(0, touch_write(p + o, 8, off + o + skew, &seen));
			ASSERT_EQ(0, touch_read(p + o, 8, &got, &seen));
			ASSERT_EQ(off + o + skew, got);
		}
		ASSERT_EQ(0, touch_write(p + n - 8, 8, 77, &seen));
		ASSERT_EQ(8, rd(&self->f, self->i, &got, 8, self->r->len - 8));
		EXPECT_EQ(77, got);
		munmap(p, n);
	}
}

TEST_HARNESS_MAIN
