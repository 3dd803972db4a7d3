// SPDX-License-Identifier: GPL-2.0-only
/* Memory errors told by debugfs, a machine check, or the memory manager. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ghes.h"
#include "inject.h"
#include "settle.h"

#define HARD_OFFLINE	"/sys/devices/system/memory/hard_offline_page"
#define MCE_INJECT	"/sys/kernel/debug/mce-inject"

/* IA32_MCi_STATUS and IA32_MCi_MISC */
#define MCE_VALID	(1ULL << 63)
#define MCE_UNCORRECTED	(1ULL << 61)
#define MCE_ENABLED	(1ULL << 60)
#define MCE_MISC_VALID	(1ULL << 59)
#define MCE_ADDR_VALID	(1ULL << 58)
#define MCE_SIGNALLED	(1ULL << 56)
#define MCE_SCRUBBER	0xc0		/* Intel: memory scrubbing, channel 0 */
#define MCE_BANK	4		/* AMD: the northbridge ... */
#define MCE_ECC		(8ULL << 16)	/* ... and its ECC error */
#define MCE_PHYSICAL	(2 << 6)	/* what kind of address it is */

const char * const inject_name[INJECT_SOURCES] = {
	[BY_DEBUGFS] = "debugfs", [BY_GHES] = "ghes", [BY_MCE] = "mce", [BY_OFFLINE] = "offline",
	[BY_ARM] = "arm",
};

static bool listed(const char *name)
{
	const char *list = getenv("COHERENT_INJECT");
	size_t n = strlen(name), len;

	for (; list && *list; list += len + (list[len] != '\0')) {
		len = strcspn(list, " ");
		if (len == n && !strncmp(list, name, n))
			return true;
	}
	return false;
}

const char *inject_impossible(enum inject_by by)
{
	return listed(inject_name[by]) ? NULL : "errors do not come that way here";
}

enum inject_by inject_foreign(void)
{
	for (unsigned int by = BY_DEBUGFS + 1; by < INJECT_SOURCES; by++)
		if (listed(inject_name[by]))
			return by;
	return BY_DEBUGFS;
}

int inject_text(const struct expect *e, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/coherent-vfio/%s/inject_poison", e->bdf);
	return sysfs_write(path, text);
}

int inject_many(const struct expect *e, u64 off, u64 count, u64 stride)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "%#llx", (unsigned long long)off);

	if (count)
		n += snprintf(text + n, sizeof(text) - n, " %llu", (unsigned long long)count);
	if (count && stride)
		snprintf(text + n, sizeof(text) - n, " %llu", (unsigned long long)stride);
	return inject_text(e, text);
}

/*
 * The memory manager takes a process that asks for this to be the one that
 * stepped on the error: have it done by somebody who maps nothing.
 */
static int offline(u64 phys)
{
	char text[32];
	int status;
	pid_t pid;

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)phys);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		execl("/bin/sh", "sh", "-c", "echo \"$1\" >" HARD_OFFLINE " 2>/dev/null", "sh",
		      text, NULL);
		_exit(127);
	}
	status = wait_child(pid, 10000);
	if (status < 0)
		return status;
	/* It answers as it likes about memory that it knows nothing of */
	return WIFEXITED(status) && WEXITSTATUS(status) != 127 ? 0 : -EIO;
}

static int mce_set(const char *file, u64 val)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), MCE_INJECT "/%s", file);
	snprintf(text, sizeof(text), "%#llx", (unsigned long long)val);
	return sysfs_write(path, text);
}

static int mce(u64 phys, unsigned int shift, bool corrected)
{
	u64 status = MCE_VALID | MCE_ENABLED | MCE_MISC_VALID | MCE_ADDR_VALID | MCE_ECC |
		     MCE_SCRUBBER;
	int ret;

	if (!corrected)
		status |= MCE_UNCORRECTED | MCE_SIGNALLED;
	/* "sw": told to those who decode, and not raised */
	ret = sysfs_write(MCE_INJECT "/flags", "sw\n");
	if (!ret)
		ret = mce_set("cpu", 0);
	if (!ret)
		ret = mce_set("status", status);
	if (!ret)
		ret = mce_set("addr", phys);
	if (!ret)
		ret = mce_set("misc", MCE_PHYSICAL | shift);
	return ret ? ret : mce_set("bank", MCE_BANK);
}

/* AMD's machine checks do not say how much around an address is bad */
static bool mce_has_width(void)
{
	char line[256];
	bool amd = false;
	FILE *info = fopen("/proc/cpuinfo", "re");

	while (info && fgets(line, sizeof(line), info))
		amd |= strstr(line, "AuthenticAMD") || strstr(line, "HygonGenuine");
	if (info)
		fclose(info);
	return !amd;
}

static unsigned int page_shift(void)
{
	return __builtin_ctzll(page_size());
}

/* Where memory_failure() knows of such memory, it is told what firmware tells */
static int expect_second_report(const struct expect *e, u64 phys)
{
	if (!listed(inject_name[BY_OFFLINE]) || phys - e->use.base >= e->use.len + e->res.len)
		return 0;
	return settle_expect();
}

static int ghes(const struct expect *e, u64 phys, u64 mask)
{
	int ret = expect_second_report(e, phys);

	return ret ? ret : ghes_error(phys, mask, false);
}

static int arm(const struct expect *e, u64 phys)
{
	int ret = expect_second_report(e, phys);

	return ret ? ret : ghes_arm_error(phys, false);
}

int inject_error(const struct expect *e, enum inject_by by, u64 phys)
{
	switch (by) {
	case BY_DEBUGFS:
		return inject_many(e, phys - e->use.base, 0, 0);
	case BY_GHES:
		return ghes(e, phys, 0);
	case BY_ARM:
		return arm(e, phys);
	case BY_MCE:
		return mce(phys, page_shift(), false);
	default:
		return offline(phys);
	}
}

bool inject_has_width(enum inject_by by)
{
	return by == BY_GHES || (by == BY_MCE && mce_has_width());
}

int inject_wide(const struct expect *e, enum inject_by by, u64 phys, unsigned int shift)
{
	u64 mask = ~((1ULL << shift) - 1);

	switch (by) {
	case BY_GHES:
		return ghes(e, phys, mask);
	case BY_MCE:
		return mce_has_width() ? mce(phys, shift, false) : -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}

int inject_corrected(const struct expect *e, enum inject_by by, u64 phys)
{
	(void)e;
	switch (by) {
	case BY_GHES:
		return ghes_error(phys, 0, true);
	case BY_ARM:
		return ghes_arm_error(phys, true);
	case BY_MCE:
		return mce(phys, page_shift(), true);
	default:
		return -EOPNOTSUPP;
	}
}
