// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function that does not answer: its link is down for a while, or it is gone for
 * good. Its memory is not behind that link. Whoever waits for readiness does not take
 * all ones for it, and whatever is done with a function that is gone comes to an end.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	25000
#define ALL_ONES	0xffffffffU

FIXTURE(gone) {
	struct expect e;
	struct fn f;
	size_t page;
	u64 mark;
	u8 *map;
};

FIXTURE_VARIANT(gone) {
	bool touch;
};

FIXTURE_VARIANT_ADD(gone, file_io) { .touch = false };
FIXTURE_VARIANT_ADD(gone, fault) { .touch = true };

FIXTURE_SETUP(gone)
{
	struct fault_seen seen;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for, or no reset");
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	self->mark = now_ms() | 1;
	fault_catch();
	self->map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, touch_write(self->map, 8, self->mark, &seen));
}

FIXTURE_TEARDOWN(gone)
{
	if (self->map)
		munmap(self->map, self->page);
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

/* 8, or what went wrong, and what was read */
static ssize_t look(const struct fn *f, u8 *map, u64 *got)
{
	struct fault_seen seen;

	if (!map)
		return rd(f, USEMEM, got, 8, 0);
	return touch_read(map, 8, got, &seen) ?: 8;
}

/* What was ready stays so until something happens that is told */
TEST_F_TIMEOUT(gone, memory_goes_on_without_the_link, 60)
{
	u8 *map = variant->touch ? self->map : NULL;
	u64 got;

	ASSERT_EQ(8, look(&self->f, map, &got));
	ASSERT_EQ(0, block_write(&self->f, TEST_LINK_DOWN, TEST_NEVER));
	EXPECT_EQ(ALL_ONES, block_read(&self->f, TEST_MAGIC_REG));
	got = 0;
	EXPECT_EQ(8, look(&self->f, map, &got));
	EXPECT_EQ(self->mark, got);
	ASSERT_EQ(0, block_write(&self->f, TEST_LINK_DOWN, 0));
	EXPECT_EQ(TEST_MAGIC, block_read(&self->f, TEST_MAGIC_REG));
	EXPECT_EQ(8, look(&self->f, map, &got));
	EXPECT_EQ(self->mark, got);
}

/* Asked while the link was down? It has to be up for that to be seen */
static bool asked_in_vain(const struct fn *f, u32 ms)
{
	u32 before = block_read(f, TEST_POLLS), polls;

	block_write(f, TEST_LINK_DOWN, TEST_NEVER);
	usleep(ms * 1000);
	block_write(f, TEST_LINK_DOWN, 0);
	polls = block_read(f, TEST_POLLS);
	return polls - before >= 3;
}

TEST_F_TIMEOUT(gone, all_ones_are_not_readiness, 120)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	bool asked = false;
	pthread_t t;

	if (!self->e.mem_needed)
		SKIP(return, "by CXL all ones end the wait: the next test");
	w.map = variant->touch ? self->map : NULL;
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	for (u32 ms = 400; !asked && ms <= 6400; ms *= 2)
		asked = asked_in_vain(&self->f, ms);
	EXPECT_TRUE(asked) TH_LOG("nobody asked while the link was down");
	EXPECT_EQ(1, atomic_load(&w.state)) TH_LOG("let in by a device that does not answer");
	ASSERT_EQ(0, reset_ioctl(&self->f));
	ASSERT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	pthread_join(t, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(self->mark, w.got);
}

TEST_F_TIMEOUT(gone, all_ones_by_cxl_end_the_wait, 120)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	pthread_t t;
	u64 got;

	if (self->e.mem_needed)
		SKIP(return, "readiness is not by CXL");
	w.map = variant->touch ? self->map : NULL;
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(0, block_write(&self->f, TEST_LINK_DOWN, TEST_NEVER));
	EXPECT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	ASSERT_EQ(0, block_write(&self->f, TEST_LINK_DOWN, 0));
	pthread_join(t, NULL);
	EXPECT_EQ(variant->touch ? -EFAULT : -ENODEV, w.ret);
	/* and the next reset is a new chance */
	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_EQ(8, look(&self->f, w.map, &got));
	EXPECT_EQ(self->mark, got);
}

/* ---- for good: the function is not to be had any more, so these are the last ---- */

static bool is_gone(void *f)
{
	return block_read(f, TEST_MAGIC_REG) != TEST_MAGIC;
}

FIXTURE(last) {
	struct expect e;
	struct fn f;
	size_t page;
	u8 *map;
};

FIXTURE_SETUP(last)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	if (!getenv("COHERENT_EXPECT_GONE"))
		SKIP(return, "nothing of the function would be left; run where that is asked for");
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
	self->map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(last)
{
	if (self->map)
		munmap(self->map, self->page);
	if (self->f.device >= 0)
		fn_close(&self->f);
}

TEST_F_TIMEOUT(last, vanishes_while_waited_for, 600)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter io = { .f = &self->f, .index = USEMEM };
	struct waiter fault = { .f = &self->f, .index = USEMEM, .map = self->map };
	const u64 limit = self->e.ready_limit_ms + LIMIT_MS;
	struct fault_seen seen;
	char name[64], line[512];
	pthread_t t[2];
	u64 got, begin;
	int log;

	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t[0], NULL, waiter_run, &io));
	ASSERT_EQ(0, pthread_create(&t[1], NULL, waiter_run, &fault));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(0, block_write(&self->f, TEST_VANISH, VANISH_WHEN_ASKED));
	ASSERT_TRUE(wait_for(is_gone, &self->f, LIMIT_MS));
	log = kmsg_open();
	ASSERT_LE(0, log);

	EXPECT_TRUE(wait_for(waiter_done, &io, limit)) TH_LOG("file I/O waits on");
	EXPECT_TRUE(wait_for(waiter_done, &fault, limit)) TH_LOG("a fault waits on");
	pthread_join(t[0], NULL);
	pthread_join(t[1], NULL);
	EXPECT_GT(0, io.ret);
	EXPECT_EQ(-EFAULT, fault.ret);
	EXPECT_EQ(SIGBUS, fault.seen.sig);
	TH_LOG("file I/O has ended with %zd", io.ret);
	/* nobody waits as long again: far less than the limit, for both together */
	begin = now_ms();
	EXPECT_GT(0, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(-EFAULT, touch_read(self->map, 8, &got, &seen));
	if (self->e.ready_limit_ms > LIMIT_MS)
		EXPECT_LT(now_ms() - begin, self->e.ready_limit_ms / 2);

	/* a reset need not say that it did nothing, but nobody is let in after it */
	TH_LOG("a reset returns %d", reset_ioctl(&self->f));
	EXPECT_GT(0, rd(&self->f, USEMEM, &got, 8, 0));
	munmap(self->map, self->page);
	self->map = NULL;
	fn_close(&self->f);
	self->f.device = -1;
	EXPECT_EQ(0, kmsg_wait(log, self->e.bdf, LIMIT_MS, line, sizeof(line)))
		TH_LOG("nothing in the log");

	EXPECT_EQ(0, pci_unbind(self->e.bdf));
	EXPECT_EQ(-ENOENT, pci_driver(self->e.bdf, name, sizeof(name)));
	EXPECT_FALSE(iomem_has(self->e.use.base, self->e.use.len, "coherent"));
	pci_bind(self->e.bdf, self->e.driver);
	EXPECT_EQ(-ENOENT, pci_driver(self->e.bdf, name, sizeof(name)));
	EXPECT_EQ(0, kmsg_wait(log, "does not answer", LIMIT_MS, line, sizeof(line)));
	EXPECT_FALSE(iomem_has(self->e.use.base, self->e.use.len, "coherent"));
	close(log);
}

TEST_HARNESS_MAIN
