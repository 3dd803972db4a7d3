// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that a process hits, amd64: mce-inject raises the machine check in the process
 * that writes /dev/mcelog, so this needs a kernel with that file, and the severities of
 * Intel.
 */
#ifdef __x86_64__
#include <asm/mce.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hit.h"

#define MCELOG		"/dev/mcelog"
#define LIMIT_MS	20000

/* arch/x86/include/asm/mce.h: what to inject, and an exception in this process */
#define MCJ_HERE	(0x1 | 0x8)
/* Intel: VAL, UC, EN, MISCV, ADDRV, S, AR, and "data load" */
#define STATUS		0xbd80000000000134ULL
/* Restartable, the error's own address, in progress, of this CPU alone */
#define MCGSTATUS	0xfULL
#define MISC		((2 << 6) | 12)
#define USER_CS		0x33

/* Those of another maker have other severities */
static bool is_intel(void)
{
	char text[4096] = "";
	FILE *info = fopen("/proc/cpuinfo", "re");

	if (!info)
		return false;
	text[fread(text, 1, sizeof(text) - 1, info)] = '\0';
	fclose(info);
	return strstr(text, "GenuineIntel");
}

const char *hit_missing(void)
{
	if (!kernel_has("mcelog") || access(MCELOG, W_OK) || !is_intel())
		return "no machine check can be raised in a process here";
	return NULL;
}

static int log = -1;

int hit_begin(void)
{
	log = open(MCELOG, O_RDONLY | O_CLOEXEC);
	return log < 0 ? -errno : 0;
}

void hit_end(void)
{
	if (log >= 0)
		close(log);
	log = -1;
}

/* The end of the decode chain */
bool hit_told(void)
{
	struct pollfd p = { .fd = log, .events = POLLIN };
	char buf[32 * 1024];

	return poll(&p, 1, LIMIT_MS) == 1 && read(log, buf, sizeof(buf)) > 0;
}

int hit_load(const u64 *phys, int n)
{
	struct mce m = {
		.status = STATUS, .mcgstatus = MCGSTATUS, .misc = MISC, .addr = phys[0],
		.inject_flags = MCJ_HERE, .cs = USER_CS, .bank = 4, .finished = 1,
	};
	cpu_set_t cpus;
	int fd, ret = 0;

	if (n != HIT_RECORDS)
		return -EINVAL;
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return -errno;
	fd = open(MCELOG, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &m, sizeof(m)) != sizeof(m))
		ret = -errno;
	close(fd);
	return ret;
}

/* The exception is said to be in user space, but write() goes on */
void hit_over(void *context)
{
	(void)context;
}
#endif
