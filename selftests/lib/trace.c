// SPDX-License-Identifier: GPL-2.0-only
/* Trace events, by tracefs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "coherent.h"
#include "trace.h"

#define TRACING	"/sys/kernel/tracing"

int text_read(const char *path, char *text, size_t n)
{
	FILE *file = fopen(path, "re");
	size_t got;

	if (!file)
		return -errno;
	got = fread(text, 1, n - 1, file);
	fclose(file);
	text[got] = '\0';
	return 0;
}

static int trace_enable(const char *events, const char *on)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "/events/%s/enable", events);
	return sysfs_write(path, on);
}

int trace_begin(const char *events)
{
	/* It is opening the file like this that clears it; what is written says nothing */
	int fd = open(TRACING "/trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return trace_enable(events, "1");
}

int trace_end(const char *events, char *text, size_t n)
{
	int ret = trace_enable(events, "0");

	return ret ?: text_read(TRACING "/trace", text, n);
}
