// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the memory manager's system calls do to mappings of device memory: in part
 * and as a whole, from this process and from elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "region_fixture.h"

/* @blocks whole blocks with marks in their pages; NULL if the region has not as many */
static u8 *map_marked(struct _test_data_region *self, unsigned int blocks)
{
	u64 off;
	u8 *p = map_blocks(&self->f, self->i, self->r, self->pmd, blocks, &off);

	if (!p || p == MAP_FAILED)
		return p;
	return mark_pages(p, blocks * self->pmd, self->page, self->seed) ? MAP_FAILED : p;
}

TEST_F(region, partial_munmap)
{
	u64 n = 2 * self->pmd, page = self->page;
	struct fault_seen seen;
	u64 hole;
	u8 *p;

	p = map_marked(self, 2);
	if (!p)
		SKIP(return, "region holds no two whole blocks");
	ASSERT_NE(MAP_FAILED, p);
	/* a hole in the middle of the first block */
	hole = (self->pmd / 2) & ~(page - 1);
	ASSERT_EQ(0, munmap(p + hole, page));
	EXPECT_EQ(-EFAULT, touch_read(p + hole, 8, NULL, &seen));
	EXPECT_EQ(SIGSEGV, seen.sig);
	EXPECT_EQ(0, check_pages(p, hole, page, self->seed));
	EXPECT_EQ(0, check_pages(p + hole + page, n - hole - page, page,
				 self->seed + hole + page));
	/* and fill it again, with what belongs there */
	ASSERT_EQ(p + hole, mmap(p + hole, page, RW, MAP_SHARED | MAP_FIXED, self->f.device,
				 at(self->i, first_block(self->r, self->pmd) + hole)));
	EXPECT_EQ(0, check_pages(p, n, page, self->seed));
	munmap(p, n);
}

TEST_F(region, partial_mprotect)
{
	u64 n = 2 * self->pmd, page = self->page;
	struct fault_seen seen;
	u64 got;
	u8 *p;

	p = map_marked(self, 2);
	if (!p)
		SKIP(return, "region holds no two whole blocks");
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mprotect(p + page, page, PROT_READ));
	EXPECT_EQ(-EFAULT, touch_write(p + page, 8, 1, &seen));
	EXPECT_EQ(SIGSEGV, seen.sig);
	EXPECT_EQ(0, check_pages(p, n, page, self->seed));
	EXPECT_EQ(0, touch_write(p, 8, self->seed, &seen));
	EXPECT_EQ(0, touch_write(p + 2 * page, 8, self->seed + 2 * page, &seen));
	ASSERT_EQ(0, mprotect(p, n, PROT_NONE));
	EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
	ASSERT_EQ(0, mprotect(p, n, RW));
	EXPECT_EQ(0, check_pages(p, n, page, self->seed));
	EXPECT_EQ(0, mark_pages(p, n, page, self->seed + 5));
	EXPECT_EQ(0, check_pages(p, n, page, self->seed + 5));
	munmap(p, n);
}

TEST_F(region, mremap)
{
	u64 n = 2 * self->pmd, page = self->page;
	struct fault_seen seen;
	u8 *p, *q;

	p = map_marked(self, 2);
	if (!p)
		SKIP(return, "region holds no two whole blocks");
	ASSERT_NE(MAP_FAILED, p);
	/* it must not grow over what was checked at mmap time */
	EXPECT_EQ(MAP_FAILED, mremap(p, n, n + page, MREMAP_MAYMOVE));
	/* move, to an address of another alignment */
	q = mmap(NULL, n + self->pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, q);
	q = mremap(p, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, q + page);
	ASSERT_NE(MAP_FAILED, q) TH_LOG("mremap: %s", strerror(errno));
	EXPECT_EQ(-EFAULT, touch_read(p, 8, NULL, &seen));
	EXPECT_EQ(0, check_pages(q, n, page, self->seed));
	/* shrink */
	EXPECT_EQ(q, mremap(q, n, n - page, 0));
	EXPECT_EQ(0, check_pages(q, n - page, page, self->seed));
	EXPECT_EQ(-EFAULT, touch_read(q + n - page, 8, NULL, &seen));
	munmap(q, n - page);
}

TEST_F(region, fork_shares)
{
	u64 n = 8 * self->page;
	int status;
	pid_t pid;
	u8 *p;

	p = map_plain(&self->f, self->i, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n / 2, self->page, self->seed));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* sees what the parent wrote, and writes what the parent will see */
		if (check_pages(p, n / 2, self->page, self->seed))
			_exit(2);
		if (mark_pages(p, n, self->page, self->seed + 9))
			_exit(3);
		_exit(0);
	}
	status = wait_child(pid, 20000);
	EXPECT_EQ(0, status) TH_LOG("child: %#x", status);
	EXPECT_EQ(0, check_pages(p, n, self->page, self->seed + 9));
	munmap(p, n);
}

TEST_F(region, madvise_does_no_harm)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_MERGEABLE,
		MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT,
		22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */, 24 /* DONTNEED_LOCKED */,
		25 /* COLLAPSE */, 102 /* GUARD_INSTALL */, 103 /* GUARD_REMOVE */,
	};
	u64 page = self->page, n = self->pmd;
	u8 *p;

	p = map_marked(self, 1);
	if (!p)
		SKIP(return, "region holds no whole block");
	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int a = 0; a < ARRAY_SIZE(advice); a++) {
		/* accepted or not: the bytes stay, and can be reached */
		if (!madvise(p + page, 3 * page, advice[a]) && advice[a] == 102)
			madvise(p + page, 3 * page, 103);
		madvise(p, n, advice[a] == 102 ? MADV_NORMAL : advice[a]);
		EXPECT_EQ(0, check_pages(p, n, page, self->seed)) TH_LOG("advice %d", advice[a]);
	}
	EXPECT_EQ(0, mark_pages(p, n, page, self->seed + 1));
	munmap(p, n);
}

TEST_F(region, mlock_and_populate)
{
	u64 n = 16 * self->page;
	u8 *p;

	p = mmap(NULL, n, RW, MAP_SHARED | MAP_POPULATE, self->f.device, at(self->i, 0));
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, mark_pages(p, n, self->page, self->seed));
	EXPECT_EQ(0, mlock(p, n));
	EXPECT_EQ(0, check_pages(p, n, self->page, self->seed));
	EXPECT_EQ(0, munlock(p, n));
	EXPECT_EQ(0, check_pages(p, n, self->page, self->seed));
	munmap(p, n);
	p = mmap(NULL, n, RW, MAP_SHARED | MAP_LOCKED, self->f.device, at(self->i, 0));
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, check_pages(p, n, self->page, self->seed));
	munmap(p, n);
}

TEST_F(region, remote_access)
{
	u64 page = self->page, n = 4 * page, got = 0;
	struct iovec mine = { &got, 8 }, theirs;
	ssize_t ret;
	int fd;
	u8 *p;

	p = map_plain(&self->f, self->i, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, self->seed));
	/* allowed to fail, not to lie and not to crash; both on touched and fresh pages */
	theirs = (struct iovec){ p + page, 8 };
	ret = process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0);
	if (ret > 0) {
		EXPECT_EQ(self->seed + page, got);
	} else {
		EXPECT_EQ(EFAULT, errno);
	}
	got = 123;
	ret = process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0);
	if (ret < 0) {
		EXPECT_EQ(EFAULT, errno);
	} else {
		ASSERT_EQ(0, touch_write(p + page, 8, self->seed + page, NULL));
	}

	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ret = pread(fd, &got, 8, (uintptr_t)(p + 2 * page));
	if (ret > 0) {
		EXPECT_EQ(self->seed + 2 * page, got);
	} else {
		EXPECT_EQ(EIO, errno);
	}
	close(fd);
	EXPECT_EQ(0, check_pages(p, n, page, self->seed));
	munmap(p, n);
}

TEST_F(region, ptrace_peek)
{
	u64 page = self->page, n = 4 * page;
	int status;
	pid_t pid;
	long got;
	u8 *p;

	p = map_plain(&self->f, self->i, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, self->seed));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(9);
		raise(SIGSTOP);
		_exit(check_pages(p, n, page, self->seed) ? 5 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSTOPPED(status));
	/* the child has touched nothing yet */
	errno = 0;
	got = ptrace(PTRACE_PEEKDATA, pid, p + page, 0);
	if (!errno) {
		EXPECT_EQ((long)(self->seed + page), got);
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	EXPECT_EQ(0, wait_child(pid, 20000));
	munmap(p, n);
}

TEST_F(region, buffer_for_other_files)
{
	char name[] = "/tmp/coherent-XXXXXX";
	u64 n = 8 * self->page;
	u8 *p, *copy = malloc(n);
	int fd, fds[2];

	ASSERT_NE(NULL, copy);
	p = map_plain(&self->f, self->i, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	pattern_fill(copy, n, 0, self->seed);
	ASSERT_EQ(0, wr_all(&self->f, self->i, copy, n, 0));

	/* write() out of pages that are not mapped in yet */
	fd = mkstemp(name);
	ASSERT_LE(0, fd) TH_LOG("%s: %s", name, strerror(errno));
	unlink(name);
	EXPECT_EQ(n, write(fd, p, n));
	memset(copy, 0, n);
	ASSERT_EQ(n, pread(fd, copy, n, 0));
	EXPECT_EQ(-1, pattern_check(copy, n, 0, self->seed));
	munmap(p, n);

	/* read() into such pages */
	pattern_fill(copy, n, 0, self->seed + 1);
	ASSERT_EQ(n, pwrite(fd, copy, n, 0));
	p = map_plain(&self->f, self->i, 0, n, RW);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(n, pread(fd, p, n, 0));
	ASSERT_EQ(0, rd_all(&self->f, self->i, copy, n, 0));
	EXPECT_EQ(-1, pattern_check(copy, n, 0, self->seed + 1));

	/* a pipe, both ways */
	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(512, write(fds[1], p, 512));
	EXPECT_EQ(512, read(fds[0], p + 4096, 512));
	EXPECT_EQ(-1, pattern_check(p + 4096, 512, 0, self->seed + 1));
	/* pinning pages without struct page for zero-copy cannot work */
	struct iovec iov = { p, 4096 };

	EXPECT_EQ(-1, vmsplice(fds[1], &iov, 1, 0));
	close(fds[0]);
	close(fds[1]);
	close(fd);
	munmap(p, n);
	free(copy);
}

TEST_HARNESS_MAIN
