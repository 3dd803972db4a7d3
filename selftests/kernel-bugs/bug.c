// SPDX-License-Identifier: GPL-2.0-only
/* What programs share that provoke bugs of the kernel. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bug.h"

static unsigned int good_ones, bad_ones;

/* A machine may die at any time, and is to have said all by then */
static void say(const char *what, va_list args)
{
	vprintf(what, args);
	putchar('\n');
	fflush(stdout);
}

bool bug_ok(bool good, const char *what, ...)
{
	va_list args;

	if (good)
		good_ones++;
	else
		bad_ones++;
	printf("%sok %u ", good ? "" : "not ", good_ones + bad_ones);
	va_start(args, what);
	say(what, args);
	va_end(args);
	return good;
}

void bug_note(const char *what, ...)
{
	va_list args;

	printf("# ");
	va_start(args, what);
	say(what, args);
	va_end(args);
}

/* A kernel that says nothing must still be looking */
static bool lockdep_is_off(void)
{
	FILE *f = fopen("/proc/lockdep_stats", "re");
	char line[200];
	int on = 1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " debug_locks: %d", &on) == 1)
			break;
	if (f)
		fclose(f);
	return !on;
}

static bool may_be_off;

void bug_without_lockdep(const char *why)
{
	bug_note("lockdep is off from here on: %s", why);
	may_be_off = !lockdep_is_off();
}

int bug_end(void)
{
	if (lockdep_is_off() && !may_be_off)
		bug_ok(false, "lockdep has reported nothing");
	printf("1..%u\n", good_ones + bad_ones);
	return bad_ones || !good_ones;
}

int bug_modprobe(const char *words)
{
	char command[200];

	snprintf(command, sizeof(command), "modprobe %s", words);
	return system(command) ? -EIO : 0;
}

int bug_bind(const char *bdf, const char *module, const char *driver)
{
	int ret = bug_modprobe("vfio_iommu_type1");

	if (!ret)
		ret = bug_modprobe(module);
	if (!ret)
		ret = pci_bind(bdf, driver);
	return ret;
}

int bug_huge_pages(void)
{
	int ret = sysfs_write("/sys/kernel/mm/transparent_hugepage/enabled", "always");

	return ret < 0 ? ret : 0;
}
