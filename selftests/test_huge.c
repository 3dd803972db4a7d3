// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge mappings where they are delicate: whatever the policy for transparent
 * huge pages says, and PUD entries (1 GiB), which the memory manager mistakes
 * for page tables when a VMA is split inside one or moved.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"

#define RW		(PROT_READ | PROT_WRITE)
#define POLICY		"/sys/kernel/mm/transparent_hugepage/enabled"
#define PUD		(1ULL << 30)

FIXTURE(huge) {
	struct expect e;
	struct fn f;
	const struct expect_region *r;
	u64 pmd, page;
	char policy[16];	/* as found */
};

/* The word in brackets */
static int policy_get(char *word, size_t n)
{
	char text[64], *begin, *end;
	int ret = sysfs_read(POLICY, text, sizeof(text));

	if (ret < 0)
		return ret;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end || end - begin > (ssize_t)n)
		return -EINVAL;
	snprintf(word, n, "%.*s", (int)(end - begin - 1), begin + 1);
	return 0;
}

static int policy_set(const char *word)
{
	int ret = sysfs_write(POLICY, word);

	return ret < 0 ? ret : 0;
}

FIXTURE_SETUP(huge)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->r = expect_region(&self->e, USEMEM);
	ASSERT_NE(NULL, self->r);
	self->page = page_size();
	self->pmd = pmd_size();
	ASSERT_EQ(0, policy_get(self->policy, sizeof(self->policy)));
	fault_catch();
}

FIXTURE_TEARDOWN(huge)
{
	policy_set(self->policy);
	fn_close(&self->f);
}

TEST_F(huge, policy_does_not_matter)
{
	static const char * const words[] = { "never", "madvise", "always" };
	u64 off, n = 4 * self->pmd;
	u8 *p;

	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(0, policy_set(words[i]));
		p = map_blocks(&self->f, USEMEM, self->r, self->pmd, 4, &off);
		if (!p)
			SKIP(return, "region holds no four whole blocks");
		ASSERT_NE(MAP_FAILED, p);
		EXPECT_GE(4, faults_of_walk(p, n, self->page)) {
			TH_LOG("policy %s", words[i]);
		}
		munmap(p, n);
	}
}

/* Two whole PUDs of the region at a congruent address; NULL without them */
static u8 *map_puds(struct _test_data_huge *self)
{
	u64 off;

	if (policy_set("always"))
		return MAP_FAILED;
	return map_blocks(&self->f, USEMEM, self->r, PUD, 2, &off);
}

/* A byte in each half GiB that says which it is */
static void mark(u8 *p, u64 n)
{
	for (u64 i = 0; i < n; i += PUD / 2)
		p[i] = 0x40 + i / (PUD / 2);
}

static u64 first_wrong(const u8 *p, u64 n, u64 from)
{
	for (u64 i = 0; i < n; i += PUD / 2)
		if (p[i] != 0x40 + (from + i) / (PUD / 2))
			return i;
	return n;
}

static u8 *map_marked_puds(struct _test_data_huge *self)
{
	u8 *p = map_puds(self);

	if (p && p != MAP_FAILED)
		mark(p, 2 * PUD);
	return p;
}

/* Does the CPU have 1 GiB pages, and the kernel PUD entries for PFN mappings? */
static bool have_puds(void)
{
	bool found = false;
#if defined(__x86_64__)
	FILE *info = fopen("/proc/cpuinfo", "re");
	char line[4096];

	while (info && !found && fgets(line, sizeof(line), info))
		found = !strncmp(line, "flags", 5) && strstr(line, " pdpe1gb");
	if (info)
		fclose(info);
#endif
	return found;
}

TEST_F(huge, pud_is_one_fault_where_the_cpu_has_it)
{
	u8 *p;

	p = map_puds(self);
	if (!p)
		SKIP(return, "region holds no two GiB");
	ASSERT_NE(MAP_FAILED, p);
	if (have_puds()) {
		EXPECT_GE(2, faults_of_walk(p, 2 * PUD, self->pmd));
	} else {
		/* A fault maps 64 blocks at most */
		EXPECT_LE((long)(2 * PUD / self->pmd / 64), faults_of_walk(p, 2 * PUD, self->pmd));
	}
	munmap(p, 2 * PUD);
}

TEST_F(huge, munmap_inside_a_pud)
{
	struct fault_seen seen;
	u8 *p;

	p = map_marked_puds(self);
	if (!p)
		SKIP(return, "region holds no two GiB");
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, munmap(p + PUD / 4 + self->page, self->page));
	EXPECT_EQ(2 * PUD, first_wrong(p, 2 * PUD, 0));
	EXPECT_EQ(-EFAULT, touch_read(p + PUD / 4 + self->page, 8, NULL, &seen));
	ASSERT_EQ(0, mprotect(p + PUD + self->page, self->page, PROT_READ));
	EXPECT_EQ(2 * PUD, first_wrong(p, 2 * PUD, 0));
	EXPECT_EQ(-EFAULT, touch_write(p + PUD + self->page, 8, 1, &seen));
	munmap(p, 2 * PUD);
}

/*
 * Where a moved entry would not be flushed from the TLB the old address could
 * still be used, after a reset and after munmap() too.
 */
TEST_F(huge, mremap_of_puds)
{
	u64 skews[] = { 0, self->pmd, self->page };
	struct fault_seen seen;
	u8 *room, *p, *q;

	for (unsigned int i = 0; i < 3; i++) {
		p = map_marked_puds(self);
		if (!p)
			SKIP(return, "region holds no two GiB");
		ASSERT_NE(MAP_FAILED, p);
		room = mmap(NULL, 4 * PUD, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		ASSERT_NE(MAP_FAILED, room);
		q = (u8 *)(((u64)room + PUD - 1) & ~(PUD - 1)) + skews[i];
		ASSERT_EQ(q, mremap(p, 2 * PUD, 2 * PUD, MREMAP_MAYMOVE | MREMAP_FIXED, q));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, NULL, &seen)) {
			TH_LOG("the old address still works, skew %#llx",
			       (unsigned long long)skews[i]);
		}
		EXPECT_EQ(2 * PUD, first_wrong(q, 2 * PUD, 0));
		munmap(room, 4 * PUD);
	}
}

TEST_F(huge, fork_with_puds)
{
	pid_t pid;
	u8 *p;

	p = map_marked_puds(self);
	if (!p)
		SKIP(return, "region holds no two GiB");
	ASSERT_NE(MAP_FAILED, p);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (first_wrong(p, 2 * PUD, 0) != 2 * PUD)
			_exit(1);
		munmap(p + self->page, self->page);
		p[2 * self->page] = 0x99;
		_exit(0);
	}
	EXPECT_EQ(0, wait_child(pid, 25000));
	EXPECT_EQ(0x99, p[2 * self->page]);
	EXPECT_EQ(2 * PUD, first_wrong(p, 2 * PUD, 0));
	munmap(p, 2 * PUD);
}

TEST_HARNESS_MAIN
