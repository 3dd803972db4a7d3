// SPDX-License-Identifier: GPL-2.0-only
/*
 * File I/O on the fake regions at every boundary. The same rules hold for both
 * memory types and for the part that is not backed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "region_fixture.h"

TEST_F(region, zero_length)
{
	u8 b = 0x5a;

	EXPECT_EQ(0, rd(&self->f, self->i, &b, 0, 0));
	EXPECT_EQ(0, wr(&self->f, self->i, &b, 0, 0));
	EXPECT_EQ(0, rd(&self->f, self->i, &b, 0, self->len - 1));
	EXPECT_EQ(0, wr(&self->f, self->i, NULL, 0, self->bar - 1));
	EXPECT_EQ(0x5a, b);
}

TEST_F(region, first_and_last_byte)
{
	static const u64 vals[] = { 0x00, 0xa5, 0xff };
	u8 b;

	for (unsigned int i = 0; i < ARRAY_SIZE(vals); i++) {
		b = vals[i];
		ASSERT_EQ(1, wr(&self->f, self->i, &b, 1, 0));
		b ^= 0x11;
		ASSERT_EQ(1, wr(&self->f, self->i, &b, 1, self->len - 1));
		ASSERT_EQ(1, rd(&self->f, self->i, &b, 1, 0));
		EXPECT_EQ(vals[i], b);
		ASSERT_EQ(1, rd(&self->f, self->i, &b, 1, self->len - 1));
		EXPECT_EQ(vals[i] ^ 0x11, b);
	}
}

/* Any offset, any length: the bytes asked for move, their neighbours do not */
TEST_F_TIMEOUT(region, unaligned, 180)
{
	static const unsigned int lens[] = { 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63,
					     64, 65, 127, 129, 511, 513 };
	size_t size = 2 * self->page;
	u8 *shadow = malloc(size), *got = malloc(size), *buf = malloc(1024);
	u64 bases[] = { 0, self->page - 40, self->len - size };

	ASSERT_TRUE(shadow && got && buf);
	for (unsigned int b = 0; b < ARRAY_SIZE(bases); b++) {
		/* the window is two pages around the place of interest */
		u64 win = bases[b] > self->page / 2 && bases[b] + size < self->len ?
			  bases[b] - self->page / 2 : bases[b];

		pattern_fill(shadow, size, win, self->seed);
		ASSERT_EQ(0, wr_all(&self->f, self->i, shadow, size, win));
		for (unsigned int l = 0; l < ARRAY_SIZE(lens); l++) {
			for (unsigned int o = 0; o < 18; o++) {
				u64 off = bases[b] - win + o;
				unsigned int n = lens[l];

				if (off + n > size)
					continue;
				pattern_fill(buf, n, o, self->seed + l + 1);
				ASSERT_EQ(n, wr(&self->f, self->i, buf, n, win + off));
				memcpy(shadow + off, buf, n);
				memset(got, 0, n + 2);
				ASSERT_EQ(n, rd(&self->f, self->i, got, n, win + off));
				ASSERT_EQ(0, memcmp(got, buf, n))
					TH_LOG("%u bytes at %#llx", n,
					       (unsigned long long)(win + off));
			}
		}
		/* nothing else changed, seen through reads of another alignment */
		ASSERT_EQ(1, rd(&self->f, self->i, got, 1, win));
		ASSERT_EQ(0, rd_all(&self->f, self->i, got + 1, size - 1, win + 1));
		EXPECT_EQ(0, memcmp(got, shadow, size));
	}
	/* the last bytes of the backed part */
	for (unsigned int n = 1; n < 40; n++) {
		pattern_fill(buf, n, 0, self->seed + n);
		ASSERT_EQ(n, wr(&self->f, self->i, buf, n, self->len - n));
		ASSERT_EQ(n, rd(&self->f, self->i, got, n, self->len - n));
		EXPECT_EQ(0, memcmp(got, buf, n)) TH_LOG("last %u bytes", n);
	}
	free(shadow);
	free(got);
	free(buf);
}

TEST_F_TIMEOUT(region, big_transfers, 120)
{
	size_t n = 4 * MiB + 4097;
	u8 *out, *in;
	u64 off;

	if (n > self->len)
		n = self->len - self->page - 1;
	off = self->len - n - 3 < self->len / 2 ? 1 : self->len / 2 - 777;
	if (off + n > self->len)
		off = 1;
	out = malloc(n);
	in = malloc(n);
	ASSERT_TRUE(out && in);
	pattern_fill(out, n, off, self->seed);
	/* one call moves everything: nothing may stop it halfway */
	ASSERT_EQ(n, wr(&self->f, self->i, out, n, off));
	ASSERT_EQ(n, rd(&self->f, self->i, in, n, off));
	EXPECT_EQ(0, memcmp(in, out, n));
	free(in);
	free(out);
}

/* ---- the unbacked tail and the end of the BAR ---- */

TEST_F(region, tail_reads_ones_and_swallows_writes)
{
	size_t n = 3 * self->page + 5;
	u8 *buf = malloc(n);
	u64 spots[] = { self->len, self->len + 1, self->len + (self->bar - self->len) / 2 + 3,
			self->bar - n };

	if (self->bar == self->len)
		SKIP(return, "this region has no tail");
	ASSERT_NE(NULL, buf);
	if (n > self->bar - self->len)
		n = self->bar - self->len;
	spots[3] = self->bar - n;
	for (unsigned int i = 0; i < ARRAY_SIZE(spots); i++) {
		size_t want = n;

		if (spots[i] + want > self->bar)
			want = self->bar - spots[i];
		memset(buf, 0x13, want);
		EXPECT_EQ(want, wr(&self->f, self->i, buf, want, spots[i]));
		EXPECT_EQ(want, rd(&self->f, self->i, buf, want, spots[i]));
		EXPECT_EQ(-1, first_not(buf, want, 0xff));
	}
	free(buf);
}

TEST_F(region, big_tail_read_and_write)
{
	size_t n = 2 * MiB + 11;
	u8 *buf;

	if (self->bar == self->len)
		SKIP(return, "this region has no tail");
	if (n > self->bar - self->len)
		n = self->bar - self->len;
	buf = calloc(1, n);
	ASSERT_NE(NULL, buf);
	EXPECT_EQ(n, wr(&self->f, self->i, buf, n, self->len));
	EXPECT_EQ(n, rd(&self->f, self->i, buf, n, self->len));
	EXPECT_EQ(-1, first_not(buf, n, 0xff));
	free(buf);
}

TEST_F(region, crossing_usable_length)
{
	u8 buf[512], got[512];

	if (self->bar == self->len)
		SKIP(return, "this region has no tail");
	for (unsigned int before = 1; before < 256; before += before < 20 ? 1 : 61) {
		unsigned int n = before + 200;

		pattern_fill(buf, n, 0, self->seed + before);
		ASSERT_EQ(n, wr(&self->f, self->i, buf, n, self->len - before));
		memset(got, 0, sizeof(got));
		ASSERT_EQ(n, rd(&self->f, self->i, got, n, self->len - before));
		EXPECT_EQ(0, memcmp(got, buf, before)) TH_LOG("%u before the end", before);
		EXPECT_EQ(-1, first_not(got + before, n - before, 0xff));
	}
}

TEST_F(region, crossing_bar_size_is_short)
{
	static u8 buf[512];	/* low in the address space: room for a huge count */

	for (unsigned int before = 1; before < 256; before += before < 20 ? 1 : 61) {
		memset(buf, 0x21, sizeof(buf));
		EXPECT_EQ(before, wr(&self->f, self->i, buf, sizeof(buf), self->bar - before));
		memset(buf, 0x77, sizeof(buf));
		EXPECT_EQ(before, rd(&self->f, self->i, buf, sizeof(buf), self->bar - before));
		EXPECT_EQ(-1, first_not(buf, before, self->bar == self->len ? 0x21 : 0xff));
		EXPECT_EQ(-1, first_not(buf + before, sizeof(buf) - before, 0x77));
	}
	/* an enormous count is cut as well, and not taken for a negative one */
	EXPECT_EQ(16, rd(&self->f, self->i, buf, 1UL << 40, self->bar - 16));
}

TEST_F(region, at_and_past_bar_size)
{
	const u64 region_end = 1ULL << 40;
	u64 offs[] = { self->bar, self->bar + 1, self->bar + self->page, self->bar * 2,
		       region_end - 1, region_end - self->page };
	u64 word = 0x1122334455667788;

	for (unsigned int i = 0; i < ARRAY_SIZE(offs); i++) {
		if (offs[i] < self->bar || offs[i] >= region_end)
			continue;
		EXPECT_EQ(-EINVAL, rd(&self->f, self->i, &word, 8, offs[i]))
			TH_LOG("offset %#llx", (unsigned long long)offs[i]);
		EXPECT_EQ(-EINVAL, wr(&self->f, self->i, &word, 8, offs[i]));
	}
	EXPECT_EQ(0x1122334455667788, word);
}

/* As in-tree: switching off memory decoding ends mappings, not file I/O */
TEST_F(region, memory_decoding_off)
{
	u8 out[300], in[300];

	/* opening reset it: where readiness is behind a BAR, let it be asked now */
	ASSERT_EQ(1, rd(&self->f, self->i, in, 1, 0));
	ASSERT_EQ(0, fn_memory_decode(&self->f, false));
	ASSERT_EQ(0, cfg_read(&self->f, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	pattern_fill(out, sizeof(out), 0, self->seed);
	EXPECT_EQ(300, wr(&self->f, self->i, out, sizeof(out), self->page - 150));
	EXPECT_EQ(300, rd(&self->f, self->i, in, sizeof(in), self->page - 150));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
}

/* ---- several threads, each in a place of its own ---- */

#define NTHREADS 4

struct worker {
	struct fn *f;
	unsigned int index;
	u64 off;
	size_t n;
	u64 seed;
	int bad;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	u8 *out = malloc(w->n), *in = malloc(w->n);

	for (int round = 0; round < 40 && out && in && !w->bad; round++) {
		pattern_fill(out, w->n, w->off, w->seed + round);
		if (wr_all(w->f, w->index, out, w->n, w->off) ||
		    rd_all(w->f, w->index, in, w->n, w->off) || memcmp(in, out, w->n))
			w->bad = 1;
	}
	if (!out || !in)
		w->bad = 1;
	free(out);
	free(in);
	return NULL;
}

TEST_F_TIMEOUT(region, threads, 120)
{
	struct worker w[NTHREADS];
	pthread_t t[NTHREADS];
	size_t n = self->page * 2 - 13;

	for (int i = 0; i < NTHREADS; i++) {
		/* neighbours share pages and even words, but no byte */
		w[i] = (struct worker){ &self->f, self->i, i * n, n, self->seed + i * 1000, 0 };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, work, &w[i]));
	}
	for (int i = 0; i < NTHREADS; i++) {
		pthread_join(t[i], NULL);
		EXPECT_EQ(0, w[i].bad) TH_LOG("thread %d", i);
	}
}

TEST_HARNESS_MAIN
