// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layout, BAR registers and clipping against models, in KTAP.
 *
 * The models are the dullest possible: byte arrays and 128-bit arithmetic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coherent_layout.h"

typedef unsigned __int128 u128;

#define PAGE	4096ULL
#define GIB	(1ULL << 30)
#define MIB	(1ULL << 20)

static unsigned int tests, failures;

static void result(const char *name, bool ok)
{
	tests++;
	failures += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", tests, name);
}

#define FAIL(fmt, ...) do {						\
	printf("# %s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__);	\
	return false;							\
} while (0)

/* Every offset and length around a BAR, every byte, both directions */
static bool bar_overlay(u64 size)
{
	const u16 at = 0x18;
	unsigned int pos, count, i;

	for (pos = 0; pos < 0x40; pos++)
	for (count = 1; count <= 64; count++) {
		struct coherent_bar_reg reg = { .offset = at, .size = size,
						.value = 0x1122334455667788ULL };
		u8 model[0x80], buf[64], before[0x80];
		size_t buf_off = 99, reg_off = 99, n, expect = 0;
		u64 value = 0;

		for (i = 0; i < sizeof(model); i++)
			model[i] = i >= at && i < at + 8 ?
				   reg.value >> (8 * (i - at)) : 0;
		memcpy(before, model, sizeof(model));
		for (i = 0; i < count; i++) {
			buf[i] = 0xc0 + i;
			if (pos + i >= at && pos + i < at + 8u) {
				model[pos + i] = buf[i];
				expect++;
			}
		}

		n = coherent_bar_overlap(&reg, pos, count, &buf_off, &reg_off);
		if (n != expect)
			FAIL("pos %u count %u: %zu bytes overlap, not %zu",
			     pos, count, n, expect);
		if (n)
			coherent_bar_write(&reg, reg_off, buf + buf_off, n);
		for (i = 0; i < 8; i++)
			value |= (u64)model[at + i] << (8 * i);
		if (reg.value != value)
			FAIL("pos %u count %u: value %#llx, not %#llx", pos,
			     count, (unsigned long long)reg.value,
			     (unsigned long long)value);

		/* As PCI shows it: flags below, address bits above the size */
		value = (value & ~(size - 1)) | 0xc;
		if (n) {
			u8 seen[8];

			coherent_bar_read(&reg, reg_off, seen, n);
			for (i = 0; i < n; i++)
				if (seen[i] != (u8)(value >> (8 * (reg_off + i))))
					FAIL("pos %u count %u: byte %u reads %#x",
					     pos, count, i, seen[i]);
		}
	}
	return true;
}

static bool bar_overlays(void)
{
	unsigned int shift;

	for (shift = 12; shift <= 40; shift++)
		if (!bar_overlay(1ULL << shift))
			return false;
	return true;
}

static bool bar_far_positions(void)
{
	static const u64 positions[] = { 0x20, 0x1000, U64_MAX - 7, U64_MAX };
	struct coherent_bar_reg reg = { .offset = 0x18, .size = PAGE };
	size_t a, b, i;

	for (i = 0; i < sizeof(positions) / sizeof(*positions); i++)
		if (coherent_bar_overlap(&reg, positions[i], SIZE_MAX, &a, &b))
			FAIL("position %#llx overlaps",
			     (unsigned long long)positions[i]);
	return true;
}

/* A small BAR, byte by byte */
static bool clip_small(void)
{
	u64 length, bar, pos, count;

	for (bar = 1; bar <= 32; bar *= 2)
	for (length = 0; length <= bar; length++)
	for (pos = 0; pos <= bar + 2; pos++)
	for (count = 0; count <= 2 * bar + 2; count++) {
		struct coherent_region region = { .length = length,
						  .bar_size = bar };
		struct coherent_clip clip = { 99, 99 };
		u64 device = 0, tail = 0, i;
		int ret = coherent_clip(&region, pos, count, &clip);

		if (pos >= bar) {
			if (ret != -EINVAL)
				FAIL("pos %llu of %llu accepted",
				     (unsigned long long)pos,
				     (unsigned long long)bar);
			continue;
		}
		for (i = pos; i < pos + count && i < bar; i++) {
			device += i < length;
			tail += i >= length;
		}
		if (ret || clip.device != device || clip.tail != tail)
			FAIL("length %llu bar %llu pos %llu count %llu: %llu + %llu",
			     (unsigned long long)length, (unsigned long long)bar,
			     (unsigned long long)pos, (unsigned long long)count,
			     (unsigned long long)clip.device,
			     (unsigned long long)clip.tail);
	}
	return true;
}

static bool clip_huge(void)
{
	struct coherent_region region = { .length = (1ULL << 63) - PAGE,
					  .bar_size = 1ULL << 63 };
	struct coherent_clip clip;

	if (coherent_clip(&region, region.length - 1, U64_MAX, &clip) ||
	    clip.device != 1 || clip.tail != PAGE)
		FAIL("%llu + %llu", (unsigned long long)clip.device,
		     (unsigned long long)clip.tail);
	return true;
}

static u64 random64(void)
{
	static u64 state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Sizes near powers of two and near the ends are where layouts go wrong */
static u64 nasty64(void)
{
	u64 v = random64();

	switch (random64() % 4) {
	case 0:
		return v;
	case 1:
		return (1ULL << (v % 64)) + (random64() % 5) - 2;
	case 2:
		return ((1ULL << (v % 64)) + (random64() % 5) - 2) * PAGE;
	default:
		return v >> (random64() % 64);
	}
}

/* Whatever is accepted keeps every promise; nothing good is refused */
static bool layout_promises(void)
{
	const u64 last_addr = (1ULL << 52) - 1;
	unsigned int i, j, round, accepted = 0;

	for (round = 0; round < 3000000; round++) {
		struct coherent_carve policy = {
			.reserved = random64() % 2 ? nasty64() : 0,
			.reserved_memtype = COHERENT_WC,
			.usable_align = random64() % 2 ?
					1ULL << (random64() % 64) : 0,
		};
		u64 base = nasty64(), size = nasty64();
		struct coherent_layout l;
		u128 end = (u128)base + size;

		if (coherent_layout_carve(&l, base, size, &policy) ||
		    coherent_layout_check(&l, PAGE, last_addr)) {
			if (!l.why)
				FAIL("refused without a reason");
			continue;
		}
		accepted++;
		if (!size || base % PAGE || size % PAGE || end > last_addr + (u128)1)
			FAIL("accepted base %#llx size %#llx",
			     (unsigned long long)base, (unsigned long long)size);
		for (i = 0; i < l.nr_regions; i++) {
			const struct coherent_region *r = &l.regions[i];

			if (r->base < base || (u128)r->base + r->length > end ||
			    !r->length || r->base % PAGE || r->length % PAGE)
				FAIL("region %u outside or unaligned", i);
			if (!is_power_of_2(r->bar_size) ||
			    r->bar_size < r->length ||
			    (r->bar_size > 1 && r->bar_size / 2 >= r->length) ||
			    r->bar_size > 1ULL << 40)
				FAIL("region %u: BAR size %#llx for %#llx", i,
				     (unsigned long long)r->bar_size,
				     (unsigned long long)r->length);
			for (j = 0; j < i; j++) {
				const struct coherent_region *o = &l.regions[j];

				if (o->bar == r->bar ||
				    (o->base < r->base + r->length &&
				     r->base < o->base + o->length))
					FAIL("regions %u and %u clash", i, j);
			}
		}
		if (l.nr_regions == 2 && l.regions[1].length < policy.reserved)
			FAIL("reserved part too small");
		if (policy.usable_align &&
		    l.regions[0].length % policy.usable_align)
			FAIL("usable part not aligned");
	}
	if (accepted < 1000)
		FAIL("only %u layouts accepted: the test tests nothing", accepted);
	return true;
}

static bool layout_gh200(void)
{
	static const struct coherent_carve gh200 = {
		.reserved = GIB, .reserved_memtype = COHERENT_WC,
		.usable_align = 512 * MIB,
	};
	struct coherent_layout l;

	/* 96 GiB and 64 KiB: usable rounded down, the rest is reserved */
	if (coherent_layout_carve(&l, 0x400000000000ULL, 96 * GIB + 65536, &gh200) ||
	    coherent_layout_check(&l, PAGE, (1ULL << 48) - 1))
		FAIL("refused: %s", l.why);
	if (l.nr_regions != 2 || l.regions[0].length != 95 * GIB ||
	    l.regions[0].bar_size != 128 * GIB ||
	    l.regions[0].memtype != COHERENT_CACHED ||
	    l.regions[1].base != 0x400000000000ULL + 95 * GIB ||
	    l.regions[1].length != GIB + 65536 ||
	    l.regions[1].bar_size != 2 * GIB ||
	    l.regions[1].memtype != COHERENT_WC)
		FAIL("wrong layout");
	return true;
}

struct refusal {
	u64 base, size, reserved, align;
	int err;
	const char *why;
};

static bool layout_refusals(void)
{
	static const struct refusal table[] = {
		{ GIB, 0, 0, 0, -ENOLINK, "link" },
		{ GIB, GIB, GIB, 0, -ENOSPC, "smaller than its reserved" },
		{ GIB, GIB, 2 * GIB, 0, -ENOSPC, "smaller than its reserved" },
		{ GIB, 3 * GIB / 2 - PAGE, GIB, 512 * MIB, -ENOSPC, "nothing usable" },
		{ GIB + 1, GIB, 0, 0, -EINVAL, "page size" },
		{ GIB, GIB + 1, 0, 0, -EINVAL, "page size" },
		{ U64_MAX - PAGE + 1, 2 * PAGE, 0, 0, -EOVERFLOW, "wraps" },
		{ U64_MAX - PAGE + 1, PAGE, 0, 0, -EOVERFLOW, "wraps" },
		{ 1ULL << 52, PAGE, 0, 0, -EOVERFLOW, "physical address" },
		{ 0, (1ULL << 40) + PAGE, 0, 0, -EOVERFLOW, "1 TiB" },
		{ GIB, GIB, 0, 3, -EINVAL, "power of two" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct refusal *t = &table[i];
		struct coherent_carve policy = { .reserved = t->reserved,
						 .usable_align = t->align };
		struct coherent_layout l;
		int ret = coherent_layout_carve(&l, t->base, t->size, &policy);

		if (!ret)
			ret = coherent_layout_check(&l, PAGE, (1ULL << 52) - 1);
		if (ret != t->err || !l.why || !strstr(l.why, t->why))
			FAIL("row %u: %d, %s", i, ret, l.why ? l.why : "no reason");
	}
	return true;
}

/* What a backend may fill in by hand */
static bool layout_by_hand(void)
{
	static const struct {
		struct coherent_region r[2];
		int err;
	} table[] = {
		{ { { .bar = 0, .base = 0, .length = PAGE }, { .bar = 2, .base = PAGE, .length = PAGE } }, 0 },
		{ { { .bar = 1, .base = 0, .length = PAGE }, { .bar = 2, .base = PAGE, .length = PAGE } }, -EINVAL },
		{ { { .bar = 6, .base = 0, .length = PAGE }, { .bar = 2, .base = PAGE, .length = PAGE } }, -EINVAL },
		{ { { .bar = 2, .base = 0, .length = PAGE }, { .bar = 2, .base = PAGE, .length = PAGE } }, -EINVAL },
		{ { { .bar = 0, .base = 0, .length = 2 * PAGE }, { .bar = 2, .base = PAGE, .length = PAGE } }, -EINVAL },
		{ { { .bar = 0, .base = 0, .length = 0 }, { .bar = 2, .base = PAGE, .length = PAGE } }, -EINVAL },
		{ { { .bar = 0, .base = 0, .length = PAGE }, { .bar = 2, .base = 2 * PAGE, .length = PAGE } }, -ERANGE },
		{ { { .bar = 0, .base = 0, .length = PAGE }, { .bar = 2, .base = 0 - PAGE, .length = PAGE } }, -ERANGE },
	};
	unsigned int i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct coherent_layout l = { .size = 2 * PAGE, .nr_regions = 2 };
		int ret;

		memcpy(l.regions, table[i].r, sizeof(table[i].r));
		ret = coherent_layout_check(&l, PAGE, U64_MAX - 1);
		if (ret != table[i].err)
			FAIL("row %u: %d", i, ret);
	}
	return true;
}

int main(void)
{
	printf("TAP version 13\n1..8\n");
	result("bar: every access around a BAR of every size", bar_overlays());
	result("bar: positions far away touch nothing", bar_far_positions());
	result("clip: every access of small BARs", clip_small());
	result("clip: the largest numbers", clip_huge());
	result("layout: what is accepted keeps its promises", layout_promises());
	result("layout: GH200", layout_gh200());
	result("layout: refusals and their reasons", layout_refusals());
	result("layout: regions filled in by hand", layout_by_hand());
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
