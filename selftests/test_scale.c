// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large memory: what it costs to map it grows as page tables do, and not faster. What
 * is counted is judged; times are told, for they are those of this machine.
 *
 * Memory is read and not written: behind it an emulated machine has none of its own
 * until somebody writes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "dma.h"

#define RW	(PROT_READ | PROT_WRITE)
#define IOVA	(1ULL << 40)

FIXTURE(scale) {
	struct expect e;
	struct fn f;
	u64 page, pmd, len;
};

FIXTURE_SETUP(scale)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	self->page = page_size();
	self->pmd = pmd_size();
	self->len = self->e.use.len;
}

FIXTURE_TEARDOWN(scale)
{
	if (self->f.device >= 0)
		fn_close(&self->f);
}

static void tell(const char *what, u64 bytes, u64 us)
{
	printf("# %4llu GiB: %s: %llu us, %llu us a GiB\n", (unsigned long long)(bytes / GiB), what,
	       (unsigned long long)us, (unsigned long long)(us / (bytes / GiB ?: 1)));
}

TEST_F_TIMEOUT(scale, mmap_fills_nothing_in, 120)
{
	struct fn *f = &self->f;
	u64 begin;
	void *p;

	begin = now_us();
	ASSERT_EQ(0, pci_unbind(self->e.bdf));
	ASSERT_EQ(0, pci_bind(self->e.bdf, self->e.driver));
	tell("unbind and bind", self->len, now_us() - begin);
	begin = now_us();
	ASSERT_EQ(0, fn_open(f, self->e.bdf));
	tell("open", self->len, now_us() - begin);
	EXPECT_EQ(self->e.use.bar, f->region[USEMEM].size);

	long before = page_tables();

	ASSERT_LT(0, before);
	begin = now_us();
	p = map_aligned(f, USEMEM, self->e.use.base, 0, self->len, GiB, 0, RW);
	ASSERT_NE(MAP_FAILED, p);
	tell("mmap", self->len, now_us() - begin);
	/* Nothing is filled in before it is touched */
	EXPECT_LE(page_tables() - before, 64);
	munmap(p, self->len);
}

TEST_F_TIMEOUT(scale, touches_cost_an_entry_a_block, 300)
{
	struct fn *f = &self->f;
	u64 begin, whole = self->len & ~(self->pmd - 1), rest = self->len - whole, table;
	long before, faults;
	u8 *p;

	ASSERT_EQ(0, fn_open(f, self->e.bdf));
	p = map_aligned(f, USEMEM, self->e.use.base, 0, self->len, GiB, 0, RW);
	ASSERT_NE(MAP_FAILED, p);
	before = page_tables();
	ASSERT_LT(0, before);
	begin = now_us();
	faults = faults_of_walk(p, whole, self->pmd);
	tell("touching each block", self->len, now_us() - begin);
	printf("# %4llu GiB: %ld faults, %ld KiB of page tables\n",
	       (unsigned long long)(self->len / GiB), faults, page_tables() - before);
	EXPECT_LE(faults, (long)(whole / self->pmd));
	/* A table of entries for blocks has a page's worth of them */
	table = self->page / sizeof(u64) * self->pmd;
	EXPECT_LE((page_tables() - before) * 1024, (long)((whole / table + 8) * self->page));
	/* What is no whole block, by pages */
	faults = faults_of_walk(p + whole, rest, self->page);
	EXPECT_LE(faults, (long)(rest / self->page));
	begin = now_us();
	munmap(p, self->len);
	tell("munmap", self->len, now_us() - begin);
}

/*
 * A fault does not cost more for all that is mapped already: of eight parts the last is
 * about as fast as the first, in the better of some passes. The first pass is not
 * counted; there the machine outside makes its own page tables.
 */
TEST_F_TIMEOUT(scale, touches_do_not_slow_down, 300)
{
	struct fn *f = &self->f;
	u64 part = (self->len / 8) & ~(self->pmd - 1), begin, us;
	u64 first = ~0ULL, last = ~0ULL;
	u8 *p;

	ASSERT_EQ(0, fn_open(f, self->e.bdf));
	for (unsigned int pass = 0; pass < 4; pass++) {
		p = map_aligned(f, USEMEM, self->e.use.base, 0, self->len, GiB, 0, RW);
		ASSERT_NE(MAP_FAILED, p);
		for (unsigned int i = 0; i < 8; i++) {
			begin = now_us();
			faults_of_walk(p + i * part, part, self->pmd);
			us = now_us() - begin;
			if (pass && i == 0 && us < first)
				first = us;
			if (pass && i == 7 && us < last)
				last = us;
		}
		munmap(p, self->len);
	}
	tell("touching the first eighth", part, first);
	tell("touching the last eighth", part, last);
	/* What takes little time shows little */
	if (self->len > 256 * GiB)
		EXPECT_LT(last, 4 * first);
}

TEST_F_TIMEOUT(scale, file_reaches_the_end, 60)
{
	struct fn *f = &self->f;
	u64 last = self->len - sizeof(u64), word, want = 0x0123456789abcdefULL ^ self->len;
	u8 *p;

	ASSERT_EQ(0, fn_open(f, self->e.bdf));
	ASSERT_EQ(0, wr_all(f, USEMEM, &want, sizeof(want), last));
	p = map_plain(f, USEMEM, last & ~(self->page - 1), self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, touch_read(p + last % self->page, 8, &word, NULL));
	EXPECT_EQ(want, word);
	ASSERT_EQ(0, rd_all(f, USEMEM, &word, sizeof(word), last));
	EXPECT_EQ(want, word);
	munmap(p, self->page);
}

TEST_F_TIMEOUT(scale, type1_maps_it_for_dma, 1200)
{
	struct fn *f = &self->f;
	u64 begin;
	void *p;

	ASSERT_EQ(0, fn_open(f, self->e.bdf));
	p = map_aligned(f, USEMEM, self->e.use.base, 0, self->len, GiB, 0, RW);
	ASSERT_NE(MAP_FAILED, p);
	begin = now_us();
	ASSERT_EQ(0, fn_dma_map(f, p, self->len, IOVA));
	tell("type1 map", self->len, now_us() - begin);
	begin = now_us();
	ASSERT_EQ(0, fn_dma_unmap(f, self->len, IOVA));
	/* type1 takes it apart a page at a time */
	tell("type1 unmap", self->len, now_us() - begin);
	munmap(p, self->len);
}

TEST_F_TIMEOUT(scale, iommufd_maps_it_for_dma, 300)
{
	struct fn *f = &self->f;
	int ret, buf;
	u64 begin;
	u32 ioas;

	ret = fn_open_cdev(f, self->e.bdf);
	if (ret == -ENOENT) {
		f->device = -1;
		SKIP(return, "this kernel has no character devices for VFIO");
	}
	ASSERT_EQ(0, ret);
	if (!dmabuf_in_kernel(f))
		SKIP(return, "this kernel has no dma-bufs of VFIO");
	ASSERT_EQ(0, fn_ioas_attach(f, &ioas));
	begin = now_us();
	buf = dmabuf_export(f, USEMEM, 0, self->len);
	ASSERT_LE(0, buf);
	tell("dma-buf", self->len, now_us() - begin);
	begin = now_us();
	ASSERT_EQ(0, ioas_map_file(f, ioas, buf, 0, self->len, IOVA));
	tell("iommufd map", self->len, now_us() - begin);
	begin = now_us();
	ASSERT_EQ(0, fn_ioas_unmap(f, ioas, self->len, IOVA));
	tell("iommufd unmap", self->len, now_us() - begin);
	close(buf);
	EXPECT_EQ(0, fn_ioas_detach(f));
}

TEST_HARNESS_MAIN
