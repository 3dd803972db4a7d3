// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layouts against a model in 128-bit arithmetic, where nothing overflows.
 * Needs nothing of the kernel's.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/types.h>

#include "coherent_layout.h"
#include "suites.h"

#define PAGE		4096ULL
#define GIB		BIT_ULL(30)
#define LAST_ADDR	((1ULL << 52) - 1)

#define ROUNDS		300000

struct policy {
	const char *name;
	struct coherent_carve carve;
};

static const struct policy policies[] = {
	{ "all usable", { } },
	{ "GH200", { .reserved = GIB, .reserved_memtype = COHERENT_WC,
		     .usable_align = SZ_512M } },
	{ "reserved page, uncached", { .reserved = PAGE, .reserved_memtype = COHERENT_UC } },
	{ "reserved byte", { .reserved = 1 } },
	{ "rounded, nothing reserved", { .usable_align = SZ_2M } },
	{ "rounded to bytes", { .reserved = SZ_64K, .usable_align = 1 } },
	{ "rounded to half of all", { .reserved = PAGE, .usable_align = 1ULL << 63 } },
	{ "all reserved", { .reserved = U64_MAX } },
	{ "no power of two", { .usable_align = 3 * SZ_1M } },
};

static void policy_desc(const struct policy *policy, char *desc)
{
	strscpy(desc, policy->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policy, policies, policy_desc);

static u64 model_bar(u64 length)
{
	u64 bar = 1;

	while (bar < length && bar < 1ULL << 63)
		bar *= 2;
	return bar;
}

static int model_region(u64 base, u64 length, u64 most)
{
	if (!length || base % PAGE || length % PAGE)
		return -EINVAL;
	return length > most ? -EOVERFLOW : 0;
}

/* What ought to become of it; *@usable is how long the first part is, no part more than @most */
static int model(u64 base, u64 size, const struct coherent_carve *policy, u64 most,
		 u64 *usable)
{
	u64 align = policy->usable_align ?: 1;
	u128 end = (u128)base + size;
	int ret;

	if (!size)
		return -ENOLINK;
	if (end > (u128)1 << 64)
		return -EOVERFLOW;
	if (align & (align - 1))
		return -EINVAL;
	if (policy->reserved >= size)
		return -ENOSPC;
	*usable = (size - policy->reserved) & -align;
	if (!*usable)
		return -ENOSPC;
	if (end > LAST_ADDR + (u128)1)
		return -EOVERFLOW;
	if (base % PAGE || size % PAGE)
		return -EINVAL;
	ret = model_region(base, *usable, most);
	if (!ret && policy->reserved)
		ret = model_region(base + *usable, size - *usable, most);
	return ret;
}

static bool region_is(const struct coherent_region *region, u8 bar,
		      enum coherent_memtype memtype, u64 base, u64 length)
{
	return region->bar == bar && region->memtype == memtype &&
	       region->base == base && region->length == length &&
	       region->bar_size == model_bar(length);
}

static bool layout_is_right(struct kunit *test, u64 base, u64 size,
			    const struct coherent_carve *policy)
{
	u64 usable = 0;
	int expected = model(base, size, policy, 1ULL << 63, &usable);
	int for_bars = model(base, size, policy, COHERENT_MAX_BAR_SIZE, &usable), ret;
	struct coherent_layout l;

	ret = coherent_layout_carve(&l, base, size, policy);
	if (!ret)
		ret = coherent_layout_check(&l, PAGE, LAST_ADDR);
	if (ret == expected && !ret) {
		expected = for_bars;
		ret = coherent_layout_check_bars(&l);
	}
	if (ret != expected || (ret && !l.why)) {
		KUNIT_FAIL(test, "base %#llx size %#llx: %d (%s), not %d", base,
			   size, ret, l.why ?: "no reason", expected);
		return false;
	}
	if (ret)
		return true;
	if (l.base == base && l.size == size &&
	    l.nr_regions == 1 + !!policy->reserved &&
	    region_is(&l.regions[0], 4, COHERENT_CACHED, base, usable) &&
	    (l.nr_regions == 1 ||
	     region_is(&l.regions[1], 2, policy->reserved_memtype,
		       base + usable, size - usable)))
		return true;
	KUNIT_FAIL(test, "base %#llx size %#llx: wrong regions", base, size);
	return false;
}

/* Sizes around each power of two, bases around each and at the very end */
static void around_powers_of_two(struct kunit *test)
{
	static const s64 steps[] = { 0, 1, -1, (s64)PAGE, -(s64)PAGE,
				     2 * (s64)PAGE, -2 * (s64)PAGE };
	const struct policy *policy = test->param_value;
	unsigned int i, j, s, t;

	for (i = 0; i < 64; i++)
		for (s = 0; s < ARRAY_SIZE(steps); s++) {
			u64 size = (1ULL << i) + steps[s];

			if (!layout_is_right(test, 0, size, &policy->carve) ||
			    !layout_is_right(test, -size, size, &policy->carve) ||
			    !layout_is_right(test, LAST_ADDR + 1 - size, size, &policy->carve))
				return;
			for (j = 0; j < 64; j++)
				for (t = 0; t < ARRAY_SIZE(steps); t++)
					if (!layout_is_right(test, (1ULL << j) + steps[t], size,
							     &policy->carve))
						return;
		}
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

static void at_random(struct kunit *test)
{
	unsigned int round, accepted = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct coherent_carve policy = {
			.reserved = random64() % 2 ? nasty64() : 0,
			.reserved_memtype = COHERENT_WC,
			.usable_align = random64() % 2 ?
					1ULL << (random64() % 64) : 0,
		};
		u64 base = nasty64(), size = nasty64(), usable;

		if (!layout_is_right(test, base, size, &policy))
			return;
		accepted += !model(base, size, &policy, COHERENT_MAX_BAR_SIZE, &usable);
	}
	KUNIT_EXPECT_GT_MSG(test, accepted, ROUNDS / 1000,
			    "too few layouts are accepted");
}

static void gh200(struct kunit *test)
{
	struct coherent_layout l;

	/* 96 GiB and 64 KiB: usable rounded down, the rest is reserved */
	KUNIT_ASSERT_EQ(test, 0,
			coherent_layout_carve(&l, 1ULL << 46, 96 * GIB + 65536,
					      &policies[1].carve));
	KUNIT_ASSERT_EQ(test, 0, coherent_layout_check(&l, PAGE, (1ULL << 48) - 1));
	KUNIT_ASSERT_EQ(test, 2, l.nr_regions);
	KUNIT_EXPECT_EQ(test, 95 * GIB, l.regions[0].length);
	KUNIT_EXPECT_EQ(test, 128 * GIB, l.regions[0].bar_size);
	KUNIT_EXPECT_EQ(test, (1ULL << 46) + 95 * GIB, l.regions[1].base);
	KUNIT_EXPECT_EQ(test, GIB + 65536, l.regions[1].length);
	KUNIT_EXPECT_EQ(test, 2 * GIB, l.regions[1].bar_size);
}

/* An errno stands for several reasons; a person needs the right one */
struct refusal {
	const char *why;
	int err;
	u64 base, size, reserved, align;
};

static const struct refusal refusals[] = {
	{ "link to the memory is down", -ENOLINK, GIB, 0, 0, 0 },
	{ "smaller than its reserved", -ENOSPC, GIB, GIB, GIB, 0 },
	{ "smaller than its reserved", -ENOSPC, GIB, GIB, 2 * GIB, 0 },
	{ "nothing usable", -ENOSPC, GIB, 3 * GIB / 2 - PAGE, GIB, SZ_512M },
	{ "page size", -EINVAL, GIB + 1, GIB, 0, 0 },
	{ "page size", -EINVAL, GIB, GIB + 1, 0, 0 },
	{ "page size", -EINVAL, GIB, GIB, 1, 0 },
	{ "wraps", -EOVERFLOW, U64_MAX - PAGE + 1, 2 * PAGE, 0, 0 },
	{ "wraps", -EOVERFLOW, U64_MAX - PAGE + 1, PAGE, 0, 0 },
	{ "physical address", -EOVERFLOW, LAST_ADDR + 1, PAGE, 0, 0 },
	{ "1 TiB", -EOVERFLOW, 0, (1ULL << 40) + PAGE, 0, 0 },
	{ "1 TiB", -EOVERFLOW, 0, (1ULL << 40) + 2 * PAGE, (1ULL << 40) + PAGE, 0 },
	{ "power of two", -EINVAL, GIB, GIB, 0, 3 },
};

static void refusal_desc(const struct refusal *refusal, char *desc)
{
	strscpy(desc, refusal->why, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_desc);

static void reasons(struct kunit *test)
{
	const struct refusal *t = test->param_value;
	struct coherent_carve policy = { .reserved = t->reserved,
					 .usable_align = t->align };
	struct coherent_layout l;
	int ret = coherent_layout_carve(&l, t->base, t->size, &policy);

	if (!ret)
		ret = coherent_layout_check(&l, PAGE, LAST_ADDR) ?: coherent_layout_check_bars(&l);
	KUNIT_EXPECT_EQ(test, t->err, ret);
	KUNIT_ASSERT_NOT_NULL(test, l.why);
	KUNIT_EXPECT_TRUE_MSG(test, strstr(l.why, t->why), "%s", l.why);
}

/* What a backend may fill in by hand; the aperture is two pages at @base */
struct by_hand {
	const char *name;
	int err;
	unsigned int nr_regions;
	struct coherent_region regions[COHERENT_MAX_REGIONS];
	u64 base;
};

#define AT(slot, from, bytes)	{ .bar = slot, .base = from, .length = bytes }

static const struct by_hand hands[] = {
	{ "two in order", 0, 2, { AT(0, 0, PAGE), AT(2, PAGE, PAGE) } },
	{ "two in disorder", 0, 2, { AT(4, PAGE, PAGE), AT(0, 0, PAGE) } },
	{ "a hole", 0, 1, { AT(0, PAGE, PAGE) } },
	{ "none", -EINVAL, 0, { } },
	{ "four", -EINVAL, 4, { AT(0, 0, PAGE) } },
	{ "upper half of a BAR", -EINVAL, 2, { AT(1, 0, PAGE), AT(2, PAGE, PAGE) } },
	{ "BAR 5", -EINVAL, 2, { AT(5, 0, PAGE), AT(2, PAGE, PAGE) } },
	{ "BAR 6", -EINVAL, 2, { AT(6, 0, PAGE), AT(2, PAGE, PAGE) } },
	{ "one BAR twice", -EINVAL, 2, { AT(2, 0, PAGE), AT(2, PAGE, PAGE) } },
	{ "overlap", -EINVAL, 2, { AT(0, 0, 2 * PAGE), AT(2, PAGE, PAGE) } },
	{ "overlap, the other way", -EINVAL, 2, { AT(0, PAGE, PAGE), AT(2, 0, 2 * PAGE) } },
	{ "the same", -EINVAL, 2, { AT(0, 0, PAGE), AT(2, 0, PAGE) } },
	{ "three, last on first", -EINVAL, 3,
	  { AT(0, 0, PAGE), AT(2, PAGE, PAGE), AT(4, 0, PAGE) } },
	{ "empty", -EINVAL, 2, { AT(0, 0, 0), AT(2, PAGE, PAGE) } },
	{ "half a page", -EINVAL, 1, { AT(0, 0, PAGE / 2) } },
	{ "behind the aperture", -ERANGE, 2, { AT(0, 0, PAGE), AT(2, 2 * PAGE, PAGE) } },
	{ "over its end", -ERANGE, 1, { AT(0, PAGE, 2 * PAGE) } },
	{ "before it", -ERANGE, 1, { AT(0, 0, PAGE) }, PAGE },
	{ "wrapping", -ERANGE, 1, { AT(0, -PAGE, 2 * PAGE) }, PAGE },
	{ "at the end of all", -ERANGE, 2, { AT(0, 0, PAGE), AT(2, -PAGE, PAGE) } },
};

static void hand_desc(const struct by_hand *hand, char *desc)
{
	strscpy(desc, hand->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hand, hands, hand_desc);

static void by_hand(struct kunit *test)
{
	const struct by_hand *t = test->param_value;
	struct coherent_layout l = { .base = t->base, .size = 2 * PAGE,
				     .nr_regions = t->nr_regions };
	unsigned int i;

	memcpy(l.regions, t->regions, sizeof(l.regions));
	KUNIT_EXPECT_EQ(test, t->err, coherent_layout_check(&l, PAGE, U64_MAX - 1));
	KUNIT_EXPECT_EQ(test, !!t->err, !!l.why);
	for (i = 0; !t->err && i < l.nr_regions; i++)
		KUNIT_EXPECT_EQ(test, PAGE, l.regions[i].bar_size);
}

/* Pages are not 4 KiB everywhere */
static void page_sizes(struct kunit *test)
{
	u64 page;

	for (page = PAGE; page <= SZ_64K; page *= 2) {
		struct coherent_layout l;

		coherent_layout_carve(&l, 0, SZ_1M + page, &policies[0].carve);
		KUNIT_EXPECT_EQ(test, 0, coherent_layout_check(&l, page, LAST_ADDR));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				coherent_layout_check(&l, 2 * page, LAST_ADDR));
	}
}

/* Only BARs are limited: memory that is no function's has none */
static void larger_than_a_bar(struct kunit *test)
{
	static const struct coherent_carve all_usable = { };
	struct coherent_layout l;

	KUNIT_ASSERT_EQ(test, 0, coherent_layout_carve(&l, 0, 1ULL << 41, &all_usable));
	KUNIT_EXPECT_EQ(test, 0, coherent_layout_check(&l, PAGE, U64_MAX - 1));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, coherent_layout_check_bars(&l));
	KUNIT_ASSERT_EQ(test, 0, coherent_layout_carve(&l, 0, 1ULL << 40, &all_usable));
	KUNIT_EXPECT_EQ(test, 0, coherent_layout_check(&l, PAGE, U64_MAX - 1));
	KUNIT_EXPECT_EQ(test, 0, coherent_layout_check_bars(&l));
	KUNIT_ASSERT_EQ(test, 0, coherent_layout_carve(&l, 0, (1ULL << 63) + PAGE, &all_usable));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW, coherent_layout_check(&l, PAGE, U64_MAX - 1));
}

static struct kunit_case layout_cases[] = {
	KUNIT_CASE(larger_than_a_bar),
	KUNIT_CASE_PARAM(around_powers_of_two, policy_gen_params),
	KUNIT_CASE(at_random),
	KUNIT_CASE(gh200),
	KUNIT_CASE_PARAM(reasons, refusal_gen_params),
	KUNIT_CASE_PARAM(by_hand, hand_gen_params),
	KUNIT_CASE(page_sizes),
	{ }
};

struct kunit_suite coherent_layout_suite = {
	.name = "coherent-layout",
	.test_cases = layout_cases,
};
