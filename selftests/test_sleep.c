// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole system goes to sleep while a function is open, as far as the kernel's own
 * test of that goes (/sys/power/pm_test): devices are suspended and resumed, or frozen for
 * an image that is thrown away. What was mapped is revoked, and the memory must be
 * seen ready again; who waits for it does not keep the system awake.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	30000

FIXTURE(asleep) {
	struct expect e;
	struct fn f;
	size_t page;
};

FIXTURE_VARIANT(asleep) {
	const char *state;
};

/* To idle, which every machine can; to RAM; and hibernation */
FIXTURE_VARIANT_ADD(asleep, idle) { .state = "freeze" };
FIXTURE_VARIANT_ADD(asleep, ram) { .state = "mem" };
FIXTURE_VARIANT_ADD(asleep, disk) { .state = "disk" };

static bool has_word(const char *path, const char *word)
{
	char text[256], *next = text, *one;

	if (sysfs_read(path, text, sizeof(text)))
		return false;
	while ((one = strsep(&next, " []\n")))
		if (!strcmp(one, word))
			return true;
	return false;
}

static int sleep_and_wake(const char *state)
{
	int ret;

	/* What the kernel's test waits for before it wakes up again is nothing */
	sysfs_write("/sys/module/suspend/parameters/pm_test_delay", "0");
	ret = sysfs_write("/sys/power/pm_test", "devices");

	if (!ret)
		ret = sysfs_write("/sys/power/state", state);
	sysfs_write("/sys/power/pm_test", "none");
	return ret;
}

/* Its driver waits without end for the answer of a virtio-iommu that has slept */
static bool iommu_cannot_sleep(void)
{
	DIR *dir = opendir("/sys/bus/virtio/drivers/virtio_iommu");
	struct dirent *d;
	bool found = false;

	while (dir && (d = readdir(dir)))
		found |= !strncmp(d->d_name, "virtio", 6);
	if (dir)
		closedir(dir);
	return found;
}

FIXTURE_SETUP(asleep)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	if (!has_word("/sys/power/pm_test", "devices"))
		SKIP(return, "this kernel cannot try to sleep");
	if (iommu_cannot_sleep())
		SKIP(return, "the driver of this machine's IOMMU cannot sleep");
	if (!has_word("/sys/power/state", variant->state))
		SKIP(return, "this machine cannot sleep so");
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(asleep)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

TEST_F_TIMEOUT(asleep, revokes_and_comes_back, 120)
{
	u64 seed = now_ms(), n = 16 * self->page;
	const char *why;
	u8 *p;

	p = map_plain(&self->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, self->page, seed));
	ASSERT_EQ(0, faults_of_walk(p, n, self->page));
	ASSERT_EQ(0, sleep_and_wake(variant->state));
	why = not_back(&self->f, USEMEM, p, n, self->page, seed);
	EXPECT_EQ(NULL, why) TH_LOG("%s", why);
	munmap(p, n);
}

/* Whether the device has lost its readiness meanwhile is not known: it is asked */
TEST_F_TIMEOUT(asleep, readiness_is_asked, 120)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w[2] = { { .f = &self->f, .index = USEMEM },
			       { .f = &self->f, .index = USEMEM } };
	u64 mark = now_ms() | 1;
	pthread_t t[2];

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	if (self->e.ready_limit_ms < LIMIT_MS)
		SKIP(return, "a slow machine takes longer to sleep than this device may take");
	if (!strcmp(variant->state, "disk"))
		SKIP(return, "the same as to RAM, and the kernel's own test of it takes 5 s");
	w[1].map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, w[1].map);
	ASSERT_EQ(0, touch_write(w[1].map, 8, mark, NULL));
	ASSERT_EQ(0, block_write(&self->f, TEST_READY, TEST_NEVER));
	ASSERT_EQ(0, sleep_and_wake(variant->state));
	polled.from = block_read(&self->f, TEST_POLLS);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, waiter_run, &w[i]));
	for (int i = 0; i < 2; i++)
		ASSERT_TRUE(wait_for(waiter_sleeps, &w[i], LIMIT_MS));
	EXPECT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(1, atomic_load(&w[i].state));

	/* both wait, and the system can sleep once more all the same */
	EXPECT_EQ(0, sleep_and_wake(variant->state));
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(1, atomic_load(&w[i].state));
	ASSERT_EQ(0, block_write(&self->f, TEST_READY, 0));
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(wait_for(waiter_done, &w[i], LIMIT_MS));
		pthread_join(t[i], NULL);
		EXPECT_EQ(8, w[i].ret) TH_LOG("signal %d", w[i].seen.sig);
		EXPECT_EQ(mark, w[i].got);
	}
	munmap(w[1].map, self->page);
}

/* Nobody has it open */
TEST_F_TIMEOUT(asleep, while_closed, 120)
{
	u64 mark = now_ms() | 1, got;

	if (!strcmp(variant->state, "disk"))
		SKIP(return, "the same as to RAM, and the kernel's own test of it takes 5 s");
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	fn_close(&self->f);
	ASSERT_EQ(0, sleep_and_wake(variant->state));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(mark, got);
}

TEST_HARNESS_MAIN
