// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads copy and fault at a time: neither keeps another one out. No mutex is taken, and
 * no semaphore for writing: probes on the kernel's functions count the calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "trace.h"

#define RW		(PROT_READ | PROT_WRITE)
#define GROUP		"coherent_locks"
#define PROBES		"/sys/kernel/tracing/kprobe_events"
#define MARKER		"/sys/kernel/tracing/trace_marker"
#define MARK		"coherent_mark"
#define FILTER		"/sys/kernel/tracing/events/" GROUP "/filter"
#define TEXT		(1 << 18)
#define ROUNDS		100

/* What sleeps until nobody else has it; the ones that may be killed, too */
static const char * const exclusive[] = {
	"down_write", "down_write_killable", "mutex_lock", "mutex_lock_interruptible",
	"mutex_lock_killable",
};

FIXTURE(fastpath) {
	struct expect e;
	struct fn f;
	size_t page;
	char *text;
	bool probed;
	int marker;
};

FIXTURE_SETUP(fastpath)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	self->text = malloc(TEXT);
	ASSERT_NE(NULL, self->text);
	self->marker = -1;
	fault_catch();
}

FIXTURE_TEARDOWN(fastpath)
{
	char line[96];

	if (self->probed) {
		trace_end(GROUP, self->text, TEXT);
		for (size_t i = 0; i < ARRAY_SIZE(exclusive); i++) {
			snprintf(line, sizeof(line), "-:" GROUP "/%s\n", exclusive[i]);
			sysfs_write(PROBES, line);
		}
	}
	if (self->marker >= 0)
		close(self->marker);
	fn_close_calm(&self->f, &self->e);
	free(self->text);
}

/* What a kernel says of a function that it has not */
static bool is_unknown(int ret)
{
	return ret == -ENOENT || ret == -EINVAL;
}

/* With lockdep some are macros, and the functions have other names */
static int probe_one(const char *name)
{
	static const char * const forms[] = { "%s", "%s_nested", "_%s", "_%s_nested" };
	char line[128], function[64];
	int ret = -ENOENT;

	for (size_t i = 0; is_unknown(ret) && i < ARRAY_SIZE(forms); i++) {
		snprintf(function, sizeof(function), forms[i], name);
		snprintf(line, sizeof(line), "p:" GROUP "/%s %s\n", name, function);
		ret = sysfs_write(PROBES, line);
	}
	return ret;
}

/* This thread's calls, from trace_begin() on */
static int probe(void)
{
	char line[64];
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(exclusive); i++)
		ret = probe_one(exclusive[i]);
	snprintf(line, sizeof(line), "common_pid == %d", (int)gettid());
	return ret ?: sysfs_write(FILTER, line);
}

#define NEED_PROBES(self)							\
	do {									\
		if (access(PROBES, F_OK))					\
			SKIP(return, "this kernel has no probes");		\
		(self)->probed = true;						\
		ASSERT_EQ(0, probe());						\
		(self)->marker = open(MARKER, O_WRONLY | O_CLOEXEC);		\
		ASSERT_LE(0, (self)->marker);					\
	} while (0)

/*
 * Turning probes on and off takes locks, and so does opening a file: only what is between
 * two marks counts
 */
static int mark(int marker)
{
	return write(marker, MARK, strlen(MARK)) < 0 ? -errno : 0;
}

/* How many locks were taken between the marks; -1 without both */
static int locks(const char *trace)
{
	const char *at = strstr(trace, MARK), *end = at ? strstr(at + 1, MARK) : NULL;
	int n = 0;

	while (end && (at = strchr(at + 1, '\n')) && at < end)
		n++;
	/* Each line is a lock but the last, which has the mark */
	return end ? n - 1 : -1;
}

static int copies(struct fn *f, unsigned int index, size_t size, u8 *buf)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (rd(f, index, buf, size, i * size) != (ssize_t)size ||
		    wr(f, index, buf, size, i * size) != (ssize_t)size)
			return -EIO;
	}
	return 0;
}

TEST_F(fastpath, copies_take_no_exclusive_lock)
{
	bool both = self->e.res.present;
	u8 buf[64];

	NEED_PROBES(self);
	/* Kernel mappings and page tables are made on demand, once */
	ASSERT_EQ(0, copies(&self->f, USEMEM, sizeof(buf), buf));
	ASSERT_EQ(0, both ? copies(&self->f, RESMEM, sizeof(buf), buf) : 0);
	ASSERT_EQ(0, trace_begin(GROUP));
	ASSERT_EQ(0, mark(self->marker));
	EXPECT_EQ(0, copies(&self->f, USEMEM, sizeof(buf), buf));
	EXPECT_EQ(0, both ? copies(&self->f, RESMEM, sizeof(buf), buf) : 0);
	ASSERT_EQ(0, mark(self->marker));
	ASSERT_EQ(0, trace_end(GROUP, self->text, TEXT));
	EXPECT_EQ(0, locks(self->text)) TH_LOG("%s", self->text);
}

/*
 * A page in each block, as huge entries or (@skew) small ones: at least a fault for 64
 * blocks, or for each
 */
static void faults(struct __test_metadata *_metadata, struct _test_data_fastpath *self,
		   u64 skew, u64 for_blocks)
{
	u64 pmd = pmd_size(), n = self->e.use.len / pmd;
	u64 off = first_block(&self->e.use, pmd);
	long least;
	u8 *p;

	n = n > 33 ? 32 : n - 1;
	ASSERT_LT(0, n);
	least = (n + for_blocks - 1) / for_blocks;
	/* The first time memory for page tables may have to be found */
	for (int again = 0; again < 2; again++) {
		p = map_aligned(&self->f, USEMEM, self->e.use.base, off, n * pmd, pmd, skew, RW);
		ASSERT_NE(MAP_FAILED, p);
		if (again) {
			ASSERT_EQ(0, trace_begin(GROUP));
			ASSERT_EQ(0, mark(self->marker));
		}
		EXPECT_LE(least, faults_of_walk(p, n * pmd, pmd));
		if (again) {
			ASSERT_EQ(0, mark(self->marker));
			ASSERT_EQ(0, trace_end(GROUP, self->text, TEXT));
		}
		munmap(p, n * pmd);
	}
	EXPECT_EQ(0, locks(self->text)) TH_LOG("%s", self->text);
}

TEST_F(fastpath, small_faults_take_no_exclusive_lock)
{
	if (self->e.use.len < 3 * pmd_size())
		SKIP(return, "region holds no three whole blocks");
	NEED_PROBES(self);
	faults(_metadata, self, self->page, 1);
}

TEST_F(fastpath, huge_faults_take_no_exclusive_lock)
{
	if (self->e.use.len < 3 * pmd_size())
		SKIP(return, "region holds no three whole blocks");
	NEED_PROBES(self);
	faults(_metadata, self, 0, 64);
}

/* Otherwise the counts above say nothing */
TEST_F(fastpath, a_reset_takes_exclusive_locks)
{
	if (self->e.no_reset)
		SKIP(return, "cannot be reset");
	NEED_PROBES(self);
	ASSERT_EQ(0, trace_begin(GROUP));
	ASSERT_EQ(0, mark(self->marker));
	EXPECT_EQ(0, reset_ioctl(&self->f));
	ASSERT_EQ(0, mark(self->marker));
	ASSERT_EQ(0, trace_end(GROUP, self->text, TEXT));
	EXPECT_LT(0, locks(self->text));
}

TEST_HARNESS_MAIN
