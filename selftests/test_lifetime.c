// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of the device and of those who hold it: several openers, mappings
 * that outlive their file, unbinding while in use, removing modules while in
 * use, low power, and exits in the middle of a wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	25000

FIXTURE(life) {
	struct expect e;
	struct fn f;
	size_t page;
};

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(life)
{
	fn_close_calm(&self->f, &self->e);
}

/* The whole of what firmware described is claimed, under a name that says for whom */
static bool claimed(const struct expect *e)
{
	char name[64];

	snprintf(name, sizeof(name), "coherent %s", e->bdf);
	return iomem_has(e->use.base, e->use.len + e->res.len, name);
}

TEST_F(life, the_aperture_is_claimed)
{
	ASSERT_TRUE(self->e.use.present);
	EXPECT_TRUE(claimed(&self->e));
}

TEST_F(life, group_opens_once)
{
	struct fn second;

	EXPECT_EQ(-EBUSY, fn_open(&second, self->e.bdf));
}

TEST_F(life, two_files_of_one_device)
{
	unsigned int off = PCI_BASE_ADDRESS_0 + USEMEM * 4;
	u32 mark = 0xfee1600d, got;
	struct fault_seen seen;
	struct fn other;
	u64 val;
	u8 *p;

	other = self->f;
	other.device = fn_device_fd(&self->f, self->e.bdf);
	ASSERT_LE(0, other.device);
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);

	ASSERT_EQ(4, wr(&self->f, USEMEM, &mark, 4, 0));
	ASSERT_EQ(4, rd(&other, USEMEM, &got, 4, 0));
	EXPECT_EQ(mark, got);
	ASSERT_EQ(0, cfg_write(&self->f, off + 4, 4, ~0U));
	got = cfg_read(&self->f, off + 4, 4);
	ASSERT_NE(0, got);
	EXPECT_EQ(got, cfg_read(&other, off + 4, 4));

	/* the first one goes: state and mapping stay, because the device is still open */
	close(self->f.device);
	self->f.device = other.device;
	EXPECT_EQ(got, cfg_read(&self->f, off + 4, 4));
	EXPECT_EQ(0, touch_read(p, 4, &val, &seen));
	EXPECT_EQ(mark, val);
	munmap(p, self->page);
}

TEST_F_TIMEOUT(life, open_close_loop, 120)
{
	u64 val;
	u8 *p;

	for (u64 i = 0; i < 12; i++) {
		if (i & 1) {
			p = map_plain(&self->f, USEMEM, 0, 4 * self->page, RW);
			ASSERT_NE(MAP_FAILED, p);
			ASSERT_EQ(0, touch_write(p, 8, i, NULL));
			munmap(p, 4 * self->page);
		} else {
			ASSERT_EQ(8, wr(&self->f, USEMEM, &i, 8, 0));
			if (self->e.res.present) {
				ASSERT_EQ(8, wr(&self->f, RESMEM, &i, 8, 0));
			}
		}
		fn_close(&self->f);
		ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
		ASSERT_EQ(8, rd(&self->f, USEMEM, &val, 8, 0));
		ASSERT_EQ(i, val);
	}
}

TEST_F(life, mapping_outlives_the_files)
{
	struct fault_seen seen;
	u64 got;
	u8 *p;

	p = map_plain(&self->f, USEMEM, 0, 4 * self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_write(p, 8, 42, &seen));
	fn_close(&self->f);
	ASSERT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(42, got);
	/* pages that were never touched before the close */
	ASSERT_EQ(0, touch_write(p + 2 * self->page, 8, 43, &seen));
	munmap(p, 4 * self->page);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(8, rd(&self->f, USEMEM, &got, 8, 2 * self->page));
	EXPECT_EQ(43, got);
}

/* ---- unbinding while somebody has the device ---- */

TEST_F_TIMEOUT(life, unbind_while_open_and_mapped, 120)
{
	struct pci_unbinder u = { .bdf = self->e.bdf };
	struct pollfd pfd = { .events = POLLIN };
	struct fault_seen seen;
	char name[64];
	pthread_t t;
	u64 got;
	u8 *p;

	ASSERT_NE(0, strlen(self->e.driver));
	pfd.fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, pfd.fd);
	ASSERT_EQ(0, fn_irq_eventfd(&self->f, VFIO_PCI_REQ_IRQ_INDEX, pfd.fd));
	p = map_plain(&self->f, USEMEM, 0, 4 * self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_write(p, 8, 7, &seen));

	ASSERT_EQ(0, pthread_create(&t, NULL, pci_unbinder_run, &u));
	/* the kernel asks for the device: from here on the unbind is waiting for us */
	ASSERT_EQ(1, poll(&pfd, 1, LIMIT_MS));
	EXPECT_EQ(0, atomic_load(&u.done));
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(7, got);
	EXPECT_EQ(0, touch_write(p + 3 * self->page, 8, 8, &seen));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	/* files alone are not enough: the mapping holds the device too */
	fn_close(&self->f);
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(0, atomic_load(&u.done));
	munmap(p, 4 * self->page);
	ASSERT_TRUE(wait_for(pci_unbinder_done, &u, LIMIT_MS));
	pthread_join(t, NULL);
	EXPECT_EQ(0, u.ret);
	EXPECT_EQ(-ENOENT, pci_driver(self->e.bdf, name, sizeof(name)));
	EXPECT_FALSE(claimed(&self->e));

	ASSERT_EQ(0, pci_bind(self->e.bdf, self->e.driver));
	EXPECT_TRUE(claimed(&self->e));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	close(pfd.fd);
}

/* A process that simply dies with the device open and mapped gives it back, too */
TEST_F_TIMEOUT(life, killed_owner_gives_back, 60)
{
	atomic_int *ready;
	u64 got;
	pid_t pid;

	ready = mmap(NULL, self->page, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, ready);
	fn_close(&self->f);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct fn mine;
		u8 *p;

		if (fn_open(&mine, self->e.bdf))
			_exit(1);
		p = map_plain(&mine, USEMEM, 0, self->page, RW);
		if (p == MAP_FAILED || touch_write(p, 8, 99, NULL))
			_exit(2);
		atomic_store(ready, 1);
		for (;;)
			pause();
	}
	for (u64 end = now_ms() + LIMIT_MS; !atomic_load(ready) && now_ms() < end;)
		poll(NULL, 0, 1);
	ASSERT_EQ(1, atomic_load(ready));
	kill(pid, SIGKILL);
	ASSERT_LE(0, wait_child(pid, LIMIT_MS));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(99, got);
}

TEST_F(life, module_in_use_stays)
{
	char name[80];
	int len;

	ASSERT_NE(0, strlen(self->e.driver));
	EXPECT_EQ(-1, syscall(SYS_delete_module, self->e.driver, O_NONBLOCK));
	EXPECT_TRUE(errno == EAGAIN || errno == EBUSY || errno == EWOULDBLOCK)
		TH_LOG("%s", strerror(errno));
	EXPECT_EQ(-1, syscall(SYS_delete_module, "coherent_vfio_pci_core", O_NONBLOCK));
	len = snprintf(name, sizeof(name), "/sys/module/%s", self->e.driver);
	ASSERT_LT(0, len);
	EXPECT_EQ(0, access(name, F_OK));
}

/* ---- low power ---- */

TEST_F_TIMEOUT(life, low_power, 60)
{
	struct fault_seen seen;
	u64 word, got;
	u8 *p;

	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	for (word = 50; word < 53; word++) {
		ASSERT_EQ(0, touch_write(p, 8, word, &seen));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		/* file I/O wakes the device up for as long as it needs */
		EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(word, got);
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
		ASSERT_EQ(0, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(word, got);
	}
	/* closing while engaged is orderly as well */
	ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	munmap(p, self->page);
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(word - 1, got);
}

/* ---- leaving while a fault waits ---- */

TEST_F_TIMEOUT(life, close_during_a_fault, 90)
{
	struct polled polled = { .f = &self->f, .times = 1 };
	struct waiter w = { 0 };
	pthread_t thread;

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for");
	w.map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, w.map);
	ASSERT_EQ(0, touch_write(w.map, 8, 4711, NULL));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 2000));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 0));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&thread, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	/* every file goes while the fault is on its way */
	fn_close(&self->f);
	pthread_join(thread, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(4711, w.got);
	munmap(w.map, self->page);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
}

TEST_F_TIMEOUT(life, exit_during_a_fault, 90)
{
	struct polled polled = { .f = &self->f, .times = 1 };
	struct waiter *w;
	int status;
	pid_t pid;

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for");
	w = mmap(NULL, sizeof(*w), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, w);
	w->map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, w->map);
	ASSERT_EQ(0, block_write(&self->f, TEST_NEED_RESETS, 2));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		pthread_t thread;

		/* one thread waits for the device, the other one ends the process */
		if (pthread_create(&thread, NULL, waiter_run, w))
			_exit(1);
		if (!wait_for(polled_often, &polled, LIMIT_MS))
			_exit(2);
		_exit(33);
	}
	status = wait_child(pid, 2 * LIMIT_MS);
	EXPECT_TRUE(WIFEXITED(status)) TH_LOG("status %#x", status);
	EXPECT_EQ(33, WEXITSTATUS(status));
	EXPECT_EQ(1, atomic_load(&w->state));
}

TEST_HARNESS_MAIN
