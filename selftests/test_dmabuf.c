// SPDX-License-Identifier: GPL-2.0-only
/* Regions exported as dma-bufs: what can be exported, and when */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "dma.h"
#include "model.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX

FIXTURE(export) {
	struct expect e;
	struct fn f;
	u64 page;
};

FIXTURE_SETUP(export)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	if (!dmabuf_in_kernel(&self->f))
		SKIP(return, "this kernel has no dma-bufs of VFIO");
}

FIXTURE_TEARDOWN(export)
{
	fn_close_calm(&self->f, &self->e);
}

TEST_F(export, all_regions)
{
	const struct expect *e = &self->e;
	u64 mask = ~(self->page - 1);

	EXPECT_EQ(0, dmabuf_probe(&self->f));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, e->use.len & mask));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, (e->use.len & mask) - self->page,
				     self->page));
	if (e->res.present)
		EXPECT_EQ(0, dmabuf_exported(&self->f, RESMEM, 0, e->res.len & mask));
	if (e->model)
		EXPECT_EQ(0, dmabuf_exported(&self->f, BAR0, 0, self->f.region[BAR0].size));
}

TEST_F(export, nothing_else)
{
	u64 len = self->e.use.len, page = self->page;

	/* Past the usable length, though within the BAR */
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, 0, (len | (page - 1)) + 1 + page));
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, (len | (page - 1)) + 1, page));
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, self->e.use.bar, page));
	EXPECT_GT(0, dmabuf_exported(&self->f, USEMEM, -page, 2 * page));
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, 0, 0));
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, 1, page));
	EXPECT_EQ(-EINVAL, dmabuf_exported(&self->f, USEMEM, 0, page - 1));
	EXPECT_EQ(-EINVAL, dmabuf_export_ranges(&self->f, USEMEM, NULL, 0));

	/* Second slots of 64-bit BARs, and what is no BAR */
	EXPECT_EQ(-ENODEV, dmabuf_exported(&self->f, USEMEM + 1, 0, page));
	if (self->e.res.present)
		EXPECT_EQ(-ENODEV, dmabuf_exported(&self->f, RESMEM + 1, 0, page));
	EXPECT_EQ(-ENODEV, dmabuf_exported(&self->f, VFIO_PCI_ROM_REGION_INDEX, 0, page));
	EXPECT_EQ(-ENODEV, dmabuf_exported(&self->f, VFIO_PCI_CONFIG_REGION_INDEX, 0, page));
	EXPECT_EQ(-ENODEV, dmabuf_exported(&self->f, ~0U, 0, page));
}

TEST_F(export, several_ranges)
{
	u64 page = self->page, end = self->e.use.len & ~(page - 1);
	struct vfio_region_dma_range r[] = {
		{ 0, page }, { end - page, page }, { 0, 2 * page }, { 4 * page, page },
	};
	int fd = dmabuf_export_ranges(&self->f, USEMEM, r, ARRAY_SIZE(r));

	ASSERT_LE(0, fd);
	EXPECT_EQ(5 * (off_t)page, lseek(fd, 0, SEEK_END));
	close(fd);
	r[3].offset = end;
	EXPECT_EQ(-EINVAL, dmabuf_export_ranges(&self->f, USEMEM, r, ARRAY_SIZE(r)));
}

/* VMMs export before they let the guest turn it on */
TEST_F(export, with_memory_decoding_off)
{
	ASSERT_EQ(0, fn_memory_decode(&self->f, false));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
}

static void nothing(int sig)
{
	(void)sig;
}

TEST_F_TIMEOUT(export, waits_until_the_memory_is_ready, 90)
{
	struct sigaction act = { .sa_handler = nothing };
	struct itimerval soon = { .it_value.tv_usec = 200000, .it_interval.tv_usec = 200000 };
	struct itimerval off = { 0 };

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "nothing tells when it is ready");
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 700));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_VALID, 700));
	ASSERT_EQ(0, reset_by(&self->f, &self->e, BY_SYSFS));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	EXPECT_EQ(0, block_read(&self->f, TEST_READY));

	/* A signal ends the wait; again and again, for one may come too early */
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, TEST_NEVER));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_VALID, TEST_NEVER));
	ASSERT_EQ(0, reset_by(&self->f, &self->e, BY_SYSFS));
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_EQ(-EINTR, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &off, NULL));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_VALID, 0));
	ASSERT_EQ(0, block_write(&self->f, TEST_VALID, 0));
}

TEST_F(export, not_in_low_power)
{
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(-EIO, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
}

/* Lines of the kernel's list of dma-bufs that are VFIO's; -1 where it has none */
static int dmabufs_alive(void)
{
	char line[512];
	int n = 0;
	FILE *f;

	f = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, "vfio");
	fclose(f);
	return n;
}

static bool few_are_left(void *arg)
{
	int *before = arg;

	return dmabufs_alive() <= *before + 1;
}

TEST_F(export, many_leave_nothing)
{
	int before = dmabufs_alive();
	struct rlimit limit, none;

	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	if (before < 0)
		SKIP(return, "this kernel does not list dma-bufs");
	EXPECT_TRUE(wait_for(few_are_left, &before, 10000));

	/* Those that get no file descriptor neither */
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(-EMFILE, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(0, dmabuf_exported(&self->f, USEMEM, 0, self->page));
	EXPECT_TRUE(wait_for(few_are_left, &before, 10000));
}

TEST_HARNESS_MAIN
