// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that the core has allocated to show it.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "../coherent/coherent.h"
#include "coherent_memory.h"
#include "suites.h"

static void sizes_refused(struct kunit *test)
{
	u64 base = 1;

	KUNIT_EXPECT_EQ(test, -EINVAL, coherent_memory_alloc(0, &base));
	KUNIT_EXPECT_EQ(test, -EINVAL, coherent_memory_alloc(1, &base));
	KUNIT_EXPECT_EQ(test, -EINVAL, coherent_memory_alloc(PAGE_SIZE + 1, &base));
	KUNIT_EXPECT_EQ(test, -EINVAL, coherent_memory_alloc(U64_MAX, &base));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			coherent_memory_alloc(COHERENT_MAX_BAR_SIZE + PAGE_SIZE, &base));
	/* No machine has as much in one piece */
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			coherent_memory_alloc(COHERENT_MAX_BAR_SIZE, &base));
	KUNIT_EXPECT_EQ(test, 1, base);
}

/* Whatever the size, it begins where a huge entry can, and is 0 */
static void every_few_pages(struct kunit *test)
{
	unsigned long nr;
	u64 base;

	for (nr = 1; nr <= 33; nr++) {
		u64 size = nr << PAGE_SHIFT;
		const u8 *mem;

		KUNIT_ASSERT_EQ(test, 0, coherent_memory_alloc(size, &base));
		KUNIT_EXPECT_EQ(test, 0, base & (roundup_pow_of_two(size) - 1));
		mem = __va(base);
		KUNIT_EXPECT_NULL(test, memchr_inv(mem, 0, size));
		KUNIT_EXPECT_TRUE(test, coherent_memory_owns(base, size));
		KUNIT_EXPECT_TRUE(test, coherent_memory_owns(base + size - 1, 1));
		KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base, size + 1));
		KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base - 1, size));
		KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base + size, 1));
		KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base, U64_MAX));
		coherent_memory_free(base);
		KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base, size));
	}
}

static void shown_by_one(struct kunit *test)
{
	u64 base;

	KUNIT_ASSERT_EQ(test, 0, coherent_memory_alloc(4 * PAGE_SIZE, &base));
	KUNIT_EXPECT_NOT_NULL(test, coherent_memory_claim(base, 4 * PAGE_SIZE, "kunit"));
	KUNIT_EXPECT_NULL(test, coherent_memory_claim(base, PAGE_SIZE, "kunit"));
	coherent_memory_release(base, 4 * PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, coherent_memory_claim(base, PAGE_SIZE, "kunit"));
	coherent_memory_release(base, PAGE_SIZE);
	coherent_memory_free(base);
	KUNIT_EXPECT_NULL(test, coherent_memory_claim(base, PAGE_SIZE, "kunit"));
}

/* Who allocated it may go while it is kept; then it goes when it is released */
static void kept_for_a_while(struct kunit *test)
{
	u64 base;

	KUNIT_ASSERT_EQ(test, 0, coherent_memory_alloc(PAGE_SIZE, &base));
	KUNIT_EXPECT_NOT_NULL(test, coherent_memory_claim(base, PAGE_SIZE, "kunit"));
	coherent_memory_keep(base, PAGE_SIZE, true);
	coherent_memory_free(base);
	KUNIT_EXPECT_TRUE(test, coherent_memory_owns(base, PAGE_SIZE));
	coherent_memory_release(base, PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base, PAGE_SIZE));
}

static void kept_and_shown_again(struct kunit *test)
{
	u64 base;

	KUNIT_ASSERT_EQ(test, 0, coherent_memory_alloc(PAGE_SIZE, &base));
	KUNIT_EXPECT_NOT_NULL(test, coherent_memory_claim(base, PAGE_SIZE, "kunit"));
	coherent_memory_keep(base, PAGE_SIZE, true);
	coherent_memory_keep(base, PAGE_SIZE, false);
	coherent_memory_release(base, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, coherent_memory_owns(base, PAGE_SIZE));
	coherent_memory_free(base);
	KUNIT_EXPECT_FALSE(test, coherent_memory_owns(base, PAGE_SIZE));
}

/* What is encrypted in the linear map must not be shown as if it were not */
static void decrypted_where_a_device_has_it(struct kunit *test)
{
	struct coherent_aperture *ap = kunit_kzalloc(test, sizeof(*ap), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ap);
	KUNIT_EXPECT_TRUE(test, coherent_maps_decrypted(ap));
	ap->own_memory = true;
	KUNIT_EXPECT_FALSE(test, coherent_maps_decrypted(ap));
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(sizes_refused),
	KUNIT_CASE(every_few_pages),
	KUNIT_CASE(shown_by_one),
	KUNIT_CASE(kept_for_a_while),
	KUNIT_CASE(kept_and_shown_again),
	KUNIT_CASE(decrypted_where_a_device_has_it),
	{ }
};

struct kunit_suite coherent_memory_suite = {
	.name = "coherent-memory",
	.test_cases = memory_cases,
};
