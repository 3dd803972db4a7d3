// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function whose memory is not ready after each change from D3hot to D0, and not
 * only after a reset: in runtime low power, and by config space. Whoever comes too early
 * waits, whatever was seen before the function last lost its power.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	30000

FIXTURE(power) {
	struct expect e;
	struct fn f;
	size_t page;
	unsigned int pm;
	u8 *map;
	u64 mark;
};

FIXTURE_SETUP(power)
{
	struct fault_seen seen;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->pm = cfg_find_cap(&self->f, PCI_CAP_ID_PM);
	if (!self->pm)
		SKIP(return, "the function cannot sleep");
	self->page = page_size();
	fault_catch();
	self->map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, self->map);
	self->mark = now_ms() | 1;
	ASSERT_EQ(0, touch_write(self->map, 8, self->mark, &seen));
}

FIXTURE_TEARDOWN(power)
{
	if (self->map)
		munmap(self->map, self->page);
	if (self->f.device >= 0) {
		fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
		if (self->pm)
			cfg_write(&self->f, self->pm + PCI_PM_CTRL, 2, 0);
		fn_close_calm(&self->f, &self->e);
	}
}

static bool is_suspended(void *bdf)
{
	char path[128], state[32];

	if (pci_path(path, sizeof(path), bdf, "power/runtime_status") ||
	    sysfs_read(path, state, sizeof(state)))
		return false;
	return !strncmp(state, "suspended", 9);
}

static bool sleeps(struct expect *e)
{
	return wait_for(is_suspended, e->bdf, LIMIT_MS);
}

static int set_power(const struct fn *f, unsigned int pm, unsigned int state)
{
	return cfg_write(f, pm + PCI_PM_CTRL, 2, state);
}

/*
 * How long the device takes must be longer than what comes before somebody looks,
 * which depends on the machine: so it is tried with ever more, until it was.
 */
#define FOR_EACH_DELAY(ms)	for (u32 ms = 500; ms <= 16000; ms *= 2)

/* What was seen ready for one copy in low power counts for nobody else */
TEST_F_TIMEOUT(power, not_ready_after_file_io_in_low_power, 180)
{
	struct fault_seen seen;
	u64 got;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	FOR_EACH_DELAY(ms) {
		u32 left;

		ASSERT_EQ(0, block_write(&self->f, TEST_WAKE_READY, ms));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		ASSERT_TRUE(sleeps(&self->e));
		ASSERT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(self->mark, got);
		ASSERT_TRUE(sleeps(&self->e));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
		left = block_read(&self->f, TEST_READY);
		ASSERT_EQ(0, touch_read(self->map, 8, &got, &seen));
		EXPECT_EQ(0, block_read(&self->f, TEST_READY))
			TH_LOG("let in before the device was ready");
		EXPECT_EQ(self->mark, got);
		if (left > 100)
			return;
	}
	TH_LOG("the machine is too slow to see the device not ready");
	EXPECT_TRUE(false);
}

/* Each copy in low power wakes the device, and each waits for it */
TEST_F_TIMEOUT(power, each_file_io_in_low_power_waits, 120)
{
	u64 got;
	u32 wakes;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	ASSERT_EQ(0, block_write(&self->f, TEST_WAKE_READY, 300));
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	wakes = block_read(&self->f, TEST_WAKES);
	for (int i = 0; i < 3; i++) {
		u32 polls;

		ASSERT_TRUE(sleeps(&self->e));
		polls = block_read(&self->f, TEST_POLLS);
		ASSERT_TRUE(sleeps(&self->e));
		EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(self->mark, got);
		EXPECT_LT(polls, block_read(&self->f, TEST_POLLS))
			TH_LOG("copy %d did not ask", i);
	}
	EXPECT_LT(wakes + 2, block_read(&self->f, TEST_WAKES))
		TH_LOG("the device never slept");
}

/*
 * The time limit counts from the wake-up: whoever slept for longer than the limit has
 * all of it yet. Only where the limit is short.
 */
TEST_F_TIMEOUT(power, time_limit_from_the_wake_up, 120)
{
	struct fault_seen seen;
	u64 got, begin;

	if (!self->e.model || !self->e.readiness || self->e.ready_limit_ms > 5000)
		SKIP(return, "the backend's limit is too long to be waited for");
	/* less than the limit, and long enough to be met not ready */
	ASSERT_EQ(0, block_write(&self->f, TEST_WAKE_READY, self->e.ready_limit_ms / 2));
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	ASSERT_TRUE(sleeps(&self->e));
	for (begin = now_ms(); now_ms() - begin <= self->e.ready_limit_ms + 500;)
		usleep(50000);
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_EQ(0, touch_read(self->map, 8, &got, &seen))
		TH_LOG("signal %d right after the wake-up", seen.sig);
	EXPECT_EQ(self->mark, got);
}

TEST_F_TIMEOUT(power, d3hot_by_config_space, 180)
{
	struct fault_seen seen;
	u64 got;

	FOR_EACH_DELAY(ms) {
		u32 left = TEST_NEVER;
		bool told = self->e.model && self->e.readiness;

		if (told)
			ASSERT_EQ(0, block_write(&self->f, TEST_WAKE_READY, ms));
		ASSERT_EQ(0, set_power(&self->f, self->pm, 3));
		/* nothing of it may be touched */
		EXPECT_EQ(-EFAULT, touch_read(self->map, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EIO, wr(&self->f, USEMEM, &got, 8, 0));
		ASSERT_EQ(0, set_power(&self->f, self->pm, 0));
		if (told)
			left = block_read(&self->f, TEST_READY);
		EXPECT_EQ(0, touch_read(self->map, 8, &got, &seen));
		EXPECT_EQ(self->mark, got);
		if (told)
			EXPECT_EQ(0, block_read(&self->f, TEST_READY));
		EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		if (left > 100)
			return;
	}
	TH_LOG("the machine is too slow to see the device not ready");
	EXPECT_TRUE(false);
}

/* Whatever moves it from D3hot to D0, nobody is let in on what was seen before */
TEST_F_TIMEOUT(power, d3hot_ended_by_low_power, 180)
{
	struct fault_seen seen;
	u64 got;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	FOR_EACH_DELAY(ms) {
		u32 left;

		ASSERT_EQ(0, block_write(&self->f, TEST_WAKE_READY, ms));
		ASSERT_EQ(0, set_power(&self->f, self->pm, 3));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		ASSERT_TRUE(sleeps(&self->e));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
		left = block_read(&self->f, TEST_READY);
		EXPECT_EQ(0, touch_read(self->map, 8, &got, &seen));
		EXPECT_EQ(0, block_read(&self->f, TEST_READY));
		EXPECT_EQ(self->mark, got);
		if (left > 100)
			return;
	}
	TH_LOG("the machine is too slow to see the device not ready");
	EXPECT_TRUE(false);
}

TEST_HARNESS_MAIN
