// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shell in a machine in the machine, which guest/nested-init runs: it says "up"
 * when it is there, takes a command a line, and ends what comes of it with a zero
 * byte and the exit status.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nested.h"

/* One byte, or -ETIME, -EPIPE */
static int next(struct nested *m, u64 end)
{
	struct pollfd pfd = { .fd = m->agent, .events = POLLIN };
	u64 now = now_ms();
	unsigned char c;

	if (now >= end || poll(&pfd, 1, end - now) <= 0)
		return -ETIME;
	return read(m->agent, &c, 1) == 1 ? c : -EPIPE;
}

/* What comes before the byte @stop; what does not fit is lost */
static int until(struct nested *m, int stop, char *out, size_t n, u64 end)
{
	size_t have = 0;
	int c;

	for (c = next(m, end); c >= 0 && c != stop; c = next(m, end))
		if (have + 1 < n)
			out[have++] = c;
	if (n)
		out[have] = '\0';
	return c < 0 ? c : 0;
}

int nested_up(struct nested *m)
{
	u64 end = now_ms() + nested_limit(m);
	char line[64];
	int ret;

	do {
		ret = until(m, '\n', line, sizeof(line), end);
	} while (!ret && strcmp(line, "up"));
	return ret;
}

int nested_tell(struct nested *m, const char *command)
{
	return dprintf(m->agent, "%s\n", command) < 0 ? -errno : 0;
}

int nested_sh(struct nested *m, char *out, size_t n, const char *format, ...)
{
	u64 end = now_ms() + nested_limit(m);
	char command[1024], status[16];
	va_list ap;
	int ret;

	va_start(ap, format);
	ret = vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	if (ret < 0 || ret >= (int)sizeof(command))
		return -E2BIG;
	ret = nested_tell(m, command);
	ret = ret ?: until(m, '\0', out, n, end);
	ret = ret ?: until(m, '\n', status, sizeof(status), end);
	return ret ?: atoi(status);
}
