// SPDX-License-Identifier: GPL-2.0-only
/*
 * From one tenant to the next: what one opener wrote the next one does not see, where
 * that is the policy; sysfs: coherent/scrub, coherent/scrub_progress.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "inject.h"
#include "model.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	30000

/* More takes too long on an emulated machine, and needs as much memory */
#define MOST		(1 * GiB)

static const unsigned int both[] = { USEMEM, RESMEM };

FIXTURE(scrub) {
	struct expect e;
	struct fn f;
	size_t page;
	char before[64];
};

static int set_policy(const char *bdf, const char *policy)
{
	char path[128];

	if (pci_path(path, sizeof(path), bdf, "coherent/scrub"))
		return -ENAMETOOLONG;
	return sysfs_write(path, policy);
}

/* The one in brackets; an empty string is none */
static void get_policy(const char *bdf, char *policy, size_t n)
{
	char path[128], text[64] = "", *begin, *end;

	*policy = '\0';
	if (pci_path(path, sizeof(path), bdf, "coherent/scrub") ||
	    sysfs_read(path, text, sizeof(text)))
		return;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end)
		return;
	*end = '\0';
	snprintf(policy, n, "%s", begin + 1);
}

static int get_progress(const char *bdf, u64 *done, u64 *total)
{
	char path[128], text[64];
	unsigned long long a, b;

	if (pci_path(path, sizeof(path), bdf, "coherent/scrub_progress") ||
	    sysfs_read(path, text, sizeof(text)) || sscanf(text, "%llu %llu", &a, &b) != 2)
		return -EINVAL;
	*done = a;
	*total = b;
	return 0;
}

FIXTURE_SETUP(scrub)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	if (self->e.use.len + self->e.res.len > MOST)
		SKIP(return, "too much memory to clear on this machine");
	get_policy(self->e.bdf, self->before, sizeof(self->before));
	ASSERT_NE('\0', self->before[0]);
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(scrub)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
	if (self->before[0])
		set_policy(self->e.bdf, self->before);
}

/* Words all over a region: in its first and last page, and around each MiB and block */
static int each_word(const struct fn *f, const struct expect_region *r, unsigned int index,
		     bool (*one)(const struct fn *f, unsigned int index, u64 off))
{
	u64 step = r->len / 61 / 8 * 8 + 8;

	for (u64 off = 0; off + 8 <= r->len; off += step)
		if (!one(f, index, off))
			return -EIO;
	return one(f, index, r->len - 8) ? 0 : -EIO;
}

static u64 mark;

static bool write_word(const struct fn *f, unsigned int index, u64 off)
{
	u64 word = mark + off;

	return wr(f, index, &word, 8, off) == 8;
}

static bool is_word(const struct fn *f, unsigned int index, u64 off)
{
	u64 word = 0;

	return rd(f, index, &word, 8, off) == 8 && word == mark + off;
}

static bool is_zero(const struct fn *f, unsigned int index, u64 off)
{
	u64 word = 1;

	if (rd(f, index, &word, 8, off) == 8 && !word)
		return true;
	printf("# region %u offset %#llx: %#llx\n", index, (unsigned long long)off,
	       (unsigned long long)word);
	return false;
}

static int in_both(const struct fn *f, const struct expect *e,
		   bool (*one)(const struct fn *f, unsigned int index, u64 off))
{
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		const struct expect_region *r = expect_region(e, both[k]);
		int ret = r ? each_word(f, r, both[k], one) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

static int write_all(const struct fn *f, const struct expect *e)
{
	mark = now_ms() << 20 | 1;
	return in_both(f, e, write_word);
}

TEST_F_TIMEOUT(scrub, open_clears, 120)
{
	u64 done, total;

	ASSERT_EQ(0, write_all(&self->f, &self->e));
	ASSERT_EQ(0, set_policy(self->e.bdf, "open"));
	/* not while it is open, nor by closing */
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_word));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_zero));
	ASSERT_EQ(0, get_progress(self->e.bdf, &done, &total));
	EXPECT_EQ(self->e.use.len + self->e.res.len, total);
	EXPECT_EQ(total, done);
}

TEST_F_TIMEOUT(scrub, close_clears, 120)
{
	ASSERT_EQ(0, write_all(&self->f, &self->e));
	ASSERT_EQ(0, set_policy(self->e.bdf, "close"));
	fn_close(&self->f);
	/* it was done by closing, so the next open has nothing to do with it */
	ASSERT_EQ(0, set_policy(self->e.bdf, "none"));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_zero));
}

TEST_F_TIMEOUT(scrub, none_leaves_it, 120)
{
	ASSERT_EQ(0, set_policy(self->e.bdf, "none"));
	ASSERT_EQ(0, write_all(&self->f, &self->e));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_word));
	/* it is remembered that it was not: the policy can still be changed */
	fn_close(&self->f);
	ASSERT_EQ(0, set_policy(self->e.bdf, "open"));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_zero));
}

/* What close cannot clear is cleared before the next one sees it */
TEST_F_TIMEOUT(scrub, close_that_cannot, 120)
{
	unsigned int pm = cfg_find_cap(&self->f, PCI_CAP_ID_PM);

	if (!pm)
		SKIP(return, "the function cannot sleep");
	ASSERT_EQ(0, set_policy(self->e.bdf, "close"));
	ASSERT_EQ(0, write_all(&self->f, &self->e));
	ASSERT_EQ(0, cfg_write(&self->f, pm + PCI_PM_CTRL, 2, 3));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_zero));
}

static int clear_poison(const struct expect *e)
{
	char path[128];

	if (pci_path(path, sizeof(path), e->bdf, "coherent/poison_clear"))
		return -ENAMETOOLONG;
	return sysfs_write(path, "all");
}

/* Known poison is not touched, nor does clearing make it good; all around it is cleared */
TEST_F_TIMEOUT(scrub, poison_is_left_out, 120)
{
	u64 bad = 5 * self->page, got = 1;

	ASSERT_EQ(0, write_all(&self->f, &self->e));
	mark = 0x5ec2e7;
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, bad - 8));
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, bad));
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, bad + self->page));
	ASSERT_EQ(0, inject_many(&self->e, bad, 1, 0));
	ASSERT_EQ(0, set_policy(self->e.bdf, "open"));
	fn_close(&self->f);
	EXPECT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, bad));
	EXPECT_TRUE(is_zero(&self->f, USEMEM, bad - 8));
	EXPECT_TRUE(is_zero(&self->f, USEMEM, bad + self->page));
	EXPECT_TRUE(is_zero(&self->f, USEMEM, self->e.use.len - 8));
	EXPECT_EQ(0, clear_poison(&self->e));
	/* nobody has been there: made-up poison shows it */
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, bad));
	EXPECT_EQ(mark, got);
}

static bool is_blocked(void *pid)
{
	return task_blocked(*(pid_t *)pid);
}

/* Who is killed while it waits leaves it to the next one, who gets nothing else */
TEST_F_TIMEOUT(scrub, killed_while_it_waits, 120)
{
	int status;
	pid_t pid;

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for");
	ASSERT_EQ(0, write_all(&self->f, &self->e));
	ASSERT_EQ(0, set_policy(self->e.bdf, "open"));
	/* not ready after the resets of closing and opening; those that come next help */
	ASSERT_EQ(0, block_write(&self->f, TEST_NEED_RESETS, 3));
	fn_close(&self->f);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		fn_open(&self->f, self->e.bdf);
		_exit(7);
	}
	ASSERT_TRUE(wait_for(is_blocked, &pid, LIMIT_MS));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	status = wait_child(pid, LIMIT_MS);
	EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("status %#x", status);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, is_zero));
}

/* What a backend, or the core for memory of the kernel's, has by default */
TEST_F_TIMEOUT(scrub, default_policy, 120)
{
	const char *policy = getenv("COHERENT_SCRUB_DEFAULT");
	const char *expected = getenv("COHERENT_EXPECT_SCRUB");

	if (!policy || !*policy)
		SKIP(return, "nobody has told the default");
	if (!expected || !*expected)
		expected = "none";
	EXPECT_STREQ(expected, policy);
	ASSERT_EQ(0, set_policy(self->e.bdf, policy));
	ASSERT_EQ(0, write_all(&self->f, &self->e));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	EXPECT_EQ(0, in_both(&self->f, &self->e, strcmp(policy, "none") ? is_zero : is_word));
}

TEST_F(scrub, what_is_no_policy)
{
	char now[64];

	EXPECT_EQ(-EINVAL, set_policy(self->e.bdf, "often"));
	EXPECT_EQ(-EINVAL, set_policy(self->e.bdf, "none open"));
	get_policy(self->e.bdf, now, sizeof(now));
	EXPECT_STREQ(self->before, now);
}

TEST_HARNESS_MAIN
