// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person sees of a device that does not do what he expects: trace events, and the
 * state page in debugfs.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "inject.h"
#include "model.h"
#include "poison.h"
#include "trace.h"

#define RW		(PROT_READ | PROT_WRITE)
#define EVENTS		"coherent_vfio"
#define TEXT		(1 << 16)

FIXTURE(observe) {
	struct expect e;
	struct fn f;
	size_t page;
	char *text;
};

FIXTURE_SETUP(observe)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	self->text = malloc(TEXT);
	ASSERT_NE(NULL, self->text);
	fault_catch();
}

FIXTURE_TEARDOWN(observe)
{
	trace_end(EVENTS, self->text, TEXT);
	fn_close_calm(&self->f, &self->e);
	free(self->text);
}

/* ---- trace events ---- */

/* How often has the event, of this function, been traced with what @fmt says? */
static int traced(const char *trace, const struct expect *e, const char *event,
		  const char *fmt, ...)
{
	char head[64], rest[160];
	const char *at = trace;
	va_list args;
	int n = 0;

	va_start(args, fmt);
	vsnprintf(rest, sizeof(rest), fmt, args);
	va_end(args);
	snprintf(head, sizeof(head), " %s: %s ", event, e->bdf);
	while ((at = strstr(at, head))) {
		const char *end = strchr(at, '\n');
		const char *found = strstr(at, rest);

		n += found && (!end || found < end);
		at += strlen(head);
	}
	return n;
}

TEST_F(observe, trace_of_a_fault)
{
	struct fault_seen seen;
	u64 got;
	u8 *p;

	p = map_plain(&self->f, USEMEM, self->page, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, trace_begin(EVENTS));
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	ASSERT_EQ(0, trace_end(EVENTS, self->text, TEXT));
	EXPECT_EQ(1, traced(self->text, &self->e, "coherent_fault",
			    "region=%u address=0x%lx pfn=0x%llx order=0 result=NOPAGE", USEMEM,
			    (unsigned long)p, (self->e.use.base + self->page) / self->page))
		TH_LOG("%s", self->text);
	munmap(p, self->page);
}

TEST_F(observe, trace_of_file_io)
{
	u64 word = 1;

	ASSERT_EQ(0, trace_begin(EVENTS));
	EXPECT_EQ(8, wr(&self->f, USEMEM, &word, 8, 24));
	EXPECT_EQ(4, rd(&self->f, USEMEM, &word, 4, 32));
	EXPECT_EQ(-EFAULT, rd(&self->f, USEMEM, NULL, 4, 40));
	ASSERT_EQ(0, trace_end(EVENTS, self->text, TEXT));
	EXPECT_EQ(1, traced(self->text, &self->e, "coherent_copy",
			    "region=%u write offset=0x18 count=0x8 result=8\n", USEMEM));
	EXPECT_EQ(1, traced(self->text, &self->e, "coherent_copy",
			    "region=%u read offset=0x20 count=0x4 result=4\n", USEMEM));
	EXPECT_EQ(1, traced(self->text, &self->e, "coherent_copy",
			    "region=%u read offset=0x28 count=0x4 result=%d\n", USEMEM, -EFAULT))
		TH_LOG("%s", self->text);
}

TEST_F_TIMEOUT(observe, trace_of_a_reset, 60)
{
	u64 got;

	if (self->e.no_reset)
		SKIP(return, "cannot be reset");
	ASSERT_EQ(0, trace_begin(EVENTS));
	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	ASSERT_EQ(0, trace_end(EVENTS, self->text, TEXT));
	EXPECT_LE(1, traced(self->text, &self->e, "coherent_gate",
			    "event=reset_begins shut=reset readiness=to_be_seen"));
	EXPECT_LE(1, traced(self->text, &self->e, "coherent_revoke", "first_pfn=0x0 "));
	EXPECT_LE(1, traced(self->text, &self->e, "coherent_gate",
			    "event=reset_ends shut= readiness=to_be_seen"));
	EXPECT_EQ(1, traced(self->text, &self->e, "coherent_ready", "answer=0\n"))
		TH_LOG("%s", self->text);
}

TEST_F_TIMEOUT(observe, trace_of_a_wait, 60)
{
	u64 got;

	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for, or no reset");
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 100));
	ASSERT_EQ(0, trace_begin(EVENTS));
	/* The way there may take longer than the device does */
	do {
		ASSERT_EQ(0, reset_ioctl(&self->f));
		EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
		ASSERT_EQ(0, text_read("/sys/kernel/tracing/trace", self->text, TEXT));
		ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY,
					 2 * block_read(&self->f, TEST_RESET_READY)));
	} while (!traced(self->text, &self->e, "coherent_ready", "answer=%d\n", -EAGAIN));
	ASSERT_EQ(0, trace_end(EVENTS, self->text, TEXT));
	EXPECT_LE(1, traced(self->text, &self->e, "coherent_ready", "answer=0\n"));
}

/* ---- the state page ---- */

static int state(const struct expect *e, char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/coherent-vfio/%s/state", e->bdf);
	return text_read(path, text, TEXT);
}

static bool says(const char *text, const char *fmt, ...)
{
	char line[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	return strstr(text, line);
}

TEST_F_TIMEOUT(observe, state_of_the_gate, 60)
{
	u64 got;

	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	ASSERT_EQ(0, state(&self->e, self->text));
	EXPECT_TRUE(says(self->text, "gate:       open\n")) TH_LOG("%s", self->text);
	EXPECT_TRUE(says(self->text, "function:   memory decoding on, awake\n"));
	EXPECT_TRUE(says(self->text, "readiness:  seen since the last event\n"));

	ASSERT_EQ(0, fn_memory_decode(&self->f, false));
	ASSERT_EQ(0, state(&self->e, self->text));
	EXPECT_TRUE(says(self->text, "memory decoding off")) TH_LOG("%s", self->text);
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));

	if (!self->e.no_reset) {
		ASSERT_EQ(0, reset_ioctl(&self->f));
		ASSERT_EQ(0, state(&self->e, self->text));
		EXPECT_TRUE(says(self->text, "gate:       open\n"));
		EXPECT_TRUE(says(self->text, "readiness:  not seen since the last event, "))
			TH_LOG("%s", self->text);
	}

	fn_close(&self->f);
	ASSERT_EQ(0, state(&self->e, self->text));
	EXPECT_TRUE(says(self->text, "gate:       shut: closed\n")) TH_LOG("%s", self->text);
	EXPECT_FALSE(says(self->text, "memory decoding"));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
}

TEST_F(observe, state_of_the_memory)
{
	const struct expect_region *use = expect_region(&self->e, USEMEM);

	ASSERT_EQ(0, state(&self->e, self->text));
	EXPECT_TRUE(says(self->text, "region %u:   ", USEMEM)) TH_LOG("%s", self->text);
	EXPECT_TRUE(says(self->text, "base 0x%llx, usable length 0x%llx, BAR size ",
			 (unsigned long long)use->base, (unsigned long long)use->len));
	EXPECT_TRUE(says(self->text, "poison:     0 bad pages, policy "));
	EXPECT_TRUE(says(self->text, "dma-bufs:   0\n"));
	if (inject_impossible(BY_DEBUGFS))
		return;
	ASSERT_EQ(0, inject_many(&self->e, 4 * self->page, 1, 0));
	EXPECT_EQ(0, state(&self->e, self->text));
	EXPECT_TRUE(says(self->text, "poison:     1 bad pages, policy ")) TH_LOG("%s", self->text);
	ASSERT_EQ(0, poison_clear_all(&self->e));
}

TEST_HARNESS_MAIN
