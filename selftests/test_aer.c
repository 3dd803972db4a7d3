// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors on the PCIe link (AER), made up at the port above. After a fatal one the
 * kernel resets the bus behind the driver's back; after one that is not, nothing but
 * the word goes round.
 *
 * The kernel's message at the end of a recovery is what is waited for. A recovery
 * is one more way of being reset, so what must hold is what test_reset.c and
 * test_ready.c say of the others.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "aer.h"
#include "model.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	60000

static const unsigned int both[] = { USEMEM, RESMEM };

/* ---- a fatal error, and what was before it ---- */

enum history { NOTHING, A_RESET, AN_ERROR, LOW_POWER };

FIXTURE(fatal) {
	struct expect e;
	struct fn f;
	size_t page;
};

/* The kernel forgets what it saved of config space when it restores it once */
FIXTURE_VARIANT(fatal) {
	enum history before;
};

FIXTURE_VARIANT_ADD(fatal, first) { .before = NOTHING };
FIXTURE_VARIANT_ADD(fatal, after_a_reset) { .before = A_RESET };
FIXTURE_VARIANT_ADD(fatal, after_another) { .before = AN_ERROR };
FIXTURE_VARIANT_ADD(fatal, after_low_power) { .before = LOW_POWER };

FIXTURE_SETUP(fatal)
{
	const char *why;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	why = aer_impossible(&self->e);
	if (!why && !bus_resettable(self->e.bdf))
		why = "the kernel may not reset this bus";
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();

	switch (variant->before) {
	case A_RESET:
		ASSERT_EQ(0, reset_ioctl(&self->f));
		break;
	case AN_ERROR:
		ASSERT_EQ(0, aer_error(&self->e, FATAL));
		break;
	case LOW_POWER:
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
		break;
	case NOTHING:
		break;
	}
}

FIXTURE_TEARDOWN(fatal)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

TEST_F_TIMEOUT(fatal, revokes_and_comes_back, 120)
{
	int efd = err_eventfd(&self->f);
	u64 seed = now_ms(), n = 16 * self->page;
	u8 *map[2] = { NULL, NULL };
	struct real_config before, after;
	u32 messages = 0;

	ASSERT_LE(0, efd);
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!expect_region(&self->e, both[k]))
			continue;
		map[k] = map_plain(&self->f, both[k], 0, n, RW);
		ASSERT_NE(MAP_FAILED, map[k]);
		ASSERT_EQ(0, mark_pages(map[k], n, self->page, seed + k));
		ASSERT_EQ(0, faults_of_walk(map[k], n, self->page));
	}
	ASSERT_EQ(0, real_config(self->e.bdf, &before));
	ASSERT_TRUE(before.command & PCI_COMMAND_MEMORY);
	if (self->e.model) {
		messages = block_read(&self->f, TEST_MESSAGES);
		ASSERT_EQ(0, block_write(&self->f, TEST_SCRATCH, 0x5c5a7c4d));
	}

	ASSERT_EQ(0, aer_error(&self->e, FATAL));

	EXPECT_TRUE(signalled(efd));
	ASSERT_EQ(0, real_config(self->e.bdf, &after));
	EXPECT_TRUE(same_config(&before, &after))
		TH_LOG("command %04x, was %04x", after.command, before.command);
	if (self->e.model) {
		/* the bus was reset, and the registers can be reached again */
		EXPECT_EQ(TEST_MAGIC, block_read(&self->f, TEST_MAGIC_REG));
		EXPECT_LT(messages, block_read(&self->f, TEST_MESSAGES));
		EXPECT_EQ(0, block_read(&self->f, TEST_SCRATCH));
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		const char *why;

		if (!map[k])
			continue;
		why = not_back(&self->f, both[k], map[k], n, self->page, seed + k);
		EXPECT_EQ(NULL, why) TH_LOG("region %u: %s", both[k], why);
		munmap(map[k], n);
	}
	close(efd);
}

/*
 * The kernel restores what it saved before the last reset. What the user has set since
 * must be there as well, for nobody tells the user to set it again.
 */
TEST_F_TIMEOUT(fatal, keeps_what_the_user_set, 120)
{
	struct real_config before, after;
	u32 command;

	ASSERT_EQ(0, real_config(self->e.bdf, &before));
	command = before.command ^ PCI_COMMAND_MASTER;
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, cfg_write(&self->f, PCI_COMMAND, 2, command));
		ASSERT_EQ(0, real_config(self->e.bdf, &before));
		ASSERT_EQ(command & PCI_COMMAND_MASTER, before.command & PCI_COMMAND_MASTER);
		ASSERT_EQ(0, aer_error(&self->e, FATAL));
		ASSERT_EQ(0, real_config(self->e.bdf, &after));
		EXPECT_EQ(before.command, after.command);
		EXPECT_EQ(command & PCI_COMMAND_MASTER,
			  cfg_read(&self->f, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
		command ^= PCI_COMMAND_MASTER;
	}
}

/* File I/O comes first here, and has to find out on its own that all is well */
TEST_F_TIMEOUT(fatal, file_io_goes_on, 120)
{
	u64 mark = now_ms(), got = 0;

	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!expect_region(&self->e, both[k]))
			continue;
		ASSERT_EQ(8, wr(&self->f, both[k], &mark, 8, 8));
		ASSERT_EQ(0, aer_error(&self->e, FATAL));
		EXPECT_EQ(8, rd(&self->f, both[k], &got, 8, 8));
		EXPECT_EQ(mark, got);
		mark++;
		EXPECT_EQ(8, wr(&self->f, both[k], &mark, 8, 8));
		EXPECT_EQ(8, rd(&self->f, both[k], &got, 8, 8));
		EXPECT_EQ(mark, got);
	}
}

TEST_F_TIMEOUT(fatal, clears_fake_bars, 120)
{
	struct barmodel m;
	char why[128];

	ASSERT_EQ(0, barmodel_smear(&m, &self->f, &self->e));
	ASSERT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
	ASSERT_EQ(0, aer_error(&self->e, FATAL));
	barmodel_reset(&m, &self->e);
	EXPECT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
}

/* ---- other corners ---- */

FIXTURE(aer) {
	struct expect e;
	struct fn f;
	size_t page;
	bool bus_reset;
};

FIXTURE_SETUP(aer)
{
	const char *why;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	why = aer_impossible(&self->e);
	if (why)
		SKIP(return, "%s", why);
	self->bus_reset = bus_resettable(self->e.bdf);
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(aer)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

TEST_F_TIMEOUT(aer, not_fatal_changes_nothing, 120)
{
	int efd = err_eventfd(&self->f);
	u64 seed = now_ms(), got, n = 8 * self->page;
	struct barmodel m;
	u32 resets = 0;
	char why[128];
	u8 *p;

	ASSERT_LE(0, efd);
	p = map_plain(&self->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, self->page, seed));
	ASSERT_EQ(0, faults_of_walk(p, n, self->page));
	ASSERT_EQ(0, barmodel_smear(&m, &self->f, &self->e));
	if (self->e.model)
		resets = block_read(&self->f, TEST_RESETS);
	ASSERT_FALSE(signalled(efd));

	ASSERT_EQ(0, aer_error(&self->e, NOT_FATAL));

	EXPECT_TRUE(signalled(efd));
	EXPECT_EQ(0, faults_of_walk(p, n, self->page));
	EXPECT_EQ(0, check_pages(p, n, self->page, seed));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, self->page));
	EXPECT_EQ(seed + self->page, got);
	got = ~seed;
	EXPECT_EQ(8, wr(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(got, *(volatile u64 *)p);
	EXPECT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
	if (self->e.model) {
		EXPECT_EQ(resets, block_read(&self->f, TEST_RESETS));
	}
	munmap(p, n);
	close(efd);
}

/*
 * Who is closed sleeps. Recovery wakes it with pci_bus_sem held, VFIO takes its
 * memory_lock for that, and a hot reset takes the two the other way round: that is the
 * kernel's own affair, but lockdep would say so once and then look no more.
 */
static int stay_awake(const struct expect *e, bool awake)
{
	char path[128];

	if (access("/proc/lockdep_stats", F_OK))
		return 0;
	if (pci_path(path, sizeof(path), e->bdf, "power/control"))
		return -ENAMETOOLONG;
	return sysfs_write(path, awake ? "on" : "auto");
}

/* Nobody has it open: whoever opens it afterwards must find it whole */
TEST_F_TIMEOUT(aer, fatal_while_closed, 120)
{
	struct real_config before, after;
	u64 mark = now_ms(), got = 0;

	if (!self->bus_reset)
		SKIP(return, "the kernel may not reset this bus");
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	ASSERT_EQ(0, stay_awake(&self->e, true));
	fn_close(&self->f);
	ASSERT_EQ(0, real_config(self->e.bdf, &before));
	ASSERT_EQ(0, aer_error(&self->e, FATAL));
	ASSERT_EQ(0, real_config(self->e.bdf, &after));
	EXPECT_EQ(0, memcmp(before.bars, after.bars, sizeof(before.bars)));

	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(0, stay_awake(&self->e, false));
	if (self->e.model) {
		EXPECT_EQ(TEST_MAGIC, block_read(&self->f, TEST_MAGIC_REG));
	}
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(mark, got);
}

/* ---- accesses meanwhile ---- */

TEST_F_TIMEOUT(aer, fatal_while_in_use, 180)
{
	struct worker w[4] = { 0 };
	atomic_bool stop = false;
	unsigned int i, round;

	if (!self->bus_reset)
		SKIP(return, "the kernel may not reset this bus");
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .page = self->page, .n = 8 * self->page,
			.off = i * 8 * self->page, .seed = now_ms() + i, .stop = &stop,
			.index = i / 2 && self->e.res.present ? RESMEM : USEMEM };
		if (i & 1) {
			w[i].map = map_plain(&self->f, w[i].index, w[i].off, w[i].n, RW);
			ASSERT_NE(MAP_FAILED, w[i].map);
		}
		for (u64 o = 0; o < w[i].n; o += self->page) {
			u64 word = w[i].seed + o;

			ASSERT_EQ(8, wr(&self->f, w[i].index, &word, 8, w[i].off + o));
		}
	}
	if (self->e.model && self->e.readiness) {
		ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 50));
	}
	for (i = 0; i < ARRAY_SIZE(w); i++)
		ASSERT_EQ(0, worker_start(&w[i]));
	for (round = 0; round <= 3; round++) {
		if (round) {
			EXPECT_EQ(0, aer_error(&self->e, FATAL));
		}
		/* no error while nobody is at it, and none that is not survived */
		for (i = 0; i < ARRAY_SIZE(w); i++) {
			ASSERT_TRUE(worker_goes_on(&w[i], LIMIT_MS))
				TH_LOG("thread %u is stuck after %u errors", i, round);
		}
	}
	atomic_store(&stop, true);
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		EXPECT_TRUE(worker_join(&w[i])) TH_LOG("thread %u: %zd", i, w[i].bad);
		if (w[i].map)
			munmap(w[i].map, w[i].n);
	}
}

/* Not ready until told: the first accesses wait for as long as that takes */
TEST_F_TIMEOUT(aer, fatal_then_slow, 180)
{
	struct polled polled = { .f = &self->f, .times = 6 };
	struct worker w[2] = { 0 };
	atomic_bool stop = false;
	u64 seed = now_ms();

	if (!self->e.model || !self->e.readiness || !self->bus_reset)
		SKIP(return, "no readiness to wait for, or the kernel may not reset this bus");
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .index = USEMEM, .page = self->page,
			.n = self->page, .seed = seed, .stop = &stop };
	}
	w[1].map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, w[1].map);
	ASSERT_EQ(0, touch_write(w[1].map, 8, seed, NULL));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, TEST_NEVER));
	ASSERT_EQ(0, aer_error(&self->e, FATAL));

	polled.from = block_read(&self->f, TEST_POLLS);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++)
		ASSERT_EQ(0, worker_start(&w[i]));
	/* both ask, again and again, and are let in by nobody */
	EXPECT_TRUE(wait_for(polled_often, &polled, LIMIT_MS / 4));
	EXPECT_EQ(0, atomic_load(&w[0].rounds));
	EXPECT_EQ(0, atomic_load(&w[1].rounds));

	EXPECT_EQ(0, block_write(&self->f, TEST_READY, 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		ASSERT_TRUE(worker_goes_on(&w[i], LIMIT_MS));
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		EXPECT_TRUE(worker_join(&w[i])) TH_LOG("thread %u: %zd", i, w[i].bad);
	}
	munmap(w[1].map, self->page);
}

/*
 * The bus cannot be reset. A kernel that says so to drivers says it with a second
 * call, so with a second signal: then accesses fail at once, and a reset of the
 * function helps. To others the recovery just never ends: then accesses wait, and a
 * reset helps once it has gone on for longer than any recovery takes.
 */
#define STALE_MS	120000

static bool worker_failed(void *arg)
{
	struct worker *w = arg;

	return w->bad;
}

TEST_F_TIMEOUT(aer, fatal_without_recovery, 400)
{
	int efd = err_eventfd(&self->f);
	u64 word = now_ms(), got, told = 0;
	struct worker w[2] = { 0 };
	atomic_bool stop = false;
	struct fault_seen seen;
	u8 *p;

	if (self->bus_reset)
		SKIP(return, "the bus can be reset, so there is recovery");
	if (self->e.no_reset)
		SKIP(return, "the function cannot be reset");
	ASSERT_LE(0, efd);
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_write(p, 8, word, &seen));

	ASSERT_EQ(-EIO, aer_error(&self->e, FATAL));
	ASSERT_EQ(8, read(efd, &told, sizeof(told)));
	if (told > 1) {
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EIO, wr(&self->f, USEMEM, &word, 8, 0));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		/* No change of power makes that good, let alone the question for one */
		EXPECT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_PROBE |
					    VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(0, cfg_write(&self->f, cfg_find_cap(&self->f, PCI_CAP_ID_PM) +
				       PCI_PM_CTRL, 2, 0));
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
	} else {
		TH_LOG("this kernel does not tell drivers that a recovery failed");
	}
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .index = USEMEM, .page = self->page,
			.map = i ? p : NULL, .n = self->page, .seed = word, .stop = &stop };
		ASSERT_EQ(0, worker_start(&w[i]));
		EXPECT_TRUE(wait_for(worker_waits, &w[i], LIMIT_MS / 2));
		EXPECT_EQ(0, atomic_load(&w[i].rounds));
	}

	ASSERT_EQ(0, reset_ioctl(&self->f));
	/* As long as the recovery may go on, a reset of the function is no end of it */
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++) {
		EXPECT_FALSE(worker_goes_on(&w[i], 1000));
		ASSERT_TRUE(wait_for(worker_failed, &w[i], 2 * STALE_MS));
	}
	if (told < 2) {
		ASSERT_EQ(0, reset_ioctl(&self->f));
	}
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(word, got);
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(word, got);
	atomic_store(&stop, true);
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++)
		worker_join(&w[i]);
	munmap(p, self->page);
	close(efd);
}

TEST_HARNESS_MAIN
