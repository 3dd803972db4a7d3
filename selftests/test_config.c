// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fake address registers in configuration space: every access width at
 * every offset, compared byte for byte with an independent model; bad buffers;
 * and updates by several threads at once. For resets see test_reset.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "coherent.h"

#define CFG	VFIO_PCI_CONFIG_REGION_INDEX
#define BARS	PCI_BASE_ADDRESS_0
#define NBARS	24
#define SPAN	128			/* the most that one access below can cover */

static const unsigned int widths[] = { 1, 2, 3, 4, 5, 7, 8, 12, 16, 24, 64 };

FIXTURE(config) {
	struct expect e;
	struct fn f;
	struct barmodel m;
	u8 around[SPAN];		/* 0x00-0x7f as it is when nothing was written */
};

FIXTURE_SETUP(config)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	ASSERT_EQ(SPAN, rd(&self->f, CFG, self->around, SPAN, 0));
	barmodel_init(&self->m, &self->f, &self->e, self->around + BARS);
}

FIXTURE_TEARDOWN(config)
{
	fn_close(&self->f);
}

static u32 get32(const u8 *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
}

TEST_F(config, after_open)
{
	const struct expect_region *r;
	char why[128];

	for (unsigned int bar = 2; bar < 6; bar += 2) {
		r = expect_region(&self->e, bar);
		if (!r)
			continue;
		EXPECT_EQ(FAKE_BAR_FLAGS, get32(&self->around[BARS + bar * 4]));
		EXPECT_EQ(0, get32(&self->around[BARS + bar * 4 + 4]));
	}
	EXPECT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why))) TH_LOG("%s", why);
}

TEST_F(config, no_physical_value_leaks)
{
	u8 raw[NBARS];

	/* What the function's own registers hold never shows where a fake one is */
	ASSERT_EQ(0, pci_config_raw(self->e.bdf, BARS, raw, NBARS));
	for (unsigned int bar = 2; bar < 6; bar += 2) {
		u64 phys, seen;

		if (!expect_region(&self->e, bar))
			continue;
		phys = get32(&raw[bar * 4]) | (u64)get32(&raw[bar * 4 + 4]) << 32;
		seen = get32(&self->around[BARS + bar * 4]) |
		       (u64)get32(&self->around[BARS + bar * 4 + 4]) << 32;
		if (phys & ~0xfULL) {
			EXPECT_NE(phys & ~0xfULL, seen & ~0xfULL);
		}
		/* ... nor after software wrote that very value and sized */
		for (unsigned int i = 0; i < 8; i++) {
			ASSERT_EQ(0, cfg_write(&self->f, BARS + bar * 4 + i, 1, 0));
		}
		seen = cfg_read(&self->f, BARS + bar * 4, 4) |
		       (u64)cfg_read(&self->f, BARS + bar * 4 + 4, 4) << 32;
		EXPECT_EQ(FAKE_BAR_FLAGS, seen);
	}
}

TEST_F(config, sizing_as_pci_says)
{
	const struct expect_region *r;
	u64 mask;

	for (unsigned int bar = 2; bar < 6; bar += 2) {
		unsigned int off = BARS + bar * 4;

		r = expect_region(&self->e, bar);
		if (!r)
			continue;
		ASSERT_EQ(0, cfg_write(&self->f, off, 4, ~0U));
		ASSERT_EQ(0, cfg_write(&self->f, off + 4, 4, ~0U));
		mask = cfg_read(&self->f, off, 4) | (u64)cfg_read(&self->f, off + 4, 4) << 32;
		EXPECT_EQ(FAKE_BAR_FLAGS, mask & 0xf);
		EXPECT_EQ(r->bar, ~(mask & ~0xfULL) + 1);
	}
}

/*
 * Each width at each offset with each kind of value. Bytes outside the six
 * registers are written back as they are, since what they do is not ours.
 */
TEST_F_TIMEOUT(config, every_width_at_every_offset, 300)
{
	struct rng rng = { .s = env_u64("COHERENT_SEED", 1) };
	u8 buf[SPAN], seen[SPAN];
	unsigned int off, w, round, i;
	unsigned long done = 0;
	char why[128];

	for (off = BARS; off <= 0x28; off++) {
		for (w = 0; w < ARRAY_SIZE(widths); w++) {
			for (round = 0; round < 4; round++) {
				for (i = 0; i < widths[w]; i++) {
					u8 v = round == 0 ? 0xff : round == 1 ? 0 : rng_next(&rng);

					if (off + i < BARS || off + i >= BARS + NBARS)
						v = self->around[off + i];
					buf[i] = v;
				}
				ASSERT_EQ(widths[w], wr(&self->f, CFG, buf, widths[w], off))
					TH_LOG("write of %u at %#x", widths[w], off);
				barmodel_write(&self->m, off, buf, widths[w]);

				/* the same window back, in one read */
				memset(seen, 0x5a, sizeof(seen));
				ASSERT_EQ(widths[w], rd(&self->f, CFG, seen, widths[w], off));
				for (i = 0; i < widths[w]; i++) {
					if (off + i >= BARS + NBARS)
						break;
					ASSERT_EQ(self->m.byte[off + i - BARS], seen[i])
						TH_LOG("width %u at %#x, byte %u, round %u",
						       widths[w], off, i, round);
				}
				ASSERT_EQ(-1, first_not(seen + widths[w], SPAN - widths[w], 0x5a));
				ASSERT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why)))
					TH_LOG("after %u at %#x: %s", widths[w], off, why);
				done++;
			}
		}
	}
	EXPECT_EQ(ARRAY_SIZE(widths) * 25 * 4, done);
}

TEST_F(config, straddling_write_reaches_both)
{
	const struct expect_region *use = expect_region(&self->e, USEMEM);
	const struct expect_region *res = expect_region(&self->e, RESMEM);
	u8 buf[16], seen[16];
	char why[128];

	if (!use || !res)
		SKIP(return, "one fake BAR only");
	/* 16 bytes cover the second half of one register and the first of the other */
	for (unsigned int off = 0x18; off <= 0x20; off++) {
		for (unsigned int i = 0; i < sizeof(buf); i++)
			buf[i] = 0x80 + off + i;
		unsigned int n = off + sizeof(buf) > BARS + NBARS ?
				 BARS + NBARS - off : sizeof(buf);

		ASSERT_EQ(n, wr(&self->f, CFG, buf, n, off));
		barmodel_write(&self->m, off, buf, n);
		ASSERT_EQ(n, rd(&self->f, CFG, seen, n, off));
		EXPECT_EQ(0, memcmp(seen, &self->m.byte[off - BARS], n))
			TH_LOG("offset %#x", off);
		EXPECT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why)))
			TH_LOG("%s", why);
	}
}

TEST_F(config, whole_first_block_in_one_read)
{
	u8 buf[64];
	u8 ones[16];

	memset(ones, 0xff, sizeof(ones));
	ASSERT_EQ(16, wr(&self->f, CFG, ones, sizeof(ones), 0x18));
	barmodel_write(&self->m, 0x18, ones, sizeof(ones));
	ASSERT_EQ(64, rd(&self->f, CFG, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf + BARS, self->m.byte, NBARS));
	/* and what is not ours is the same as ever */
	EXPECT_EQ(0, memcmp(buf, self->around, 4));
	EXPECT_EQ(0, memcmp(buf + 8, self->around + 8, 8));
	EXPECT_EQ(0, memcmp(buf + 0x28, self->around + 0x28, 64 - 0x28));
}

TEST_F(config, zero_length)
{
	u8 byte = 0x77;
	char why[128];

	EXPECT_EQ(0, rd(&self->f, CFG, &byte, 0, 0x18));
	EXPECT_EQ(0, wr(&self->f, CFG, &byte, 0, 0x18));
	EXPECT_EQ(0x77, byte);
	EXPECT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why))) TH_LOG("%s", why);
}

TEST_F(config, bad_buffers_change_nothing)
{
	static const unsigned int ns[] = { 1, 2, 4, 8, 16 };
	size_t page = page_size();
	u8 junk[16];
	char why[128];
	char *none;

	none = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, none);
	memset(junk, 0x39, sizeof(junk));
	ASSERT_EQ(16, wr(&self->f, CFG, junk, 16, 0x18));
	barmodel_write(&self->m, 0x18, junk, 16);

	for (unsigned int w = 0; w < ARRAY_SIZE(ns); w++) {
		for (unsigned int off = 0x18; off + ns[w] <= 0x28; off++) {
			EXPECT_EQ(-EFAULT, wr(&self->f, CFG, none, ns[w], off))
				TH_LOG("%u at %#x", ns[w], off);
			EXPECT_EQ(-EFAULT, rd(&self->f, CFG, none, ns[w], off))
				TH_LOG("%u at %#x", ns[w], off);
		}
	}
	EXPECT_EQ(-EFAULT, wr(&self->f, CFG, NULL, 8, 0x20));
	EXPECT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why))) TH_LOG("%s", why);
	munmap(none, page);
}

/* A buffer whose end is missing: what was taken counts, the rest is untouched */
TEST_F(config, half_bad_buffers)
{
	size_t page = page_size();
	ssize_t ret;
	char why[128];
	char *two;

	two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, two);
	memset(two, 0x4e, page);
	ASSERT_EQ(0, mprotect(two + page, page, PROT_NONE));

	for (unsigned int have = 1; have < 16; have++) {
		struct barmodel before = self->m;

		memset(two + page - have, 0x40 + have, have);
		ret = wr(&self->f, CFG, two + page - have, 16, 0x18);
		if (ret > 0) {
			EXPECT_LE(ret, have);
			barmodel_write(&self->m, 0x18, two + page - have, ret);
		} else {
			EXPECT_EQ(-EFAULT, ret);
			self->m = before;
		}
		EXPECT_EQ(0, barmodel_compare(&self->f, &self->m, why, sizeof(why)))
			TH_LOG("%u good bytes, returned %zd: %s", have, ret, why);
	}
	munmap(two, 2 * page);
}

TEST_F(config, reopen_clears_fake_bars)
{
	u32 lo, hi;

	ASSERT_EQ(0, cfg_write(&self->f, BARS + USEMEM * 4, 4, ~0U));
	ASSERT_EQ(0, cfg_write(&self->f, BARS + USEMEM * 4 + 4, 4, ~0U));
	fn_close(&self->f);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	lo = cfg_read(&self->f, BARS + USEMEM * 4, 4);
	hi = cfg_read(&self->f, BARS + USEMEM * 4 + 4, 4);
	EXPECT_EQ(FAKE_BAR_FLAGS, lo);
	EXPECT_EQ(0, hi);
}

/* ---- torn updates ---- */

#define ROUNDS 3000

struct torn {
	struct fn *f;
	unsigned int off;
	u64 a, b;			/* what the two writers write */
	u64 seen_a, seen_b;		/* what a reader sees for each */
	atomic_bool stop;
	atomic_ulong bad;
	atomic_ulong reads;
	u64 example;
};

static void *torn_writer(void *arg)
{
	struct torn *t = arg;

	for (int i = 0; i < ROUNDS; i++) {
		const u64 *v = i & 1 ? &t->a : &t->b;

		if (wr(t->f, CFG, v, 8, t->off) != 8)
			atomic_fetch_add(&t->bad, 1);
	}
	return NULL;
}

static void *torn_reader(void *arg)
{
	struct torn *t = arg;
	u64 v;

	while (!atomic_load(&t->stop)) {
		if (rd(t->f, CFG, &v, 8, t->off) != 8 ||
		    (v != t->seen_a && v != t->seen_b)) {
			t->example = v;
			atomic_fetch_add(&t->bad, 1);
		}
		atomic_fetch_add(&t->reads, 1);
	}
	return NULL;
}

TEST_F_TIMEOUT(config, no_torn_updates, 240)
{
	struct torn t = { .f = &self->f, .a = 0, .b = ~0ULL };
	pthread_t writer[2], reader[2];
	const struct expect_region *r;

	for (unsigned int bar = 2; bar < 6; bar += 2) {
		r = expect_region(&self->e, bar);
		if (!r)
			continue;
		t.off = BARS + bar * 4;
		t.seen_a = FAKE_BAR_FLAGS;
		t.seen_b = (~(r->bar - 1) & ~0xfULL) | FAKE_BAR_FLAGS;
		atomic_store(&t.stop, false);
		ASSERT_EQ(8, wr(&self->f, CFG, &t.a, 8, t.off));
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_create(&reader[i], NULL, torn_reader, &t));
			ASSERT_EQ(0, pthread_create(&writer[i], NULL, torn_writer, &t));
		}
		for (int i = 0; i < 2; i++)
			pthread_join(writer[i], NULL);
		atomic_store(&t.stop, true);
		for (int i = 0; i < 2; i++)
			pthread_join(reader[i], NULL);
		EXPECT_EQ(0, atomic_load(&t.bad))
			TH_LOG("BAR %u: saw %#llx", bar, (unsigned long long)t.example);
		EXPECT_LT(0, atomic_load(&t.reads));
	}
}

TEST_HARNESS_MAIN
