// SPDX-License-Identifier: GPL-2.0-only
/* Kernel messages, from the moment of opening on. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "coherent.h"

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		close(fd);
		return -errno;
	}
	return fd;
}

int kmsg_wait(int fd, const char *needle, int ms, char *line, size_t n)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	u64 end = now_ms() + ms;
	char rec[2048];
	ssize_t len;

	for (;;) {
		len = read(fd, rec, sizeof(rec) - 1);
		if (len < 0 && errno == EPIPE)
			continue;	/* records were overwritten: go on with the next */
		if (len < 0 && errno != EAGAIN)
			return -errno;
		if (len >= 0) {
			rec[len] = '\0';
			if (!strstr(rec, needle))
				continue;
			if (line)
				snprintf(line, n, "%s", rec);
			return 0;
		}
		if (now_ms() >= end)
			return -ETIME;
		poll(&pfd, 1, end - now_ms());
	}
}
