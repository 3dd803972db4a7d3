// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the ways to the memory of a bound function are, beside a file in
 * tmpfs as the yardstick. Prints a table and judges nothing: numbers of a machine
 * are no test.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "coherent.h"

#define ROUND_NS	150000000ULL	/* how long one line is measured */
#define RW		(PROT_READ | PROT_WRITE)

/*
 * An emulated CPU's TLB has one place for all pages with the same number modulo
 * 64 (QEMU's softmmu; more as it grows): where buffer and memory agree in it,
 * each load and store evicts the other and 1 MiB moves at a twentieth of the
 * speed, tmpfs or device. Addresses are random, so each line is measured with
 * the buffer in two places and the better one counts; they are not a multiple
 * of the walk's steps apart (16 pages and more), so only one of them can agree.
 */
#define BUFFER		(1 << 20)
#define ELSEWHERE	(8 * 4096)

struct target {
	const char *name;
	int fd;
	off_t off;		/* where in the file transfers start ... */
	u64 span;		/* ... and over how many bytes they walk */
};

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Nanoseconds that one transfer of @n bytes takes, with @buf */
static double transfer_once(const struct target *t, bool write, u8 *buf, size_t n)
{
	u64 begin, end, count = 0, pos = 0;
	ssize_t ret;

	begin = now_ns();
	do {
		ret = write ? pwrite(t->fd, buf, n, t->off + pos) :
			      pread(t->fd, buf, n, t->off + pos);
		if (ret != (ssize_t)n)
			die(t->name);
		pos = pos + 2 * n > t->span ? 0 : pos + n;
		count++;
		end = now_ns();
	} while (end - begin < ROUND_NS);
	return (double)(end - begin) / count;
}

/* The same, wherever @buf is */
static double transfer(const struct target *t, bool write, u8 *buf, size_t n)
{
	double here = transfer_once(t, write, buf, n);
	double there = transfer_once(t, write, buf + ELSEWHERE, n);

	return here < there ? here : there;
}

/* Memory that nobody has touched yet costs the host more than the transfer */
static void touch_all(const struct target *t, u8 *buf)
{
	for (u64 pos = 0; pos < t->span; pos += BUFFER) {
		size_t n = t->span - pos < BUFFER ? t->span - pos : BUFFER;

		if (pwrite(t->fd, buf, n, t->off + pos) != (ssize_t)n)
			die(t->name);
	}
}

static void transfers(const struct target *t, u8 *buf)
{
	static const struct {
		const char *name;
		size_t n;
	} sizes[] = {
		{ "64 B", 64 }, { "4 KiB", 4096 }, { "64 KiB", 64 << 10 }, { "1 MiB", BUFFER },
	};
	double ns;

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i].n > t->span)
			continue;
		for (int write = 0; write < 2; write++) {
			/* once for page tables and kernel mappings that come on demand */
			if (write)
				pwrite(t->fd, buf, sizes[i].n, t->off);
			else
				pread(t->fd, buf, sizes[i].n, t->off);
			ns = transfer(t, write, buf, sizes[i].n);
			printf("%-26s %-7s %6s %12.2f us %10.1f MB/s\n", t->name,
			       write ? "pwrite" : "pread", sizes[i].name, ns / 1000,
			       sizes[i].n * 1000.0 / ns);
		}
	}
}

static void touch_line(const char *name, volatile u8 *p, size_t n)
{
	u64 begin = now_ns(), page = page_size(), pages = n / page;
	long faults = faults_of_walk(p, n, page);
	u64 ns = now_ns() - begin;

	printf("%-26s %-7s %6llu %12.2f us %10.3f us/page %ld faults\n", name, "touch",
	       (unsigned long long)(n >> 20), ns / 1000.0, ns / 1000.0 / pages, faults);
}

static void first_touch(const struct fn *f, const struct expect *e, unsigned int index,
			const char *name)
{
	const struct expect_region *r = expect_region(e, index);
	u64 pmd = pmd_size(), off = (pmd - r->base % pmd) % pmd, n;
	char label[64];
	void *p;

	if (off + pmd > r->len)
		return;
	n = (r->len - off) & ~(pmd - 1);
	if (n > 256 * MiB)
		n = 256 * MiB;
	for (u64 skew = 0; skew <= page_size(); skew += page_size()) {
		p = map_aligned(f, index, r->base, off, n, pmd, skew, RW);
		if (p == MAP_FAILED)
			die("mmap");
		snprintf(label, sizeof(label), "%s %s", name, skew ? "misaligned" : "aligned");
		touch_line(label, p, n);
		munmap(p, n);
	}
}

static void config_access(const struct fn *f)
{
	struct target t = {
		"config, fake BAR", f->device,
		at(VFIO_PCI_CONFIG_REGION_INDEX, PCI_BASE_ADDRESS_0 + USEMEM * 4), 4,
	};
	u32 word = 0;

	printf("%-26s %-7s %6s %12.2f us\n", t.name, "pread", "4 B",
	       transfer_once(&t, false, (u8 *)&word, 4) / 1000);
	printf("%-26s %-7s %6s %12.2f us\n", t.name, "pwrite", "4 B",
	       transfer_once(&t, true, (u8 *)&word, 4) / 1000);
}

static void open_close(const struct expect *e)
{
	u64 begin, count = 0;
	struct fn f;

	begin = now_ns();
	do {
		if (fn_open(&f, e->bdf))
			die("open");
		fn_close(&f);
		count++;
	} while (now_ns() - begin < ROUND_NS);
	printf("%-26s %-7s %6s %12.2f us\n", "open + close", "", "",
	       (now_ns() - begin) / 1000.0 / count);
}

static void yardstick(u8 *buf)
{
	struct target t = { .name = "tmpfs file", .span = 32 * MiB };
	void *p;

	t.fd = memfd_create("bench", MFD_CLOEXEC);
	if (t.fd < 0 || ftruncate(t.fd, t.span))
		die("memfd");
	touch_all(&t, buf);
	transfers(&t, buf);
	p = mmap(NULL, t.span, RW, MAP_SHARED, t.fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	touch_line("tmpfs file", p, t.span);
	munmap(p, t.span);
	close(t.fd);
}

static void region(const struct fn *f, const struct expect *e, unsigned int index,
		   const char *name, u8 *buf)
{
	const struct expect_region *r = expect_region(e, index);
	struct target t = { .fd = f->device };
	char label[64];

	if (!r)
		return;
	t.name = name;
	t.off = at(index, 0);
	t.span = r->len < 64 * MiB ? r->len : 64 * MiB;
	touch_all(&t, buf);
	transfers(&t, buf);
	if (r->bar > r->len) {
		snprintf(label, sizeof(label), "%s, unbacked", name);
		t.name = label;
		t.off = at(index, r->len);
		t.span = r->bar - r->len;
		transfers(&t, buf);
	}
	first_touch(f, e, index, name);
}

int main(void)
{
	u8 *buf = aligned_alloc(4096, BUFFER + ELSEWHERE);
	struct expect e;
	struct fn f;
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	ret = expect_load(&e);
	if (ret) {
		fprintf(stderr, "bench: COHERENT_BDF and COHERENT_EXPECT_* do not say what to measure: %s\n",
			strerror(-ret));
		return 1;
	}
	if (!buf)
		die("memory");
	memset(buf, 0x5a, BUFFER + ELSEWHERE);
	ret = fn_open(&f, e.bdf);
	if (ret) {
		fprintf(stderr, "bench: cannot open %s: %s\n", e.bdf, strerror(-ret));
		return 1;
	}
	printf("# %-24s %-7s %6s %15s %15s\n", "what", "how", "size", "each", "");
	yardstick(buf);
	region(&f, &e, USEMEM, "usemem (write-back)", buf);
	region(&f, &e, RESMEM, "resmem (reserved part)", buf);
	config_access(&f);
	fn_close(&f);
	open_close(&e);
	return 0;
}
