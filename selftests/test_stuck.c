// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each look at readiness takes long: a CPU gets stuck in the load until the function
 * answers. Somebody waits; others get past all the same, and so does an end of it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"
#include "wait_fixture.h"
#include "worker.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	25000	/* for what should need none of that */

#define STUCK_MS	300

/* A wait must last as long as others are given to get past it */
#define NEED_LONG_WAIT(self)							\
	do {									\
		if ((self)->e.ready_limit_ms < LIMIT_MS)			\
			SKIP(return, "the backend's limit would end the wait");	\
	} while (0)

struct others {
	const struct fn *f;
	u8 *map;
	size_t page;
	atomic_int done;
	int ret;
};

/*
 * What goes past the waiter: config space, its command too (as it is, for without decoding
 * the waiter would be right to give up), a mapping, and a reset
 */
static void *others_run(void *arg)
{
	struct others *o = arg;
	u8 *more;

	o->ret = cfg_read(o->f, PCI_VENDOR_ID, 2) == 0xffff ? -EIO : 0;
	if (!o->ret)
		o->ret = fn_memory_decode(o->f, true);
	more = map_plain(o->f, USEMEM, 0, o->page, RW);
	if (more == MAP_FAILED)
		o->ret = -ENOMEM;
	else
		munmap(more, o->page);
	if (!o->ret)
		o->ret = reset_ioctl(o->f);
	atomic_store(&o->done, 1);
	return NULL;
}

TEST_F_TIMEOUT(wait, stuck_reads_do_not_keep_others_out, 180)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter w = { .f = &self->f, .index = USEMEM };
	struct others o = { .f = &self->f, .page = self->page };
	u64 mark = now_ms() | 1;
	pthread_t t, other;

	NEED_LONG_WAIT(self);
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	if (variant->touch) {
		w.map = map_plain(&self->f, USEMEM, 0, self->page, RW);
		ASSERT_NE(MAP_FAILED, w.map);
	}
	ASSERT_EQ(0, block_never_ready(&self->f));
	ASSERT_EQ(0, block_write(&self->f, TEST_STALL, STUCK_MS));
	polled.from = block_read(&self->f, TEST_POLLS);
	ASSERT_EQ(0, pthread_create(&t, NULL, waiter_run, &w));
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	EXPECT_LT(0, block_read(&self->f, TEST_STALLS));
	ASSERT_EQ(0, pthread_create(&other, NULL, others_run, &o));
	EXPECT_TRUE(wait_for(flag_is_set, &o.done, LIMIT_MS))
		TH_LOG("a wait whose reads get stuck keeps the others out");
	pthread_join(other, NULL);
	EXPECT_EQ(0, o.ret);
	/* that reset has made it ready */
	EXPECT_TRUE(wait_for(waiter_done, &w, LIMIT_MS));
	ASSERT_EQ(0, block_write(&self->f, TEST_STALL, 0));
	pthread_join(t, NULL);
	EXPECT_EQ(8, w.ret) TH_LOG("signal %d", w.seen.sig);
	EXPECT_EQ(mark, w.got);
}

/* Killed between two reads, or when the one that is stuck has its answer */
TEST_F_TIMEOUT(wait, killed_while_reads_get_stuck, 180)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct waiter *w;
	int status;
	pid_t pid;

	NEED_LONG_WAIT(self);
	w = waiter_shared(&self->f, USEMEM, variant->touch ? self->page : 0);
	ASSERT_NE(NULL, w);
	ASSERT_EQ(0, block_never_ready(&self->f));
	ASSERT_EQ(0, block_write(&self->f, TEST_STALL, STUCK_MS));
	polled.from = block_read(&self->f, TEST_POLLS);
	pid = waiter_fork(w);
	ASSERT_LE(0, pid);
	ASSERT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	status = wait_child(pid, LIMIT_MS);
	EXPECT_LE(0, status) TH_LOG("a killed process went on waiting for the device");
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(1, atomic_load(&w->state));
	ASSERT_EQ(0, block_write(&self->f, TEST_STALL, 0));
	EXPECT_EQ(1, block_read(&self->f, TEST_NEED_RESETS));
}

/* An administrator takes the function away: it waits for its user, who is killed in the wait */
TEST_F_TIMEOUT(wait, unbound_while_reads_get_stuck, 180)
{
	struct polled polled = { .f = &self->f, .times = 2 };
	struct pci_unbinder u = { .bdf = self->e.bdf };
	struct pollfd asked = { .events = POLLIN };
	struct waiter *w;
	pthread_t t;
	pid_t pid;
	u64 got;

	NEED_LONG_WAIT(self);
	ASSERT_NE(0, strlen(self->e.driver));
	w = waiter_shared(&self->f, USEMEM, variant->touch ? self->page : 0);
	ASSERT_NE(NULL, w);
	asked.fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_LE(0, asked.fd);
	ASSERT_EQ(0, fn_irq_eventfd(&self->f, VFIO_PCI_REQ_IRQ_INDEX, asked.fd));
	ASSERT_EQ(0, block_never_ready(&self->f));
	ASSERT_EQ(0, block_write(&self->f, TEST_STALL, STUCK_MS));
	polled.from = block_read(&self->f, TEST_POLLS);
	pid = waiter_fork(w);
	ASSERT_LE(0, pid);
	EXPECT_TRUE(wait_for(polled_often, &polled, LIMIT_MS));
	/* from here on the function is the child's alone */
	if (variant->touch)
		munmap(w->map, self->page);
	fn_close(&self->f);
	self->f.device = -1;
	ASSERT_EQ(0, pthread_create(&t, NULL, pci_unbinder_run, &u));
	EXPECT_EQ(1, poll(&asked, 1, LIMIT_MS));
	EXPECT_EQ(0, atomic_load(&u.done));
	EXPECT_EQ(1, atomic_load(&w->state));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_LE(0, wait_child(pid, LIMIT_MS));
	EXPECT_TRUE(wait_for(pci_unbinder_done, &u, LIMIT_MS))
		TH_LOG("nobody has it, and it cannot be unbound");
	pthread_join(t, NULL);
	EXPECT_EQ(0, u.ret);

	/* Closing it did not reset it: who unbinds holds the lock for that */
	ASSERT_EQ(0, reset_sysfs(self->e.bdf));
	/* its reads still get stuck, at probe too */
	ASSERT_EQ(0, pci_bind(self->e.bdf, self->e.driver));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(0, block_write(&self->f, TEST_STALL, 0));
	close(asked.fd);
}

TEST_HARNESS_MAIN
