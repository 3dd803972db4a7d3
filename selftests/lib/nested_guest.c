// SPDX-License-Identifier: GPL-2.0-only
/* The guest of a machine in the machine, as the programs talk to it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest.h"
#include "nested_guest.h"

/* Flags of a resource in sysfs */
#define RES_MEM		0x200
#define RES_PREFETCH	0x2000
#define RES_MEM_64	0x100000

struct nested m;
char said[2048];
static bool whole = true;	/* nothing has failed so far */

void steps_begin(unsigned int planned)
{
	ksft_set_plan(planned);
}

void step(bool good, const char *name)
{
	if (good) {
		ksft_test_result_pass("%s\n", name);
		return;
	}
	whole = false;
	if (said[0])
		ksft_print_msg("guest: %s\n", said);
	ksft_test_result_fail("%s\n", name);
}

void steps_end(void)
{
	if (!whole && system("sed 's/^/# console: /' " NESTED_CONSOLE " | tail -n 30"))
		ksft_print_msg("no console\n");
	ksft_finished();
}

bool sh(const char *format, ...)
{
	char command[512];
	va_list ap;
	int ret;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	ret = nested_sh(&m, said, sizeof(said), "%s", command);
	if (ret < 0)
		snprintf(said, sizeof(said), "%s: no answer: %s", command, strerror(-ret));
	return !ret;
}

/* A word in every page; in every cache line at both ends, where lengths matter */
u64 step_of(const struct expect_region *r, u64 at)
{
	return at < MiB || at + MiB >= r->len ? 64 : page_size();
}

/* @what all of a region's backed memory, in pieces that guests of any size can map */
static bool memory(const char *program, const char *what, unsigned int bar,
		   const struct expect_region *r, u64 seed)
{
	u64 at = 0, n;

	for (; r->present && at < r->len; at += n) {
		n = at ? 256 * MiB : MiB;
		/* The last MiB apart, as the first */
		if (at + MiB < r->len && at + n + MiB > r->len)
			n = r->len - MiB - at;
		if (n > r->len - at)
			n = r->len - at;
		if (!sh("%s %s " GUEST_BDF " %u %#llx %#llx %#llx %llu", program, what, bar,
			(unsigned long long)at, (unsigned long long)n,
			(unsigned long long)step_of(r, at), (unsigned long long)seed))
			return false;
	}
	return true;
}

bool guest(const char *what, const struct expect *e, u64 seed)
{
	/* What the BARs' driver in a guest does first */
	return sh("echo 1 >" GUEST_DIR "/enable") &&
	       memory("nested_memory", what, 4, &e->use, seed) &&
	       memory("nested_memory", what, 2, &e->res, seed + 1);
}

bool guest_vfio(const char *what, const struct expect *e, u64 seed)
{
	return memory("nested_vfio", what, 4, &e->use, seed) &&
	       memory("nested_vfio", what, 2, &e->res, seed + 1);
}

bool guest_part(const char *what, u64 at, u64 n, u64 seed)
{
	return sh("nested_memory %s " GUEST_BDF " 4 %#llx %#llx 64 %llu", what,
		  (unsigned long long)at, (unsigned long long)n, (unsigned long long)seed);
}

bool guest_bar(unsigned int bar, const struct expect_region *r)
{
	const u64 flags = RES_MEM | RES_PREFETCH | RES_MEM_64;
	unsigned long long from, to, is;

	if (!r->present)
		return true;
	if (!sh("sed -n %up " GUEST_DIR "/resource", bar + 1) ||
	    sscanf(said, "%llx %llx %llx", &from, &to, &is) != 3)
		return false;
	return to - from + 1 == r->bar && (is & flags) == flags && from % r->bar == 0;
}

bool reboots(void)
{
	snprintf(said, sizeof(said), "reboot");
	return !nested_tell(&m, "reboot -f") && !nested_up(&m);
}

bool powers_off(void)
{
	int status;

	snprintf(said, sizeof(said), "poweroff");
	if (nested_tell(&m, "poweroff -f"))
		return false;
	status = nested_wait(&m);
	snprintf(said, sizeof(said), "QEMU ended with status %#x", status);
	return !status;
}

bool silent(void)
{
	snprintf(said, sizeof(said), "%s", nested_complaints());
	return !said[0];
}
