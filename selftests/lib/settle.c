// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where memory_failure() knows of memory without struct page, an error that
 * firmware reports is told to the core twice: by firmware, and some time later by
 * memory_failure(), which hears of it through queues of its own. Whoever clears
 * the page in between has it back. The kernel's trace of memory_failure() says
 * when the second one has come.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settle.h"

#define INSTANCE	"/sys/kernel/tracing/instances/coherent-settle"
#define LIMIT_MS	20000
/* Of the kernel's queue: 16 for each CPU */
#define MAX_DUE		8

static unsigned long due;	/* what the trace will have counted */
static bool counting;

static unsigned long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long n = 0;

	if (at)
		sscanf(at + strlen(name), ": %lu", &n);
	return n;
}

/* Events that were traced, those that the buffer has lost included */
static unsigned long traced(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	char path[96], text[512];
	unsigned long n = 0;

	for (long cpu = 0; cpu < cpus; cpu++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%ld/stats", cpu);
		if (!sysfs_read(path, text, sizeof(text)))
			n += field(text, "entries") + field(text, "overrun");
	}
	return n;
}

static bool none_due(void *arg)
{
	(void)arg;
	return traced() >= due;
}

int settle(void)
{
	return !counting || wait_for(none_due, NULL, LIMIT_MS) ? 0 : -ETIME;
}

int settle_expect(void)
{
	int ret;

	if (!counting) {
		if (mkdir(INSTANCE, 0700) && errno != EEXIST)
			return -errno;
		ret = sysfs_write(INSTANCE "/events/ras/memory_failure_event/enable", "1");
		if (ret)
			return ret;
		due = traced();
		counting = true;
	}
	if (traced() + MAX_DUE <= due) {
		ret = settle();
		if (ret)
			return ret;
	}
	due++;
	return 0;
}
