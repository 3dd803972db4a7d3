// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail: the first, the second, ... of each operation, until
 * the operation gets by without reaching the failing one. After each failure
 * nothing may be left over, and in the end the operation must work.
 *
 * Needs a kernel with fault injection (/proc/thread-self/fail-nth), which stock
 * kernels lack.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "failnth.h"
#include "poison_ground.h"

#define MOST		5000	/* an operation with more allocations has a bug */
#define LIMIT		1800	/* seconds: a debug kernel on a busy machine */

FIXTURE(nth) {
	struct expect e;
	struct fn f;
	int nth;		/* failnth_open() */
	size_t page;
	u8 *buf;
};

FIXTURE_SETUP(nth)
{
	self->f.device = -1;
	self->nth = failnth_open();
	if (self->nth < 0)
		SKIP(return, "this kernel cannot inject failures");
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, failnth_all());
	self->page = page_size();
	self->buf = aligned_alloc(self->page, 1 << 16);
	ASSERT_NE(NULL, self->buf);
	memset(self->buf, 0x5a, 1 << 16);
	fault_catch();
}

FIXTURE_TEARDOWN(nth)
{
	char driver[64];

	if (self->nth < 0)
		return;
	/* The functions after this test find the device bound */
	if (pci_driver(self->e.bdf, driver, sizeof(driver)))
		pci_bind(self->e.bdf, self->e.driver);
	close(self->nth);
}

static bool is_bound(const struct expect *e)
{
	char driver[64];

	return !pci_driver(e->bdf, driver, sizeof(driver)) &&
	       !strcmp(driver, e->driver);
}

static bool is_claimed(const struct expect *e)
{
	const struct expect_region *use = expect_region(e, USEMEM);
	const struct expect_region *res = expect_region(e, RESMEM);

	return iomem_has(use->base, use->len + (res ? res->len : 0), "coherent");
}

TEST_F_TIMEOUT(nth, probe, LIMIT)
{
	bool failed;
	int n;

	/*
	 * Not where vfio.ko makes a group: when that fails, it warns
	 * (vfio_group_release() on a group half made).
	 */
	ASSERT_EQ(0, failnth_spare_vfio_groups(true));
	for (n = 1; n < MOST; n++) {
		ASSERT_EQ(0, pci_unbind(self->e.bdf));
		ASSERT_FALSE(is_claimed(&self->e));
		failnth_arm(self->nth, n);
		sysfs_write("/sys/bus/pci/drivers_probe", self->e.bdf);
		failed = failnth_disarm(self->nth);
		ASSERT_EQ(is_bound(&self->e), is_claimed(&self->e)) {
			TH_LOG("failure %d: bound and claimed differ", n);
		}
		if (!failed)
			break;
		/* Whatever failed, the next one can be bound */
		if (!is_bound(&self->e))
			pci_bind(self->e.bdf, self->e.driver);
		ASSERT_TRUE(is_bound(&self->e)) {
			TH_LOG("after failure %d", n);
		}
	}
	ASSERT_EQ(0, failnth_spare_vfio_groups(false));
	TH_LOG("%d failures injected", n - 1);
	EXPECT_LT(1, n);
	EXPECT_LT(n, MOST);
	EXPECT_TRUE(is_bound(&self->e));
}

TEST_F_TIMEOUT(nth, open, LIMIT)
{
	bool failed;
	int n, ret;

	for (n = 1; n < MOST; n++) {
		failnth_arm(self->nth, n);
		ret = fn_open(&self->f, self->e.bdf);
		failed = failnth_disarm(self->nth);
		if (!ret)
			fn_close(&self->f);
		if (!failed)
			break;
		/* Whatever failed, the next one finds the device free */
		ASSERT_EQ(0, fn_open(&self->f, self->e.bdf)) {
			TH_LOG("after failure %d (open gave %d)", n, ret);
		}
		fn_close(&self->f);
	}
	TH_LOG("%d failures injected", n - 1);
	EXPECT_LT(1, n);
	EXPECT_LT(n, MOST);
	EXPECT_EQ(0, ret);
}

/* A page of the mapping is read by the kernel: its fault may fail quietly */
static int touch_by_kernel(const u8 *p)
{
	int fd[2], ret = 0;

	if (pipe(fd))
		return -errno;
	if (write(fd[1], p, 1) != 1)
		ret = -errno;
	close(fd[0]);
	close(fd[1]);
	return ret;
}

TEST_F_TIMEOUT(nth, mmap_and_touch, LIMIT)
{
	unsigned int regions[] = { USEMEM, RESMEM };
	bool failed;
	int n, ret;
	u8 *p;

	for (unsigned int i = 0; i < 2; i++) {
		unsigned int index = regions[i];
		const struct expect_region *r = expect_region(&self->e, index);

		if (!r)
			continue;
		for (n = 1; n < MOST; n++) {
			/* Anew each time: the kernel mapping is kept until close */
			ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
			failnth_arm(self->nth, n);
			p = map_plain(&self->f, index, 0, r->len, RW);
			ret = p == MAP_FAILED ? -errno : touch_by_kernel(p);
			failed = failnth_disarm(self->nth);
			if (p != MAP_FAILED)
				munmap(p, r->len);
			p = map_plain(&self->f, index, 0, self->page, RW);
			ASSERT_NE(MAP_FAILED, p) {
				TH_LOG("after failure %d", n);
			}
			ASSERT_EQ(0, touch_by_kernel(p));
			munmap(p, self->page);
			fn_close(&self->f);
			if (!failed)
				break;
		}
		TH_LOG("region %u: %d failures injected", index, n - 1);
		EXPECT_LT(1, n);
		EXPECT_LT(n, MOST);
		EXPECT_EQ(0, ret);
	}
}

TEST_F_TIMEOUT(nth, file_io, LIMIT)
{
	unsigned int regions[] = { USEMEM, RESMEM };
	ssize_t ret, len = 1 << 16;
	bool failed;
	int n;

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int index = regions[i / 2];
		bool write = i % 2;

		if (!expect_region(&self->e, index))
			continue;
		for (n = 1; n < MOST; n++) {
			/* Anew each time: the kernel mapping is kept until close */
			ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
			failnth_arm(self->nth, n);
			ret = write ? wr(&self->f, index, self->buf, len, 0) :
				      rd(&self->f, index, self->buf, len, 0);
			failed = failnth_disarm(self->nth);
			/* Some of it, or one of these */
			ASSERT_TRUE(ret > 0 || ret == -ENOMEM || ret == -EFAULT) {
				TH_LOG("failure %d: %zd", n, ret);
			}
			ASSERT_EQ(len, rd(&self->f, index, self->buf, len, 0)) {
				TH_LOG("after failure %d", n);
			}
			fn_close(&self->f);
			if (!failed)
				break;
		}
		TH_LOG("region %u, %s: %d failures injected", index, write ? "write" : "read",
		       n - 1);
		EXPECT_LT(1, n);
		EXPECT_LT(n, MOST);
		EXPECT_EQ(len, ret);
	}
}

/* Where nobody has touched the buffer yet, bytes take a page of the kernel's */
TEST_F_TIMEOUT(nth, read_into_absent_pages, LIMIT)
{
	unsigned int regions[] = { USEMEM, RESMEM };
	ssize_t ret, len = 1 << 16;
	bool failed;
	u8 *buf;
	int n;

	buf = mmap(NULL, len, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	madvise(buf, len, MADV_NOHUGEPAGE);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	for (unsigned int i = 0; i < 2; i++) {
		if (!expect_region(&self->e, regions[i]))
			continue;
		/* The region is mapped by now, and all that fails is for the buffer */
		ASSERT_EQ(len, rd(&self->f, regions[i], self->buf, len, 0));
		for (n = 1; n < MOST; n++) {
			ASSERT_EQ(0, madvise(buf, len, MADV_DONTNEED));
			failnth_arm(self->nth, n);
			ret = rd(&self->f, regions[i], buf, len, 0);
			failed = failnth_disarm(self->nth);
			if (!failed)
				break;
			ASSERT_TRUE(ret > 0 || ret == -ENOMEM || ret == -EFAULT) {
				TH_LOG("failure %d: %zd", n, ret);
			}
			ASSERT_EQ(len, rd(&self->f, regions[i], buf, len, 0));
			ASSERT_EQ(0, memcmp(buf, self->buf, len));
		}
		TH_LOG("region %u: %d failures injected", regions[i], n - 1);
		EXPECT_LT(1, n);
		EXPECT_LT(n, MOST);
		EXPECT_EQ(len, ret);
	}
	fn_close(&self->f);
	munmap(buf, len);
}

/*
 * By each way that there is. A hot reset allocates (VFIO looks at who is on the bus),
 * so there something must have failed; of the others' ways to the reset only sysfs does,
 * and that is the kernel's affair.
 */
TEST_F_TIMEOUT(nth, reset, LIMIT)
{
	bool failed;
	int n, ret;

	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	for (enum reset_kind kind = BY_IOCTL; kind <= BY_HOT; kind++) {
		if (reset_impossible(&self->e, kind))
			continue;
		for (n = 1; n < MOST; n++) {
			failnth_arm(self->nth, n);
			ret = reset_by(&self->f, &self->e, kind);
			failed = failnth_disarm(self->nth);
			ASSERT_EQ(8, rd(&self->f, USEMEM, self->buf, 8, 0)) {
				TH_LOG("kind %d, after failure %d (reset gave %d)", kind, n, ret);
			}
			if (!failed)
				break;
			ASSERT_TRUE(!ret || ret == -ENOMEM);
		}
		TH_LOG("kind %d: %d failures injected", kind, n - 1);
		EXPECT_LT(n, MOST);
		EXPECT_EQ(0, ret);
		if (kind == BY_HOT)
			EXPECT_LT(1, n);
	}
	fn_close(&self->f);
}

/* All of it is forgotten or, with an error, nothing is */
TEST_F_TIMEOUT(nth, clearing_errors, LIMIT)
{
	long want = 31;
	bool failed;
	int n, ret;

	for (n = 1; n < MOST; n++) {
		ASSERT_EQ(0, poison_clear_all(&self->e));
		/* with holes, and so that the middle goes out of a range */
		ASSERT_EQ(0, inject_many(&self->e, 0, 32, 4 * self->page));
		ASSERT_EQ(0, inject_many(&self->e, 4 * self->page, 3, 0));
		ASSERT_EQ(34, poison_count(&self->e));
		failnth_arm(self->nth, n);
		ret = poison_clear(&self->e, 5 * self->page, 4 * self->page);
		failed = failnth_disarm(self->nth);
		ASSERT_EQ(ret ? 34 : want, poison_count(&self->e)) {
			TH_LOG("failure %d: clearing gave %d", n, ret);
		}
		if (!failed)
			break;
		ASSERT_TRUE(!ret || ret == -ENOMEM);
		ASSERT_EQ(0, poison_clear(&self->e, 5 * self->page, 4 * self->page));
		ASSERT_EQ(want, poison_count(&self->e));
	}
	TH_LOG("%d failures injected", n - 1);
	EXPECT_LT(1, n);
	EXPECT_LT(n, MOST);
	EXPECT_EQ(0, ret);
	ASSERT_EQ(0, poison_clear_all(&self->e));
	EXPECT_EQ(0, poison_count(&self->e));
}

/*
 * An error that there is no memory to record is not dropped. It is a worker of
 * the kernel's that records.
 */
TEST_F_TIMEOUT(nth, error_injection, LIMIT)
{
	int n, failed;

	ASSERT_EQ(0, failnth_only("coherent_vfio_pci_core", FAILNTH_DEEPEST));
	for (n = 1; n < MOST; n++) {
		ASSERT_EQ(0, poison_clear_all(&self->e));
		ASSERT_EQ(0, inject_many(&self->e, 0, 32, 4 * self->page));
		ASSERT_EQ(0, failnth_arm_workers(n));
		/* it may say -ENOMEM, and is tried again all the same */
		inject_many(&self->e, 5 * self->page, 1, 0);
		EXPECT_TRUE(poison_wait(&self->e, 33, POISON_LIMIT_MS)) {
			TH_LOG("after failure %d", n);
		}
		failed = failnth_disarm_workers();
		ASSERT_LE(0, failed);
		if (!failed)
			break;
	}
	ASSERT_EQ(0, failnth_only(NULL, FAILNTH_DEEPEST));
	TH_LOG("%d failures injected", n - 1);
	EXPECT_LT(1, n);
	EXPECT_LT(n, MOST);
	ASSERT_EQ(0, poison_clear_all(&self->e));
}

/* Several times in a row there is none, and that is said */
TEST_F_TIMEOUT(nth, recording_is_tried_again, LIMIT)
{
	int log = kmsg_open();

	ASSERT_LE(0, log);
	ASSERT_EQ(0, poison_clear_all(&self->e));
	ASSERT_EQ(0, failnth_only("coherent_vfio_pci_core", FAILNTH_DEEPEST));
	ASSERT_EQ(0, failnth_whoever(3));
	inject_many(&self->e, 3 * self->page, 1, 0);
	EXPECT_EQ(0, kmsg_wait(log, "no memory to record poison", 5000, NULL, 0));
	EXPECT_TRUE(poison_wait(&self->e, 1, POISON_LIMIT_MS));
	ASSERT_EQ(0, failnth_whoever(0));
	ASSERT_EQ(0, failnth_only(NULL, FAILNTH_DEEPEST));
	ASSERT_EQ(0, poison_clear_all(&self->e));
	close(log);
}

TEST_HARNESS_MAIN
