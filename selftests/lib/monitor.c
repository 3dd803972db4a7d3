// SPDX-License-Identifier: GPL-2.0-only
/*
 * A port of this virtual machine to the monitor of its own QEMU, for errors that hardware
 * makes: a virtserialport of the name below. A program at its other end has agreed with
 * QMP on capabilities; it passes on a command, which is a line, and returns the answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "monitor.h"

#define PORT		"/dev/virtio-ports/coherent.qmp"

bool monitor_is_there(void)
{
	return !access(PORT, W_OK);
}

/* The port takes one opener at a time, and others may want it */
static int open_port(u64 end)
{
	int fd = open(PORT, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	while (fd < 0 && errno == EBUSY && now_ms() < end) {
		poll(NULL, 0, 2);
		fd = open(PORT, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	}
	return fd < 0 ? -errno : fd;
}

/* One line, without its end; 0 or -errno */
static int read_line(int fd, char *line, size_t n, u64 end)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t got;

	while (have < n - 1) {
		u64 now = now_ms();

		if (now >= end)
			return -ETIME;
		if (poll(&pfd, 1, end - now) <= 0)
			continue;
		got = read(fd, line + have, n - 1 - have);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0)
			have += got;
		line[have] = '\0';
		if (have && line[have - 1] == '\n')
			return 0;
	}
	return -EMSGSIZE;
}

int monitor(const char *command, char *answer, size_t n, u64 end)
{
	int fd = open_port(end), ret;

	if (fd < 0)
		return fd;
	ret = write(fd, command, strlen(command)) == (ssize_t)strlen(command) ? 0 : -EIO;
	if (!ret)
		ret = read_line(fd, answer, n, end);
	close(fd);
	return ret;
}
