// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that a character device shows: EGM, as a program or a VMM uses it. For the
 * environment see lib/egm.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "egm.h"
#include "poison.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	60000

FIXTURE(egm) {
	int fd;
	struct egm egm;
	u64 size, page, pmd;
	const u64 *retired;
};

FIXTURE_SETUP(egm)
{
	ASSERT_EQ(0, egm_load(&self->egm));
	self->size = self->egm.size;
	self->retired = self->egm.retired;
	self->page = page_size();
	self->pmd = pmd_size();
	fault_catch();
	self->fd = egm_open(&self->egm);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(egm)
{
	close(self->fd);
}

TEST_F(egm, one_at_a_time)
{
	pid_t pid;

	EXPECT_EQ(-EBUSY, egm_open(&self->egm));
	/* The same file in another process is no second one */
	pid = fork();
	if (!pid)
		_exit(egm_map(self->fd, 0, self->page) == MAP_FAILED);
	EXPECT_EQ(0, wait_child(pid, LIMIT_MS));
}

/* A mapping keeps the device open, and its contents */
TEST_F(egm, a_mapping_keeps_it_open)
{
	u8 *p = egm_map(self->fd, 0, self->page);

	ASSERT_NE(MAP_FAILED, p);
	close(self->fd);
	EXPECT_EQ(-EBUSY, egm_open(&self->egm));
	*p = 0x5a;
	EXPECT_EQ(0x5a, *p);
	munmap(p, self->page);
	self->fd = egm_open(&self->egm);
	EXPECT_LE(0, self->fd);
}

TEST_F(egm, several_where_an_administrator_says_so)
{
	int second;
	u8 *p, *q;

	ASSERT_EQ(0, sysfs_write(EGM_SHARED, "1"));
	second = egm_open(&self->egm);
	EXPECT_EQ(0, sysfs_write(EGM_SHARED, "0"));
	ASSERT_LE(0, second);
	p = egm_map(self->fd, 0, self->page);
	q = egm_map(second, 0, self->page);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, q);
	*p = 0x5a;
	EXPECT_EQ(0x5a, *q);
	/* The second one to go leaves the first one's memory alone */
	munmap(q, self->page);
	close(second);
	EXPECT_EQ(0x5a, *p);
	munmap(p, self->page);
}

TEST_F(egm, what_can_be_mapped)
{
	u64 size = self->size, page = self->page;
	u8 *p;

	p = egm_map(self->fd, 0, size);
	ASSERT_NE(MAP_FAILED, p);
	munmap(p, size);
	p = egm_map(self->fd, size - page, page);
	ASSERT_NE(MAP_FAILED, p);
	munmap(p, page);
	EXPECT_EQ(MAP_FAILED, egm_map(self->fd, 0, size + page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, egm_map(self->fd, size, page));
	EXPECT_EQ(MAP_FAILED, egm_map(self->fd, size - page, 2 * page));
	EXPECT_EQ(MAP_FAILED, egm_map(self->fd, (u64)1 << 40, page));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, RW, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

/* As QEMU's memory-backend-file asks */
TEST_F(egm, what_a_vmm_asks_of_the_file)
{
	u8 byte;

	EXPECT_EQ(self->size, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(-1, lseek(self->fd, self->size + 1, SEEK_SET));
	EXPECT_EQ(-1, ftruncate(self->fd, self->size));
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->fd, _IO('E', 99)));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(egm, huge_entries)
{
	u64 phys = env_u64("COHERENT_EGM_BASE", 0);
	u64 skip = self->pmd - phys % self->pmd, len = 8 * self->pmd;
	u64 group = 64 * self->pmd;
	u8 *room, *p;

	skip = phys % self->pmd ? skip : 0;
	if (self->retired[0] < skip + len || self->size < skip + len)
		SKIP(return, "not as many blocks before what is retired");
	/* One fault brings the blocks of one group, whose address is a multiple of its size */
	room = mmap(NULL, len + group, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT_NE(MAP_FAILED, room);
	p = (u8 *)(((uintptr_t)room + group - 1) & ~(group - 1));
	ASSERT_EQ(p, mmap(p, len, RW, MAP_SHARED | MAP_FIXED, self->fd, skip));
	EXPECT_EQ(1, faults_of_walk(p, len, self->page));
	munmap(room, len + group);
}

TEST_F_TIMEOUT(egm, cleared_for_the_next, 120)
{
	const u64 where[] = { 0, self->page, self->retired[0] - 8, self->size - 8 };
	char text[64];
	u64 word = now_us() | 1, got = ~0ULL;
	u8 *p = egm_map(self->fd, 0, self->size);

	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++)
		memcpy(p + where[i], &word, 8);
	munmap(p, self->size);
	close(self->fd);
	self->fd = egm_open(&self->egm);
	ASSERT_LE(0, self->fd);
	p = egm_map(self->fd, 0, self->size);
	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		memcpy(&got, p + where[i], 8);
		EXPECT_EQ(0, got) TH_LOG("at %#llx", (unsigned long long)where[i]);
	}
	munmap(p, self->size);
	ASSERT_EQ(0, egm_read(&self->egm, "coherent/scrub_progress", text, sizeof(text)));
	EXPECT_EQ(self->size, strtoull(text, NULL, 0));
}

TEST_F(egm, retired_pages_are_listed)
{
	struct egm_list list;
	u32 all = 8 + 2 * 16;

	ASSERT_EQ(0, egm_list(self->fd, &list, sizeof(list)));
	ASSERT_EQ(2, list.head.count);
	EXPECT_EQ(all, list.head.argsz);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_EQ(self->retired[i], list.pages[i].offset);
		EXPECT_EQ(EGM_RETIRED_SIZE, list.pages[i].size);
	}
	EXPECT_EQ(0xa5, *(u8 *)&list.pages[2]);

	/* With as much room as is needed, and with less */
	ASSERT_EQ(0, egm_list(self->fd, &list, all));
	EXPECT_EQ(2, list.head.count);
	for (u32 argsz = 8; argsz < all; argsz++) {
		ASSERT_EQ(0, egm_list(self->fd, &list, argsz));
		ASSERT_EQ(all, list.head.argsz);
		ASSERT_EQ(0, list.head.count);
		ASSERT_EQ(0xa5, *(u8 *)&list.pages[0]);
	}
	for (u32 argsz = 0; argsz < 8; argsz++)
		ASSERT_EQ(-EINVAL, egm_list(self->fd, &list, argsz));
	EXPECT_EQ(-EFAULT, neg(ioctl(self->fd, EGM_RETIRED_PAGES_LIST, NULL)));
}

/* Room that is not there, in whole or in part */
TEST_F(egm, a_list_that_does_not_end_well)
{
	u8 *p = mmap(NULL, 2 * self->page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct egm_retired_pages_list *list;

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, munmap(p + self->page, self->page));
	for (unsigned int room = 8; room <= 8 + 16; room += 16) {
		list = (void *)(p + self->page - room);
		list->argsz = 8 + 2 * 16;
		EXPECT_EQ(-EFAULT, neg(ioctl(self->fd, EGM_RETIRED_PAGES_LIST, list)));
	}
	munmap(p, self->page);
}

TEST_F(egm, retired_pages_are_not_touched)
{
	u8 *p = egm_map(self->fd, 0, self->size);
	struct fault_seen seen;
	u64 got;

	ASSERT_NE(MAP_FAILED, p);
	for (unsigned int i = 0; i < 2; i++) {
		u8 *bad = p + self->retired[i], *end = bad + EGM_RETIRED_SIZE;

		EXPECT_EQ(-EFAULT, touch_read(bad, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
		EXPECT_EQ(BUS_MCEERR_AR, seen.code);
		EXPECT_EQ(-EFAULT, touch_read(end - 8, 8, &got, &seen));
		EXPECT_EQ(0, touch_read(bad - 8, 8, &got, &seen));
		EXPECT_EQ(0, touch_read(end, 8, &got, &seen));
	}
	munmap(p, self->size);
}

/* An error while it is in use: its user is told, once early and once at the touch */
TEST_F_TIMEOUT(egm, an_error_while_it_is_mapped, 60)
{
	u64 off = self->size - 16 * self->page;
	u8 *p = egm_map(self->fd, 0, self->size);
	struct fault_seen seen;
	struct egm_list list;
	u64 got;

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, early_kill(true));
	advice_forget();
	ASSERT_EQ(0, touch_read(p + off, 8, &got, &seen));
	ASSERT_EQ(0, egm_inject(&self->egm, off));
	EXPECT_TRUE(advice_wait(1, LIMIT_MS));
	EXPECT_EQ(p + off, advice_get(0).addr);
	EXPECT_EQ(-EFAULT, touch_read(p + off, 8, &got, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ(p + off, seen.addr);
	EXPECT_EQ(0, touch_read(p + off + self->page, 8, &got, &seen));
	ASSERT_EQ(0, egm_list(self->fd, &list, sizeof(list)));
	EXPECT_EQ(3, list.head.count);
	EXPECT_EQ(off, list.pages[2].offset);
	EXPECT_EQ(self->page, list.pages[2].size);

	/* An administrator knows that it was repaired */
	EXPECT_EQ(0, egm_clear(&self->egm, off, self->page));
	EXPECT_EQ(0, touch_read(p + off, 8, &got, &seen));
	ASSERT_EQ(0, egm_list(self->fd, &list, sizeof(list)));
	EXPECT_EQ(2, list.head.count);
	munmap(p, self->size);
}

TEST_F(egm, what_sysfs_says)
{
	char text[64];

	ASSERT_EQ(0, egm_read(&self->egm, "egm_size", text, sizeof(text)));
	EXPECT_EQ(self->size, strtoull(text, NULL, 0));
	EXPECT_EQ('x', text[1]);
	ASSERT_EQ(0, egm_read(&self->egm, "coherent/region0_length", text, sizeof(text)));
	EXPECT_EQ(self->size, strtoull(text, NULL, 0));
	ASSERT_EQ(0, egm_read(&self->egm, "coherent/region0_memory_type", text, sizeof(text)));
	EXPECT_EQ(0, strcmp("cached", text));
	EXPECT_TRUE(iomem_has(env_u64("COHERENT_EGM_BASE", 0), self->size, "coherent egm"));
}

TEST_HARNESS_MAIN
