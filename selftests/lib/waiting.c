// SPDX-License-Identifier: GPL-2.0-only
/* Conditions with a limit, in place of sleeps. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "coherent.h"

u64 now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000;
}

u64 now_ms(void)
{
	return now_us() / 1000;
}

bool wait_for(bool (*cond)(void *), void *arg, u64 ms)
{
	u64 end = now_ms() + ms;

	while (!cond(arg)) {
		if (now_ms() >= end)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

bool flag_is_set(void *flag)
{
	return atomic_load((atomic_int *)flag);
}

int wait_child(pid_t pid, u64 ms)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	u64 end = now_ms() + ms, now;
	int status, ret;

	if (pidfd < 0)
		return -errno;
	do {
		now = now_ms();
		ret = poll(&pfd, 1, now < end ? end - now : 0);
	} while (ret < 0 && errno == EINTR);
	close(pidfd);
	if (ret != 1)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -errno;
	return ret == 1 ? status : -ETIME;
}

bool task_blocked(pid_t tid)
{
	char path[64], line[512], *p;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	if (sysfs_read(path, line, sizeof(line)))
		return false;
	p = strrchr(line, ')');	/* the name before it may hold anything */
	return p && (p[2] == 'S' || p[2] == 'D');
}
