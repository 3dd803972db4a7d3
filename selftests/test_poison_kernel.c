// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors where it is the kernel that touches a mapping, for a process: it
 * must neither meet the page nor make it come back.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"

TEST_F(poison, kernel_copies_fail_and_signal_nobody)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, word = 0x1122334455667788;
	char name[] = "/tmp/poison-XXXXXX";
	struct iovec mine = { &word, 8 }, theirs;
	int fd, fds[2];
	ssize_t ret;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	ASSERT_EQ(0, poison_pages(g, 2, 1));
	ASSERT_EQ(0, pipe(fds));
	fd = mkstemp(name);
	ASSERT_LE(0, fd);
	unlink(name);

	EXPECT_EQ(-1, write(fds[1], p + 2 * page + 8, 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(fd, p + 2 * page, 64));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(64, write(fds[1], p + page, 64));
	EXPECT_EQ(-1, read(fds[0], p + 3 * page - 64, 64));
	EXPECT_EQ(EFAULT, errno);
	/* what comes before the page is moved, or nothing is */
	ret = write(fd, p + page, 2 * page);
	EXPECT_TRUE(ret == (ssize_t)page || (ret < 0 && errno == EFAULT)) TH_LOG("%zd", ret);
	theirs = (struct iovec){ p + 2 * page, 8 };
	EXPECT_EQ(-1, process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, advice_count());
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, check_pages(p, 4 * page, page, g->seed));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	munmap(p, 4 * page);
}

TEST_F(poison, page_is_no_buffer_for_the_device_itself)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 4 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * page, page, g->seed));
	ASSERT_EQ(0, poison_pages(g, 2, 1));
	EXPECT_EQ(-EFAULT, wr(&g->f, USEMEM, p + 2 * page, 64, 8 * page));
	EXPECT_EQ(-EFAULT, rd(&g->f, USEMEM, p + 2 * page, 64, 0));
	/* as it begins well, it may go as far as that */
	EXPECT_GE(64, rd(&g->f, USEMEM, p + 2 * page - 64, 128, 0));
	/* nothing of it has made the page come back */
	EXPECT_POISON(p + 2 * page);
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, check_pages(p + 2 * page, 2 * page, page, g->seed + 2 * page));
	munmap(p, 4 * page);
}

/* The kernel's atomic operations ask for the page in another way than its copies do */
TEST_F(poison, futex_in_the_page_fails)
{
	struct poison_ground *g = &self->g;
	int op = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);
	u32 good = 0;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 4 * g->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 4 * g->page, g->page, g->seed));
	EXPECT_EQ(0, syscall(SYS_futex, &good, FUTEX_WAKE_OP_PRIVATE, 1, 1, p + g->page, op));
	ASSERT_EQ(0, poison_pages(g, 1, 1));
	EXPECT_EQ(-1, syscall(SYS_futex, &good, FUTEX_WAKE_OP_PRIVATE, 1, 1, p + g->page, op));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_POISON(p + g->page);
	munmap(p, 4 * g->page);
}

static bool touched_poison(void *page)
{
	const char *why;

	return !touch_is_poison(page, 8, &why);
}

/* One bad page does not cost the others their DMA; nor does it stay in reach */
TEST_F(poison, mapping_for_dma_goes_on_beside_the_page)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, val;
	struct fault_seen seen;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 8 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, poison_policy_set(&g->e, "auto"));
	ASSERT_EQ(0, poison_pages(g, 5, 2));
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, fn_dma_map(&g->f, p, 8 * page, 4 * GiB));
		EXPECT_TRUE(wait_for(touched_poison, p + 5 * page, POISON_LIMIT_MS));
		EXPECT_TRUE(wait_for(touched_poison, p + 6 * page, POISON_LIMIT_MS));
		EXPECT_EQ(0, touch_read(p + 4 * page, 8, &val, &seen));
		EXPECT_EQ(0, touch_read(p + 7 * page, 8, &val, &seen));
		ASSERT_EQ(0, fn_dma_unmap(&g->f, 8 * page, 4 * GiB));
	}
	munmap(p, 8 * page);
	/* Nothing is mapped that could be seen */
	p = map_plain(&g->f, USEMEM, 0, 8 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, fn_dma_map(&g->f, p, 8 * page, 4 * GiB));
	munmap(p, 8 * page);
	EXPECT_EQ(0, fn_dma_unmap(&g->f, 8 * page, 4 * GiB));
}

TEST_F(poison, mapping_for_dma_refuses_an_isolated_page)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 8 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, poison_policy_set(&g->e, "isolate"));
	ASSERT_EQ(0, poison_pages(g, 5, 1));
	EXPECT_EQ(-EFAULT, fn_dma_map(&g->f, p, 8 * page, 4 * GiB));
	EXPECT_EQ(0, fn_dma_map(&g->f, p, 4 * page, 4 * GiB));
	EXPECT_EQ(0, fn_dma_unmap(&g->f, 4 * page, 4 * GiB));
	ASSERT_EQ(0, poison_clear_all(&g->e));
	EXPECT_EQ(0, fn_dma_map(&g->f, p, 8 * page, 4 * GiB));
	EXPECT_EQ(0, fn_dma_unmap(&g->f, 8 * page, 4 * GiB));
	munmap(p, 8 * page);
}

TEST_HARNESS_MAIN
