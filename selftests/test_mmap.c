// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of the fake regions: what may be mapped, that mapping and file I/O
 * show the same bytes, and what ends or outlives the access.
 */
#include <errno.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "region_fixture.h"

static int try_map(const struct fn *f, unsigned int index, u64 off, size_t len, int flags)
{
	void *p = mmap(NULL, len, RW, flags, f->device, at(index, off));

	if (p == MAP_FAILED)
		return -errno;
	munmap(p, len);
	return 0;
}

TEST_F(region, limits)
{
	u64 len = self->r->len, bar = self->r->bar, page = self->page;

	EXPECT_EQ(0, try_map(&self->f, self->i, 0, len, MAP_SHARED));
	EXPECT_EQ(0, try_map(&self->f, self->i, 0, page, MAP_SHARED));
	EXPECT_EQ(0, try_map(&self->f, self->i, len - page, page, MAP_SHARED));
	EXPECT_EQ(0, try_map(&self->f, self->i, page, len - page, MAP_SHARED));

	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, 0, len + page, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, page, len, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, len, page, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, len - page, 2 * page, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, bar - page, 2 * page, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, bar, page, MAP_SHARED));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, (1ULL << 40) - page, page, MAP_SHARED));
	if (bar > len) {
		EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, bar - page, page, MAP_SHARED));
		EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, 0, bar, MAP_SHARED));
	}
}

TEST_F(region, private_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, 0, self->page, MAP_PRIVATE));
	EXPECT_EQ(-EINVAL, try_map(&self->f, self->i, 0, self->r->len,
				   MAP_PRIVATE | MAP_NORESERVE));
	/* read-only makes no difference: it could be made writable later */
	void *p = mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, self->f.device,
		       at(self->i, 0));
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(region, read_only_mapping)
{
	struct fault_seen seen;
	u32 word = 0xdeadbeef;
	u64 got;
	char *p;

	ASSERT_EQ(4, wr(&self->f, self->i, &word, 4, 8));
	p = map_plain(&self->f, self->i, 0, self->page, PROT_READ);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_read(p + 8, 4, &got, &seen));
	EXPECT_EQ(word, got);
	EXPECT_EQ(-EFAULT, touch_write(p + 8, 4, 1, &seen));
	EXPECT_EQ(SIGSEGV, seen.sig);
	/* the file is open for writing, so this is allowed */
	ASSERT_EQ(0, mprotect(p, self->page, RW));
	EXPECT_EQ(0, touch_write(p + 8, 4, 0x12345678, &seen));
	ASSERT_EQ(4, rd(&self->f, self->i, &word, 4, 8));
	EXPECT_EQ(0x12345678, word);
	munmap(p, self->page);
}

TEST_F(region, same_bytes_as_file_io)
{
	u64 len = self->r->len, n = 5 * self->page + 123;
	u64 offs[] = { 0, 1, len / 2 + 7, len - n };
	u8 *buf = malloc(n), *got = malloc(n);
	u8 *p;

	ASSERT_TRUE(buf && got);
	p = map_plain(&self->f, self->i, 0, len, RW);
	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int k = 0; k < ARRAY_SIZE(offs); k++) {
		pattern_fill(buf, n, offs[k], self->seed);
		memcpy(p + offs[k], buf, n);
		__sync_synchronize();
		ASSERT_EQ(0, rd_all(&self->f, self->i, got, n, offs[k]));
		EXPECT_EQ(-1, pattern_check(got, n, offs[k], self->seed));

		pattern_fill(buf, n, offs[k], self->seed + 1);
		ASSERT_EQ(0, wr_all(&self->f, self->i, buf, n, offs[k]));
		EXPECT_EQ(-1, pattern_check(p + offs[k], n, offs[k], self->seed + 1));
	}
	munmap(p, len);
	free(buf);
	free(got);
}

TEST_F(region, access_widths)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	struct fault_seen seen;
	u64 val, got;
	char *p;

	p = map_plain(&self->f, self->i, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int w = 0; w < ARRAY_SIZE(widths); w++) {
		/* Normal memory of either type allows unaligned accesses */
		for (unsigned int off = 0; off < 16; off++) {
			val = 0x0123456789abcdefULL * (off + 1);
			if (widths[w] < 8)
				val &= (1ULL << 8 * widths[w]) - 1;
			ASSERT_EQ(0, touch_write(p + off, widths[w], val, &seen))
				TH_LOG("signal %d, width %u, offset %u", seen.sig, widths[w], off);
			ASSERT_EQ(0, touch_read(p + off, widths[w], &got, &seen));
			EXPECT_EQ(val, got);
		}
	}
	munmap(p, self->page);
}

TEST_F(region, two_mappings_share)
{
	struct fault_seen seen;
	u64 got;
	char *a, *b;

	a = map_plain(&self->f, self->i, 0, 2 * self->page, RW);
	b = map_plain(&self->f, self->i, self->page, self->page, RW);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	ASSERT_EQ(0, touch_write(a + self->page + 24, 8, 0x5566778899aabbcc, &seen));
	__sync_synchronize();
	ASSERT_EQ(0, touch_read(b + 24, 8, &got, &seen));
	EXPECT_EQ(0x5566778899aabbcc, got);
	munmap(a, 2 * self->page);
	munmap(b, self->page);
}

TEST_F(region, memory_decoding_off_and_on)
{
	struct fault_seen seen;
	u64 got, off;
	u8 *p;

	for (u64 n = self->page; n; n = n == self->page ? self->pmd : 0) {
		off = first_block(self->r, self->pmd);
		if (off + n > self->r->len)
			break;
		p = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd, 0, RW);
		ASSERT_NE(MAP_FAILED, p);
		ASSERT_EQ(0, touch_write(p, 8, self->seed, &seen));
		ASSERT_EQ(0, fn_memory_decode(&self->f, false));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(p, seen.addr);
		EXPECT_EQ(-EFAULT, touch_write(p + n - 8, 8, 1, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(p + n - 8, seen.addr);
		ASSERT_EQ(0, fn_memory_decode(&self->f, true));
		ASSERT_EQ(0, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(self->seed, got);
		munmap(p, n);
	}
}

TEST_F_TIMEOUT(region, soft_dirty_then_write, 60)
{
	u64 off, page = self->page, n = self->pmd;
	u8 *p, *q;

	p = map_blocks(&self->f, self->i, self->r, self->pmd, 1, &off);
	if (!p)
		SKIP(return, "region holds no whole block");
	ASSERT_NE(MAP_FAILED, p);
	q = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd, page, RW);
	ASSERT_NE(MAP_FAILED, q);
	ASSERT_EQ(0, mark_pages(p, page, page, 1));
	/* A kernel without soft-dirty takes the write and does nothing */
	ASSERT_EQ(0, sysfs_write("/proc/self/clear_refs", "4"));
	EXPECT_EQ(0, mark_pages(p, n, page, self->seed));
	EXPECT_EQ(0, mark_pages(q, n, page, self->seed));
	ASSERT_EQ(0, sysfs_write("/proc/self/clear_refs", "4"));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	/* An entry inserted read-only here would make this write fault for ever */
	EXPECT_EQ(0, mark_pages(p, n, page, self->seed + 1));
	EXPECT_EQ(0, mark_pages(q, n, page, self->seed + 2));
	EXPECT_EQ(0, check_pages(p, n, page, self->seed + 2));
	ASSERT_EQ(0, sysfs_write("/proc/self/clear_refs", "1"));
	EXPECT_EQ(0, check_pages(q, n, page, self->seed + 2));
	munmap(p, n);
	munmap(q, n);
}

TEST_F(region, dma_map)
{
	u64 off = first_block(self->r, self->pmd), n = self->pmd;
	void *p;

	if (off + n > self->r->len)
		SKIP(return, "region holds no whole block");
	for (u64 skew = 0; skew < 2; skew++) {
		p = map_aligned(&self->f, self->i, self->r->base, off, n, self->pmd,
				skew * self->page, RW);
		ASSERT_NE(MAP_FAILED, p);
		/* nothing touched yet: type1 faults the pages in from the ioctl */
		EXPECT_EQ(0, fn_dma_map(&self->f, p, n, 4 * GiB));
		EXPECT_EQ(0, mark_pages(p, n, self->page, self->seed));
		EXPECT_EQ(0, fn_dma_unmap(&self->f, n, 4 * GiB));
		munmap(p, n);
	}
}

TEST_HARNESS_MAIN
