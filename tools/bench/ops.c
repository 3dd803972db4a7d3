// SPDX-License-Identifier: GPL-2.0-only
/*
 * ops [-t] [PATTERN]: the operations on a bound function that are compared between two
 * drivers, each a fixed number of times, so that a clock that counts instructions says the
 * same each time. A line each: NAME<tab>COUNT<tab>NANOSECONDS. What is the kernel's own part
 * of an operation, and the program's, is the same for both. -t: also those that wait for
 * the device, whose time is not the guest's.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "bench.h"
#include "inject.h"
#include "model.h"
#include "poison.h"

#define BUFFER	(1 * MiB)
#define TOUCHED	(64 * MiB)
#define BAD		100000ULL	/* bad ranges, a page each */
#define READY_MS	200		/* from a reset on */

struct bench {
	struct expect e;
	struct fn f;
	int tmpfs;
	u8 *buf;
};

struct op {
	const char *name;
	unsigned int count;
	/* @count times; nanoseconds without what is prepared, or -errno */
	long long (*run)(struct bench *b, const struct op *op);
	unsigned int index;	/* of the region */
	size_t size;		/* of a transfer */
	bool write;
	u64 skew;		/* of a mapping, against its block */
	bool waits;		/* for the device */
};

/* All of it: a driver may do a part, and be called for the rest */
static int move(int fd, bool write, u8 *buf, size_t n, off_t off)
{
	while (n) {
		ssize_t ret = write ? pwrite(fd, buf, n, off) : pread(fd, buf, n, off);

		if (ret <= 0)
			return ret ? -errno : -EIO;
		buf += ret;
		off += ret;
		n -= ret;
	}
	return 0;
}

/* Over and over, walking through @span bytes */
static long long transfers(int fd, off_t base, u64 span, u8 *buf, const struct op *op)
{
	u64 begin, pos = 0;
	int ret = 0;

	/* Page tables and kernel mappings that are made on demand */
	for (u64 off = 0; !ret && off < span; off += BUFFER)
		ret = move(fd, op->write, buf, op->size, base + off);
	begin = now_ns();
	for (unsigned int i = 0; !ret && i < op->count; i++) {
		ret = move(fd, op->write, buf, op->size, base + pos);
		pos = pos + 2 * op->size > span ? 0 : pos + op->size;
	}
	return ret ?: (long long)(now_ns() - begin);
}

static long long run_region(struct bench *b, const struct op *op)
{
	return transfers(b->f.device, at(op->index, 0), 4 * MiB, b->buf, op);
}

static long long run_tail(struct bench *b, const struct op *op)
{
	const struct expect_region *r = expect_region(&b->e, op->index);

	if (!r || r->bar - r->len < 4 * MiB)
		return -ENODATA;
	return transfers(b->f.device, at(op->index, r->len), 4 * MiB, b->buf, op);
}

static long long run_tmpfs(struct bench *b, const struct op *op)
{
	return transfers(b->tmpfs, 0, 4 * MiB, b->buf, op);
}

static long long run_config(struct bench *b, const struct op *op)
{
	off_t off = at(VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0 + USEMEM * 4);
	u64 begin = now_ns();
	u32 word = 0;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < op->count; i++)
		ret = move(b->f.device, op->write, (u8 *)&word, sizeof(word), off);
	return ret ?: (long long)(now_ns() - begin);
}

static long long run_info(struct bench *b, const struct op *op)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = op->index };
	u64 begin = now_ns();
	int ret = 0;

	for (unsigned int i = 0; !ret && i < op->count; i++) {
		info.argsz = sizeof(info);
		ret = neg(ioctl(b->f.device, VFIO_DEVICE_GET_REGION_INFO, &info));
	}
	return ret ?: (long long)(now_ns() - begin);
}

/*
 * What the cheapest of an operation's turns has taken, for all of them: a timer's tick is
 * as much as a twentieth of some
 */
static u64 fewest(const struct op *op, u64 best, u64 ns)
{
	return best && best < ns * op->count ? best : ns * op->count;
}

/* Each page of a part of the region, mapped as its blocks lie, or skewed against them */
static long long run_touch(struct bench *b, const struct op *op)
{
	const struct expect_region *r = expect_region(&b->e, op->index);
	u64 pmd = pmd_size(), off, best = 0, begin;
	u8 *p;

	if (!r || r->len < TOUCHED + 2 * pmd)
		return -ENODATA;
	off = first_block(r, pmd);
	for (unsigned int i = 0; i < op->count; i++) {
		p = map_aligned(&b->f, op->index, r->base, off, TOUCHED, table_size(),
				op->skew, RW);
		if (p == MAP_FAILED)
			return -errno;
		begin = now_ns();
		faults_of_walk(p, TOUCHED, page_size());
		best = fewest(op, best, now_ns() - begin);
		munmap(p, TOUCHED);
	}
	return best;
}

/* The same, with many bad pages elsewhere in the aperture; where somebody remembers them */
static long long run_touch_beside_bad(struct bench *b, const struct op *op)
{
	const struct expect_region *r = expect_region(&b->e, RESMEM);
	u64 stride = 2 * page_size();
	char path[128];
	long long ns;
	int ret = 0;

	if (access(poison_path(&b->e, "poison_count", path, sizeof(path)), F_OK) || !r ||
	    r->len < BAD * stride)
		return -ENODATA;
	for (u64 n = 0; !ret && n < BAD; n += BAD_AT_ONCE)
		ret = inject_many(&b->e, r->base - b->e.use.base + n * stride, BAD_AT_ONCE,
				  stride);
	ns = ret ?: run_touch(b, op);
	ret = poison_clear_all(&b->e);
	return ret ?: ns;
}

/* All that may be mapped of a region, and each block of it touched */
static long long run_map_all(struct bench *b, const struct op *op)
{
	const struct expect_region *r = expect_region(&b->e, op->index);
	u64 pmd = pmd_size(), begin, best = 0;

	for (unsigned int i = 0; r && i < op->count; i++) {
		u8 *p;

		begin = now_ns();
		p = map_aligned(&b->f, op->index, r->base, 0, r->len, table_size(), 0, RW);
		if (p == MAP_FAILED)
			return -errno;
		faults_of_walk(p, r->len, pmd);
		best = fewest(op, best, now_ns() - begin);
		munmap(p, r->len);
	}
	return r ? (long long)best : -ENODATA;
}

/* Their size in KiB, and no time */
static long long run_page_tables(struct bench *b, const struct op *op)
{
	const struct expect_region *r = expect_region(&b->e, op->index);
	u64 pmd = pmd_size();
	long before = page_tables();
	long long kb;
	u8 *p;

	if (!r)
		return -ENODATA;
	p = map_aligned(&b->f, op->index, r->base, 0, r->len, table_size(), 0, RW);
	if (p == MAP_FAILED)
		return -errno;
	faults_of_walk(p, r->len, pmd);
	kb = page_tables() - before;
	munmap(p, r->len);
	/* In what was there already */
	return kb > 0 ? kb : (long long)page_size() / 1024;
}

/* The first file I/O after a reset; the device is ready at once */
static long long run_after_reset(struct bench *b, const struct op *op)
{
	u64 best = 0, begin;
	int ret;

	for (unsigned int i = 0; i < op->count; i++) {
		ret = reset_ioctl(&b->f);
		if (!ret)
			ret = fn_memory_decode(&b->f, true);
		if (ret)
			return ret;
		begin = now_ns();
		ret = move(b->f.device, op->write, b->buf, op->size, at(op->index, 0));
		best = fewest(op, best, now_ns() - begin);
		if (ret)
			return ret;
	}
	return best;
}

/* The same of a device that takes a while after each reset */
static long long run_after_slow_reset(struct bench *b, const struct op *op)
{
	long long ns;
	int ret;

	ret = block_write(&b->f, TEST_RESET_READY, READY_MS);
	if (ret)
		return ret;
	ns = run_after_reset(b, op);
	ret = block_write(&b->f, TEST_RESET_READY, 0);
	return ret ?: ns;
}

/* Last: it closes the function and opens it again */
static long long run_open_close(struct bench *b, const struct op *op)
{
	u64 begin;
	int ret = 0;

	fn_close(&b->f);
	begin = now_ns();
	for (unsigned int i = 0; !ret && i < op->count; i++) {
		ret = fn_open(&b->f, b->e.bdf);
		if (!ret)
			fn_close(&b->f);
	}
	begin = now_ns() - begin;
	return ret ?: fn_open(&b->f, b->e.bdf) ?: (long long)begin;
}

#define TRANSFER(_name, _run, _index, _count64, _count4k, _count1m)			\
	{ _name " pread 64 B", _count64, _run, _index, 64, false, 0, false },		\
	{ _name " pwrite 64 B", _count64, _run, _index, 64, true, 0, false },		\
	{ _name " pread 4 KiB", _count4k, _run, _index, 4 * KiB, false, 0, false },	\
	{ _name " pwrite 4 KiB", _count4k, _run, _index, 4 * KiB, true, 0, false },	\
	{ _name " pread 1 MiB", _count1m, _run, _index, BUFFER, false, 0, false },	\
	{ _name " pwrite 1 MiB", _count1m, _run, _index, BUFFER, true, 0, false }

static const struct op ops[] = {
	TRANSFER("tmpfs", run_tmpfs, 0, 5000, 2000, 16),
	TRANSFER("cached", run_region, USEMEM, 5000, 2000, 16),
	TRANSFER("WC", run_region, RESMEM, 2000, 200, 2),
	{ "tail pread 1 MiB", 4, run_tail, RESMEM, BUFFER, false, 0, false },
	{ "tail pwrite 1 MiB", 4, run_tail, RESMEM, BUFFER, true, 0, false },
	{ "first touch, aligned", 2, run_touch, USEMEM, 0, false, 0, false },
	{ "first touch, misaligned", 2, run_touch, USEMEM, 0, false, 4 * KiB, false },
	{ "first touch, aligned, 100000 bad ranges", 2, run_touch_beside_bad, USEMEM, 0, false, 0,
	  false },
	{ "map all, touch each block", 32, run_map_all, USEMEM, 0, false, 0, false },
	{ "page tables of all, in KiB", 1, run_page_tables, USEMEM, 0, false, 0, false },
	{ "config dword read", 2000, run_config, 0, 0, false, 0, false },
	{ "config dword write", 2000, run_config, 0, 0, true, 0, false },
	{ "region info", 2000, run_info, USEMEM, 0, false, 0, false },
	{ "pread 64 B after reset", 4, run_after_reset, USEMEM, 64, false, 0, false },
	{ "pread 64 B after reset, ready in 200 ms", 2, run_after_slow_reset, USEMEM, 64, false, 0,
	  true },
	{ "open and close", 4, run_open_close, 0, 0, false, 0, false },
};

/* Where things are mapped decides which page tables they share: the same each time */
static void same_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now & ADDR_NO_RANDOMIZE)
		return;
	personality(now | ADDR_NO_RANDOMIZE);
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	struct bench b = { .tmpfs = memfd_create("bench", MFD_CLOEXEC) };
	bool timed = argc > 1 && !strcmp(argv[1], "-t");
	const char *pattern = argc > 1 + timed ? argv[1 + timed] : "*";
	int ret;

	same_addresses(argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = expect_load(&b.e);
	if (ret) {
		fprintf(stderr, "ops: COHERENT_BDF and COHERENT_EXPECT_* do not say what to measure: %s\n",
			strerror(-ret));
		return 1;
	}
	b.buf = aligned_alloc(4096, BUFFER);
	if (!b.buf || b.tmpfs < 0 || ftruncate(b.tmpfs, 4 * MiB)) {
		fprintf(stderr, "ops: no memory\n");
		return 1;
	}
	memset(b.buf, 0x5a, BUFFER);
	ret = fn_open(&b.f, b.e.bdf);
	if (ret) {
		fprintf(stderr, "ops: cannot open %s: %s\n", b.e.bdf, strerror(-ret));
		return 1;
	}
	for (unsigned int i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		long long ns;

		if (fnmatch(pattern, ops[i].name, 0) || (ops[i].waits && !timed))
			continue;
		settle();
		ns = ops[i].run(&b, &ops[i]);
		if (ns == -ENODATA)
			continue;
		if (ns < 0) {
			fprintf(stderr, "ops: %s: %s\n", ops[i].name, strerror(-ns));
			return 1;
		}
		printf("%s\t%u\t%lld\n", ops[i].name, ops[i].count, ns);
	}
	fn_close(&b.f);
	return 0;
}
