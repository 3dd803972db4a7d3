// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a bound function gives its user, in plain words: regions, data by both
 * ways, page-table granularity, first touch and bandwidth beside ordinary
 * memory, a reset, and a memory error. Ends with status 1 as soon as something is not as told.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ghes.h"
#include "poison.h"

#define RW	(PROT_READ | PROT_WRITE)
#define SPAN	(256 * MiB)

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("    NOT AS IT SHOULD BE: ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static const char *human(u64 bytes)
{
	static const char * const unit[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	static char text[4][32];
	static unsigned int slot;
	double value = bytes;
	unsigned int i = 0;
	char *s = text[slot++ % 4];

	while (value >= 1024 && i < 4) {
		value /= 1024;
		i++;
	}
	snprintf(s, sizeof(text[0]), value == (u64)value ? "%.0f %s" : "%.2f %s",
		 value, unit[i]);
	return s;
}

static void show_regions(const struct fn *f)
{
	static const struct {
		unsigned int index;
		const char *what;
	} regions[] = {
		{ VFIO_PCI_BAR0_REGION_INDEX, "the GPU's registers (a real BAR)" },
		{ RESMEM, "reserved memory, write-combining (Normal-NC)" },
		{ USEMEM, "usable memory, cached (write-back)" },
	};

	printf("    %-6s %10s %14s   %s\n", "region", "BAR size", "usable", "what it is");
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int index = regions[i].index;

		printf("    %-6u %10s %14s   %s\n", index,
		       human(f->region[index].size), human(f->usable[index]),
		       regions[i].what);
	}
}

static void check_data(const struct fn *f, unsigned int index, const char *name)
{
	u64 off = (f->usable[index] / 2) & ~(page_size() - 1);
	u8 bytes[3000], back[3000];
	u8 *map = map_plain(f, index, off, 2 * page_size(), RW);

	if (map == MAP_FAILED)
		die("cannot map %s", name);
	pattern_fill(bytes, sizeof(bytes), off, 1);
	memcpy(map + 100, bytes, sizeof(bytes));
	if (rd_all(f, index, back, sizeof(back), off + 100) ||
	    memcmp(bytes, back, sizeof(back)))
		die("%s: read() does not give what was stored through mmap()", name);
	pattern_fill(bytes, sizeof(bytes), off, 2);
	if (wr_all(f, index, bytes, sizeof(bytes), off + 777) ||
	    memcmp(map + 777, bytes, sizeof(bytes)))
		die("%s: mmap() does not show what was written by write()", name);
	munmap(map, 2 * page_size());
	printf("    %-16s stored through mmap(), read back by read(): same bytes.\n"
	       "    %-16s written by write(), seen through mmap(): same bytes.\n",
	       name, "");
}

static void granularity(const struct fn *f, const struct expect *e)
{
	u64 pmd = pmd_size();
	u8 *map;
	long faults;

	map = map_aligned(f, USEMEM, e->use.base, 0, SPAN, pmd, 0, RW);
	if (map == MAP_FAILED)
		die("cannot map usable memory");
	faults = faults_of_walk(map, SPAN, page_size());
	if (faults < 1)
		die("no page fault counted");
	printf("    aligned mapping:    %s touched page by page: %ld page faults, one entry for %s\n",
	       human(SPAN), faults, human(SPAN / faults));
	munmap(map, SPAN);

	map = map_aligned(f, USEMEM, e->use.base, 0, SPAN, pmd, page_size(), RW);
	if (map == MAP_FAILED)
		die("cannot map usable memory");
	faults = faults_of_walk(map, SPAN, page_size());
	printf("    misaligned mapping: %s touched page by page: %ld page faults, each filled in about %s of small pages\n",
	       human(SPAN), faults, human(SPAN / faults));
	munmap(map, SPAN);
}

static double touch_seconds(u8 *map)
{
	double begin = now_s();

	for (u64 i = 0; i < SPAN; i += page_size())
		((volatile u8 *)map)[i] = 1;
	return now_s() - begin;
}

static double copy_rate(u8 *to, const u8 *from)
{
	double begin = now_s();

	memcpy(to, from, SPAN);
	return SPAN / (now_s() - begin) / MiB;
}

static void speed_line(const char *name, u8 *map, u8 *ram)
{
	double touch = touch_seconds(map), store = copy_rate(map, ram);

	printf("    %-34s %10.4f s %12.0f MiB/s %12.0f MiB/s\n", name, touch, store,
	       copy_rate(ram, map));
}

static u8 *ordinary(void)
{
	u8 *map = mmap(NULL, SPAN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		die("no memory");
	return map;
}

/*
 * The emulator gives a machine its memory as it is first written: have that
 * behind us for what is measured.
 */
static void warm_up(const struct fn *f, const struct expect *e)
{
	u8 *map = map_aligned(f, USEMEM, e->use.base, 0, SPAN, pmd_size(), 0, RW);
	u8 *ram = ordinary();

	if (map == MAP_FAILED)
		die("cannot map usable memory");
	memset(map, 0, SPAN);
	memset(ram, 0, SPAN);
	munmap(map, SPAN);
	munmap(ram, SPAN);
}

static void speed(const struct fn *f, const struct expect *e)
{
	u8 *ram = ordinary(), *plain, *map;

	touch_seconds(ram);
	warm_up(f, e);
	plain = ordinary();
	printf("    %-34s %12s %18s %18s\n", human(SPAN), "first touch", "store", "load");
	speed_line("ordinary memory", plain, ram);
	map = map_aligned(f, USEMEM, e->use.base, 0, SPAN, pmd_size(), 0, RW);
	if (map == MAP_FAILED)
		die("cannot map usable memory");
	speed_line("GPU memory, aligned mapping", map, ram);
	munmap(map, SPAN);
	map = map_aligned(f, USEMEM, e->use.base, 0, SPAN, pmd_size(), page_size(), RW);
	if (map == MAP_FAILED)
		die("cannot map usable memory");
	speed_line("GPU memory, misaligned mapping", map, ram);
	munmap(map, SPAN);
	munmap(plain, SPAN);
	munmap(ram, SPAN);
	printf("    (An emulated machine: only the ratios mean something.)\n");
}

static void reset(const struct fn *f)
{
	u8 *map = map_plain(f, USEMEM, 0, page_size(), RW);
	double begin;

	if (map == MAP_FAILED)
		die("cannot map usable memory");
	map[0] = 42;
	if (reset_ioctl(f))
		die("VFIO_DEVICE_RESET failed");
	begin = now_s();
	if (map[0] != 42)
		die("memory is lost");
	printf("    The reset revoked the mapping; the next touch waited until the GPU said that its memory is ready\n"
	       "    again (%.0f ms); then the page was mapped, and held its byte.\n",
	       (now_s() - begin) * 1000);
	munmap(map, page_size());
}

#define BAD_PAGE	1000

/* The bad page and the one before it, each with a word that says which it is */
static u8 *map_bad(const struct fn *f)
{
	u8 *map = map_plain(f, USEMEM, (BAD_PAGE - 1) * page_size(), 2 * page_size(), RW);

	if (map == MAP_FAILED)
		die("cannot map usable memory");
	return map;
}

static void refused(const struct fn *f, const u8 *map)
{
	const u8 *odd = map + page_size() + 0x123;
	const char *why;
	u64 word;
	int ret;

	if (touch_is_poison(odd, 1, &why))
		die("touching the bad page at %p: %s", (void *)odd, why);
	printf("    A touch of %p: SIGBUS, BUS_MCEERR_AR, at that very address.\n",
	       (void *)odd);
	ret = rd(f, USEMEM, &word, sizeof(word), BAD_PAGE * page_size());
	if (ret != -EIO)
		die("read() of the bad page gave %d", ret);
	printf("    read() of that page: %s. The kernel did not touch it: on arm64 it could not survive that.\n",
	       strerror(-ret));
	if (touch_read(map, 8, &word, NULL) || word != 0x600d)
		die("the page beside it is not as it was");
	printf("    The page just before it still holds what was stored there.\n");
}

static void memory_error(const struct fn *f, const struct expect *e)
{
	u64 phys = e->use.base + BAD_PAGE * page_size() + 0x40, begin;
	u8 *map = map_bad(f);
	struct advice told;

	fault_catch();
	if (early_kill(true))
		die("the kernel has no early signals");
	if (touch_write(map, 8, 0x600d, NULL) || touch_write(map + page_size(), 8, 0xbad, NULL))
		die("usable memory cannot be written");
	begin = now_us();
	if (ghes_error(phys, 0, false))
		die("no error could be injected");
	printf("    Firmware reports an uncorrectable error at physical address %#llx (a CPER, by ACPI GHES).\n",
	       (unsigned long long)phys);
	if (!advice_wait(1, POISON_LIMIT_MS))
		die("the process was not told");
	told = advice_get(0);
	if (told.addr != map + page_size() || 1ULL << told.lsb != page_size())
		die("the process was told of another address");
	printf("    The process that maps it, at %p, and wants to know early, has a signal after %.1f ms:\n"
	       "    SIGBUS, BUS_MCEERR_AO, address %p, %s.\n",
	       (void *)map, (told.at_us - begin) / 1000.0, told.addr, human(1ULL << told.lsb));
	if (!poison_wait(e, 1, POISON_LIMIT_MS))
		die("the error was not recorded");
	refused(f, map);
}

static void repaired(const struct fn *f, const struct expect *e)
{
	u8 *map = map_bad(f);
	u64 word;

	if (poison_clear_all(e) || poison_count(e))
		die("the list cannot be cleared");
	if (touch_read(map + page_size(), 8, &word, NULL) || word != 0xbad)
		die("the page is not as it was");
	printf("    The page can be used again.\n");
}

int main(int argc, char **argv)
{
	const char *step = argc > 1 ? argv[1] : "";
	struct expect e;
	struct fn f;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = expect_load(&e);
	if (!ret)
		ret = fn_open(&f, e.bdf);
	if (ret)
		die("cannot open the function: %s", strerror(-ret));

	if (!strcmp(step, "regions")) {
		show_regions(&f);
	} else if (!strcmp(step, "data")) {
		check_data(&f, USEMEM, "usable memory");
		check_data(&f, RESMEM, "reserved memory");
	} else if (!strcmp(step, "granularity")) {
		granularity(&f, &e);
	} else if (!strcmp(step, "speed")) {
		speed(&f, &e);
	} else if (!strcmp(step, "reset")) {
		reset(&f);
	} else if (!strcmp(step, "error")) {
		memory_error(&f, &e);
	} else if (!strcmp(step, "still")) {
		fault_catch();
		refused(&f, map_bad(&f));
	} else if (!strcmp(step, "repaired")) {
		fault_catch();
		repaired(&f, &e);
	} else {
		die("which step? regions, data, granularity, speed, reset, error, still, repaired");
	}
	fn_close(&f);
	return 0;
}
