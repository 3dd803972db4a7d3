// SPDX-License-Identifier: GPL-2.0-only
/* Allocations that fail on purpose. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failnth.h"

#define DEBUG	"/sys/kernel/debug/"

static int setting(const char *path, const char *value)
{
	int ret = sysfs_write(path, value);

	return ret < 0 ? ret : 0;
}

int failnth_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int failnth_all(void)
{
	int ret = setting(DEBUG "failslab/ignore-gfp-wait", "N");

	if (!ret)
		ret = setting(DEBUG "fail_page_alloc/ignore-gfp-wait", "N");
	return ret ? ret : setting(DEBUG "fail_page_alloc/min-order", "0");
}

#define STACK_ROOM	(64 * 1024)

/*
 * The calls between arming and disarming use the stack. A page table that they are the
 * first to need could be the allocation that fails, in a fault of this program's own.
 */
static void __attribute__((noinline)) populate_stack(void)
{
	volatile char room[STACK_ROOM];

	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

void failnth_arm(int nth, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	populate_stack();
	if (pwrite(nth, text, len, 0) != len)
		abort();
}

bool failnth_disarm(int nth)
{
	char text[16] = "";
	ssize_t len = pread(nth, text, sizeof(text) - 1, 0);

	if (len <= 0)
		abort();
	failnth_arm(nth, 0);
	return atoi(text) == 0;
}

/* Calls @fn for each kworker; it may be gone any time */
static int each_worker(int (*fn)(const char *pid, void *arg), void *arg)
{
	DIR *proc = opendir("/proc");
	char path[300], name[64];
	struct dirent *entry;
	int ret = 0;

	if (!proc)
		return -errno;
	while (ret >= 0 && (entry = readdir(proc))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (!sysfs_read(path, name, sizeof(name)) && !strncmp(name, "kworker/", 8))
			ret = fn(entry->d_name, arg);
	}
	closedir(proc);
	return ret < 0 ? ret : 0;
}

static int arm_worker(const char *pid, void *n)
{
	char path[64], text[16];
	int ret;

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	snprintf(text, sizeof(text), "%d", *(int *)n);
	ret = setting(path, text);
	return ret == -ENOENT || ret == -ESRCH ? 0 : ret;
}

int failnth_arm_workers(int n)
{
	return each_worker(arm_worker, &n);
}

static int look_at_worker(const char *pid, void *failed)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	if (!sysfs_read(path, text, sizeof(text)) && !atoi(text))
		*(int *)failed = 1;
	return 0;
}

int failnth_disarm_workers(void)
{
	int failed = 0, none = 0, ret;

	ret = each_worker(look_at_worker, &failed);
	if (!ret)
		ret = each_worker(arm_worker, &none);
	return ret ? ret : failed;
}

struct symbol {
	u64 addr;
	char name[128];
};

static int compare_symbols(const void *a, const void *b)
{
	u64 x = ((const struct symbol *)a)->addr, y = ((const struct symbol *)b)->addr;

	return x < y ? -1 : x > y;
}

/* A module's functions in the order of their addresses: how many, or an error */
static int module_functions(const char *module, struct symbol **functions)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	struct symbol symbol;
	char line[512], type, owner[64];
	int n = 0;

	*functions = NULL;
	if (!symbols)
		return -errno;
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%llx %c %127s [%63[^]]", (unsigned long long *)&symbol.addr,
			   &type, symbol.name, owner) != 4 ||
		    strcmp(owner, module) || (type != 't' && type != 'T'))
			continue;
		*functions = realloc(*functions, (n + 1) * sizeof(symbol));
		if (!*functions)
			abort();
		(*functions)[n++] = symbol;
	}
	fclose(symbols);
	if (n)
		qsort(*functions, n, sizeof(symbol), compare_symbols);
	return n;
}

/* The last function of a module is over within this */
#define LAST_FUNCTION	256

/*
 * From where to where a module's code goes. Modules stand close together, and
 * what /proc/modules says of their size counts their data, too.
 */
static int module_text(const char *module, u64 *start, u64 *end)
{
	struct symbol *functions;
	int n = module_functions(module, &functions);

	if (n > 0) {
		*start = functions[0].addr;
		*end = functions[n - 1].addr + LAST_FUNCTION;
	}
	free(functions);
	return n > 0 ? 0 : n ?: -EINVAL;
}

/* From where to where one function of a module goes: up to the next */
static int function_text(const char *module, const char *function, u64 *start, u64 *end)
{
	struct symbol *functions;
	int n = module_functions(module, &functions), i = 0, next;

	while (i < n && strcmp(functions[i].name, function))
		i++;
	if (i < n) {
		*start = functions[i].addr;
		*end = *start + LAST_FUNCTION;
		/* It may have more than one name */
		for (next = i + 1; next < n && functions[next].addr == *start; next++)
			;
		if (next < n)
			*end = functions[next].addr;
	}
	free(functions);
	return i < n ? 0 : n < 0 ? n : -ENOENT;
}

/* The same for one of the kernel's own, which are there in the order of their addresses */
static int kernel_text(const char *function, u64 *start, u64 *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], type, name[128];
	bool found = false;
	u64 addr;

	if (!symbols)
		return -errno;
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%llx %c %127s", (unsigned long long *)&addr, &type, name) != 3)
			continue;
		if (!found && !strcmp(name, function)) {
			found = true;
			*start = addr;
			*end = addr + LAST_FUNCTION;
		} else if (found && addr != *start) {
			*end = addr;
			break;
		}
	}
	fclose(symbols);
	return found ? 0 : -ENOENT;
}

/* "reject" or "require" failures where [@start, @end) is among the callers */
static int filter_callers(const char *how, u64 start, u64 end, int depth)
{
	static const char * const attrs[] = { "failslab", "fail_page_alloc" };
	char path[128], text[32];
	int ret = 0;

	for (unsigned int i = 0; i < 2 && !ret; i++) {
		snprintf(path, sizeof(path), DEBUG "%s/stacktrace-depth", attrs[i]);
		snprintf(text, sizeof(text), "%d", depth);
		ret = setting(path, text);
		if (ret)
			break;
		snprintf(path, sizeof(path), DEBUG "%s/%s-start", attrs[i], how);
		snprintf(text, sizeof(text), "%#llx", (unsigned long long)start);
		ret = setting(path, text);
		if (ret)
			break;
		snprintf(path, sizeof(path), DEBUG "%s/%s-end", attrs[i], how);
		snprintf(text, sizeof(text), "%#llx", (unsigned long long)end);
		ret = setting(path, text);
	}
	return ret;
}

int failnth_spare_vfio_groups(bool spare)
{
	u64 start = 0, end = 0;
	int ret = spare ? function_text("vfio", "vfio_create_group", &start, &end) : 0;

	return ret ? ret : filter_callers("reject", start, end, FAILNTH_DEEPEST);
}

int failnth_only(const char *module, int depth)
{
	u64 start = 0, end = ~0ULL;
	int ret = module ? module_text(module, &start, &end) : 0;

	return ret ? ret : filter_callers("require", start, end, depth);
}

int failnth_only_at_load(void)
{
	u64 start, end;
	int ret = kernel_text("do_one_initcall", &start, &end);

	return ret ? ret : filter_callers("require", start, end, FAILNTH_DEEPEST);
}

int failnth_only_in(const char *function)
{
	u64 start = 0, end = ~0ULL;
	int ret = function ? kernel_text(function, &start, &end) : 0;

	return ret ? ret : filter_callers("require", start, end, FAILNTH_DEEPEST);
}

int failnth_whoever(int times)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%d", times);
	ret = setting(DEBUG "failslab/times", text);
	return ret ? ret : setting(DEBUG "failslab/probability", times ? "100" : "0");
}

int failnth_left(void)
{
	char text[32];
	int ret = sysfs_read(DEBUG "failslab/times", text, sizeof(text));

	return ret < 0 ? ret : atoi(text);
}
