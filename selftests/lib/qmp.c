// SPDX-License-Identifier: GPL-2.0-only
/* The monitor of a machine in the machine: commands and events, a JSON object a line. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nested.h"

/* Read what there is, waiting no longer than until @end; -ETIME, -EPIPE or 0 */
static int hear(struct nested *m, u64 end)
{
	struct pollfd pfd = { .fd = m->qmp, .events = POLLIN };
	u64 now = now_ms();
	ssize_t got;

	if (now >= end || poll(&pfd, 1, end - now) <= 0)
		return -ETIME;
	if (m->heard_len == sizeof(m->heard) - 1)
		m->heard_len = 0;	/* nobody waits for what is as old as that */
	got = read(m->qmp, m->heard + m->heard_len, sizeof(m->heard) - 1 - m->heard_len);
	if (got <= 0)
		return -EPIPE;
	m->heard_len += got;
	m->heard[m->heard_len] = '\0';
	return 0;
}

/* Take the first whole line that holds @a or @b out of what was heard */
static bool take(struct nested *m, const char *a, const char *b, char *line, size_t n)
{
	char *from = m->heard, *to;

	while ((to = memchr(from, '\n', m->heard + m->heard_len - from))) {
		size_t len = to - from, keep = len < n ? len : n - 1;

		*to = '\0';
		if (strstr(from, a) || (b && strstr(from, b))) {
			memcpy(line, from, keep);
			line[keep] = '\0';
			memmove(from, to + 1, m->heard + m->heard_len - to);
			m->heard_len -= len + 1;
			return true;
		}
		*to = '\n';
		from = to + 1;
	}
	return false;
}

static int wait_line(struct nested *m, const char *a, const char *b, char *line, size_t n)
{
	u64 end = now_ms() + nested_limit(m);
	int ret;

	while (!take(m, a, b, line, n)) {
		ret = hear(m, end);
		if (ret)
			return ret;
	}
	return 0;
}

int qmp_command(struct nested *m, const char *json)
{
	char line[1024];
	int ret;

	if (dprintf(m->qmp, "%s\n", json) < 0)
		return -errno;
	/* Answers come in the order of the commands, one at a time is out */
	ret = wait_line(m, "{\"return\"", "{\"error\"", line, sizeof(line));
	if (ret)
		return ret;
	if (!strncmp(line, "{\"error\"", 8)) {
		fprintf(stderr, "# %s\n# -> %s\n", json, line);
		return -EREMOTEIO;
	}
	return 0;
}

int qmp_event(struct nested *m, const char *needle)
{
	char line[1024];

	return wait_line(m, needle, NULL, line, sizeof(line));
}
