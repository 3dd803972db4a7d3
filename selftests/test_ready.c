// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that needs time after a reset: whoever comes too early waits - killably,
 * for as long as it takes, but not for longer than the backend allows.
 *
 * How long the device takes is the test's to choose: the device model has registers
 * for it. So "in time" is judged by the device's state and not by a clock.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "reset_fixture.h"
#include "wait_fixture.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	25000	/* for what should need none of that */

static const unsigned int both[] = { USEMEM, RESMEM };

/* ---- after each kind of reset ---- */

/*
 * Reset a device that then takes a while, and still does when we get to look: or
 * whatever comes next would say nothing. How long that has to be depends on the
 * machine and on the kind of reset, so it is found out.
 */
static int slow_reset(const struct fn *f, const struct expect *e, enum reset_kind kind)
{
	u32 ms, left;
	int ret;

	for (ms = 300; ms <= 19200; ms *= 2) {
		ret = block_write(f, TEST_RESET_READY, ms);
		if (!ret)
			ret = reset_by(f, e, kind);
		if (ret)
			return ret;
		left = block_read(f, TEST_READY);
		if (left > 50)
			return block_write(f, TEST_RESET_READY, 0);
	}
	return -ETIME;
}

static ssize_t io(const struct fn *f, bool write, unsigned int index, void *buf, size_t n, u64 off)
{
	return write ? wr(f, index, buf, n, off) : rd(f, index, buf, n, off);
}

TEST_F_TIMEOUT(kinds, first_file_io_waits, 120)
{
	u64 mark = now_ms() | 1, got;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	for (unsigned int k = 0; k < 2 * ARRAY_SIZE(both); k++) {
		unsigned int index = both[k / 2];
		bool write = k & 1;

		if (!expect_region(&self->e, index))
			continue;
		ASSERT_EQ(8, wr(&self->f, index, &mark, 8, 64));
		ASSERT_EQ(0, slow_reset(&self->f, &self->e, variant->kind));
		got = mark;
		EXPECT_EQ(8, io(&self->f, write, index, &got, 8, 64));
		EXPECT_EQ(0, block_read(&self->f, TEST_READY))
			TH_LOG("%s came through before the device was ready",
			       write ? "write" : "read");
		EXPECT_EQ(mark, got);
	}
}

TEST_F_TIMEOUT(kinds, first_touch_waits, 120)
{
	struct fault_seen seen;
	u64 mark, got;
	u8 *p;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!expect_region(&self->e, both[k]))
			continue;
		p = map_plain(&self->f, both[k], 0, self->page, RW);
		ASSERT_NE(MAP_FAILED, p);
		mark = now_ms() + k;
		ASSERT_EQ(0, touch_write(p, 8, mark, &seen));
		ASSERT_EQ(0, slow_reset(&self->f, &self->e, variant->kind));
		EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(0, block_read(&self->f, TEST_READY));
		EXPECT_EQ(mark, got);
		munmap(p, self->page);
	}
}

/*
 * A futex is where the kernel faults a page in and cannot let go of mmap_lock: then
 * the wait is done under it.
 */
TEST_F_TIMEOUT(kinds, first_touch_by_a_futex_waits, 120)
{
	struct fault_seen seen;
	u32 none = 0;
	u64 got;
	u8 *p;

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_write(p, 8, 41, &seen));
	ASSERT_EQ(0, slow_reset(&self->f, &self->e, variant->kind));
	EXPECT_EQ(0, syscall(SYS_futex, &none, FUTEX_WAKE_OP_PRIVATE, 1, 1, p,
			     FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)))
		TH_LOG("%s", strerror(errno));
	EXPECT_EQ(0, block_read(&self->f, TEST_READY));
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(42, got);
	munmap(p, self->page);
}

/* ---- waiting: killed, overtaken by another reset, in vain ---- */

TEST_F_TIMEOUT(wait, killed_while_waiting, 90)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter *w;
	int status;
	pid_t pid;

	w = waiter_shared(&self->f, USEMEM, variant->touch ? self->page : 0);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	pid = waiter_fork(w);
	ASSERT_LE(0, pid);
	/* somebody looks at the device again and again: that can only be the child */
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_TRUE(wait_for(waiter_sleeps, w, LIMIT_MS));
	ASSERT_EQ(1, atomic_load(&w->state));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	status = wait_child(pid, LIMIT_MS);
	EXPECT_LE(0, status) TH_LOG("a killed process went on waiting for the device");
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(1, atomic_load(&w->state));
	/* nobody has taken the device for ready meanwhile */
	EXPECT_EQ(1, block_read(&self->f, TEST_NEED_RESETS));
}

static atomic_int handled;

static void count_signal(int sig)
{
	(void)sig;
	atomic_fetch_add(&handled, 1);
}

static bool has_handled(void *times)
{
	return atomic_load(&handled) >= *(int *)times;
}

static int catch_usr1(int flags)
{
	struct sigaction sa = { .sa_handler = count_signal, .sa_flags = flags };

	atomic_store(&handled, 0);
	return sigaction(SIGUSR1, &sa, NULL);
}

/*
 * Any signal is answered although the device is not ready, and what was waited for is
 * asked again; read() says so where its caller does not want that.
 */
TEST_F_TIMEOUT(wait, signal_during_the_wait, 90)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	u64 mark = now_ms() | 1;
	pthread_t t;

	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	if (variant->touch) {
		w.map = map_plain(&self->f, USEMEM, 0, self->page, RW);
		ASSERT_NE(MAP_FAILED, w.map);
	}
	ASSERT_EQ(0, catch_usr1(SA_RESTART));
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	for (int i = 1; i <= 3; i++) {
		ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
		ASSERT_TRUE(wait_for(waiter_sleeps, &w, LIMIT_MS));
		ASSERT_EQ(0, pthread_kill(t, SIGUSR1));
		EXPECT_TRUE(wait_for(has_handled, &i, LIMIT_MS / 5))
			TH_LOG("signal %d was not answered during the wait", i);
		EXPECT_EQ(1, atomic_load(&w.state));
		polled.from = block_read(&self->f, TEST_POLLS);
	}
	/* and it still waits for the same */
	EXPECT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	ASSERT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	pthread_join(t, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(mark, w.got);
}

TEST_F_TIMEOUT(wait, signal_ends_the_read, 90)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	pthread_t t;

	if (variant->touch)
		SKIP(return, "a touch has nobody to return to");
	ASSERT_EQ(0, catch_usr1(0));
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_TRUE(wait_for(waiter_sleeps, &w, LIMIT_MS));
	ASSERT_EQ(0, pthread_kill(t, SIGUSR1));
	EXPECT_TRUE(wait_for(waiter_done, &w, LIMIT_MS / 5));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	pthread_join(t, NULL);
	EXPECT_EQ(-EINTR, w.ret);
}

/*
 * A futex keeps mmap_lock while its page is faulted in; who wants to map something
 * meanwhile need not wait until the device is ready.
 */
static void *wake_futex(void *word)
{
	u32 none = 0;

	return (void *)syscall(SYS_futex, &none, FUTEX_WAKE_OP_PRIVATE, 1, 1, word,
			       FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0));
}

static void *map_something(void *arg)
{
	void *p = mmap(NULL, page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		munmap(p, page_size());
	atomic_store((atomic_int *)arg, 1);
	return NULL;
}

TEST_F_TIMEOUT(wait, futex_lets_others_map, 90)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	atomic_int mapped = 0;
	pthread_t futex, other;
	void *ret;
	u8 *p;

	if (!variant->touch)
		SKIP(return, "a futex is touched");
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&futex, NULL, wake_futex, p));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(0, pthread_create(&other, NULL, map_something, &mapped));
	EXPECT_TRUE(wait_for(flag_is_set, &mapped, LIMIT_MS / 5))
		TH_LOG("mmap_lock is held for as long as the device takes");
	EXPECT_EQ(1, block_read(&self->f, TEST_NEED_RESETS));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	pthread_join(futex, &ret);
	EXPECT_EQ(NULL, ret);
	pthread_join(other, NULL);
	munmap(p, self->page);
}

TEST_F_TIMEOUT(wait, reset_during_the_wait, 90)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	u64 mark = now_ms() | 1;
	pthread_t t;

	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	if (variant->touch) {
		w.map = map_plain(&self->f, USEMEM, 0, self->page, RW);
		ASSERT_NE(MAP_FAILED, w.map);
	}
	ASSERT_EQ(0, block_never_ready(&self->f));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(1, atomic_load(&w.state));
	/* the reset gets through although somebody waits ... */
	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_EQ(0, block_read(&self->f, TEST_NEED_RESETS));
	/* ... who then gets what was asked for, and no -EAGAIN */
	ASSERT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	pthread_join(t, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(mark, w.got);
}

/* The wait starts again with each reset: a series of them never adds up to a timeout */
TEST_F_TIMEOUT(wait, many_resets_during_the_wait, 120)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	u64 mark = now_ms() | 1;
	pthread_t t;

	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	if (variant->touch) {
		w.map = map_plain(&self->f, USEMEM, 0, self->page, RW);
		ASSERT_NE(MAP_FAILED, w.map);
	}
	ASSERT_EQ(0, block_write(&self->f, TEST_NEED_RESETS, 6));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	for (int i = 0; i < 5; i++) {
		polled.from = block_read(&self->f, TEST_POLLS);
		ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
		ASSERT_EQ(1, atomic_load(&w.state));
		ASSERT_EQ(0, i & 1 ? reset_sysfs(self->e.bdf) : reset_ioctl(&self->f));
	}
	ASSERT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	pthread_join(t, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(mark, w.got);
}

TEST_F_TIMEOUT(wait, never_ready, 300)
{
	struct fault_seen seen;
	u64 word = 1, got;
	u8 *p;

	if (!self->e.slow)
		SKIP(return, "takes the backend's whole limit; run where that is asked for");
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, block_never_ready(&self->f));
	if (variant->touch) {
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(p, seen.addr);
	} else {
		EXPECT_EQ(-ETIME, rd(&self->f, USEMEM, &got, 8, 0));
	}
	/* once the limit has run out the others need not wait for it again */
	EXPECT_EQ(-ETIME, wr(&self->f, USEMEM, &word, 8, 0));
	EXPECT_EQ(-ETIME, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(-EFAULT, touch_write(p, 8, 1, &seen));
	EXPECT_EQ(SIGBUS, seen.sig);
	/* the next reset is a new chance */
	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	munmap(p, self->page);
}

TEST_HARNESS_MAIN
