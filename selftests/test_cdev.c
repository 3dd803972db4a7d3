// SPDX-License-Identifier: GPL-2.0-only
/*
 * The function opened as a character device of its own and bound to iommufd,
 * with no group and no container, as new VMMs do it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "coherent.h"

#define RW	(PROT_READ | PROT_WRITE)
/* Where an IOMMU has no windows of its own, for interrupts or else */
#define IOVA	0x40000000

FIXTURE(cdev) {
	struct expect e;
	struct fn f;
	size_t page;
	u64 seed;
};

FIXTURE_SETUP(cdev)
{
	int ret;

	ASSERT_EQ(0, expect_load(&self->e));
	ret = fn_open_cdev(&self->f, self->e.bdf);
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no character devices for VFIO");
	ASSERT_EQ(0, ret);
	ASSERT_TRUE(self->e.use.present);
	self->page = page_size();
	self->seed = now_ms();
	fault_catch();
}

FIXTURE_TEARDOWN(cdev)
{
	fn_close(&self->f);
}

TEST_F(cdev, shows_the_same_regions)
{
	struct vfio_region_info *info = fn_region_info(&self->f, USEMEM);

	ASSERT_NE(NULL, info);
	EXPECT_EQ(self->e.use.bar, info->size);
	EXPECT_EQ(self->e.use.len, self->f.usable[USEMEM]);
	EXPECT_EQ(at(USEMEM, 0), info->offset);
	EXPECT_EQ(!self->e.no_reset, !!(self->f.info.flags & VFIO_DEVICE_FLAGS_RESET));
	free(info);
}

TEST_F(cdev, opens_once_and_nothing_before_iommufd)
{
	struct fn other = { .container = -1, .group = -1 };
	u8 byte, *p;

	EXPECT_EQ(-EINVAL, fn_open_cdev(&other, self->e.bdf));
	EXPECT_EQ(1, rd(&self->f, USEMEM, &byte, 1, 0));

	other.device = fn_cdev_fd(self->e.bdf);
	ASSERT_LE(0, other.device);
	EXPECT_EQ(-EINVAL, rd(&other, USEMEM, &byte, 1, 0));
	p = map_plain(&other, USEMEM, 0, self->page, RW);
	EXPECT_EQ(MAP_FAILED, p);
	fn_close(&other);
}

TEST_F(cdev, no_group_beside_it)
{
	struct fn other;

	EXPECT_EQ(-EBUSY, fn_open(&other, self->e.bdf));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&other, self->e.bdf));
	EXPECT_EQ(-EBUSY, fn_open_cdev(&self->f, self->e.bdf));
	fn_close(&other);
	EXPECT_EQ(0, fn_open_cdev(&self->f, self->e.bdf));
}

TEST_F_TIMEOUT(cdev, memory_in_every_way, 60)
{
	u32 fake = PCI_BASE_ADDRESS_0 + USEMEM * 4, word, val;
	u8 *p;

	p = map_plain(&self->f, USEMEM, 0, 4 * self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * self->page, self->page, self->seed));
	memcpy(&val, p + self->page, 4);
	EXPECT_EQ(4, rd(&self->f, USEMEM, &word, 4, self->page));
	EXPECT_EQ(val, word);

	ASSERT_EQ(0, cfg_write(&self->f, fake, 4, ~0U));
	EXPECT_EQ(FAKE_BAR_FLAGS, cfg_read(&self->f, fake, 4) & 0xf);

	/* the mapping keeps the device open */
	close(self->f.device);
	self->f.device = -1;
	EXPECT_EQ(0, check_pages(p, 4 * self->page, self->page, self->seed));
	munmap(p, 4 * self->page);
	fn_close(&self->f);
	EXPECT_EQ(0, fn_open_cdev(&self->f, self->e.bdf));
}

TEST_F_TIMEOUT(cdev, reset_revokes_and_comes_back, 60)
{
	u64 n = 4 * self->page;
	const char *why;
	u8 *p;

	if (reset_impossible(&self->e, BY_SYSFS))
		SKIP(return, "this function cannot be reset alone");
	p = map_plain(&self->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, self->page, self->seed));
	/* VFIO knows nothing of this one, and revokes nothing itself */
	ASSERT_EQ(0, reset_by(&self->f, &self->e, BY_SYSFS));
	why = not_back(&self->f, USEMEM, p, n, self->page, self->seed);
	EXPECT_EQ(NULL, why) TH_LOG("%s", why);
	munmap(p, n);
}

TEST_F_TIMEOUT(cdev, address_space_takes_ram_and_no_aperture, 60)
{
	u64 n = 16 * self->page;
	u8 *ram, *p;
	u32 ioas;

	ASSERT_EQ(0, fn_ioas_attach(&self->f, &ioas));
	ram = mmap(NULL, n, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, ram);
	EXPECT_EQ(0, fn_ioas_map(&self->f, ioas, ram, n, IOVA));
	EXPECT_EQ(-EEXIST, fn_ioas_map(&self->f, ioas, ram, n, IOVA + n / 2));

	/* Pages without struct page cannot be pinned by address; dma-buf is for that */
	p = map_plain(&self->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(-EFAULT, fn_ioas_map(&self->f, ioas, p, n, IOVA + n));
	ASSERT_EQ(0, mark_pages(p, n, self->page, self->seed));
	EXPECT_EQ(0, check_pages(p, n, self->page, self->seed));
	munmap(p, n);

	EXPECT_EQ(0, fn_ioas_unmap(&self->f, ioas, n, IOVA));
	EXPECT_EQ(0, fn_ioas_map(&self->f, ioas, ram, n, IOVA));
	EXPECT_EQ(0, fn_ioas_detach(&self->f));
	munmap(ram, n);
}

TEST_HARNESS_MAIN
