// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is written to sysfs and debugfs, as text.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../coherent/coherent.h"
#include "../coherent/poison/private.h"
#include "suites.h"

/* An aperture of 16 pages that begins at page 100 */
#define BASE	100UL
#define LIMIT	115UL

struct range_text {
	const char *text;
	int ret;
	unsigned long first, last;
};

static const struct range_text range_texts[] = {
	{ "all", 0, BASE, LIMIT },
	{ "all\n", 0, BASE, LIMIT },
	{ "0+0x1000", 0, 100, 100 },
	{ "0+4096\n", 0, 100, 100 },
	{ "0x2000+0x3000", 0, 102, 104 },
	{ "8192+12288", 0, 102, 104 },
	{ "0+0x10000", 0, 100, 115 },
	{ "0xf000+0x1000", 0, 115, 115 },
	{ "0+ 0x1000", 0, 100, 100 },
	{ "0+0x11000", -EINVAL },
	{ "0xf000+0x2000", -EINVAL },
	{ "0x10000+0x1000", -EINVAL },
	{ "0+0", -EINVAL },
	{ "0+1", -EINVAL },
	{ "1+0x1000", -EINVAL },
	{ "0x800+0x800", -EINVAL },
	{ "0xfffffffffffff000+0x1000", -EINVAL },
	{ "0x1000+0xfffffffffffff000", -EINVAL },
	{ "0x10000000000000000+0x1000", -EINVAL },
	{ "-4096+4096", -EINVAL },
	{ "", -EINVAL },
	{ "\n", -EINVAL },
	{ "all of it", -EINVAL },
	{ "ally", -EINVAL },
	{ "0", -EINVAL },
	{ "0x1000", -EINVAL },
	{ "+", -EINVAL },
	{ "+0x1000", -EINVAL },
	{ "0x1000+", -EINVAL },
	{ "0+0x1000+0x1000", -EINVAL },
	{ "0+0x1000 0x2000+0x1000", -EINVAL },
	{ "zero+page", -EINVAL },
};

static void text_desc(const char *text, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "'%.*s'", (int)strcspn(text, "\n"), text);
}

static void range_desc(const struct range_text *t, char *desc)
{
	text_desc(t->text, desc);
}

KUNIT_ARRAY_PARAM(range, range_texts, range_desc);

static void forget_text(struct kunit *test)
{
	const struct range_text *t = test->param_value;
	unsigned long first, last;
	int ret;

	ret = coherent_parse_pages(t->text, &first, &last, BASE, LIMIT);
	KUNIT_ASSERT_EQ(test, t->ret, ret);
	if (ret)
		return;
	KUNIT_EXPECT_EQ(test, t->first, first);
	KUNIT_EXPECT_EQ(test, t->last, last);
}

/* The whole host: what the module's parameter is about */
static void forget_anywhere(struct kunit *test)
{
	unsigned long first, last;

	KUNIT_EXPECT_EQ(test, 0, coherent_parse_pages("0xfffffffffffff000+0x1000",
						      &first, &last, 0,
						      PHYS_PFN(PHYS_ADDR_MAX)));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(U64_MAX), first);
	KUNIT_EXPECT_EQ(test, first, last);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			coherent_parse_pages("0xfffffffffffff000+0x2000", &first,
					     &last, 0, PHYS_PFN(PHYS_ADDR_MAX)));
}

struct injection_text {
	const char *text;
	int ret;
	u64 offset, count, stride;
};

/* Into an aperture of 1 MiB */
static const struct injection_text injection_texts[] = {
	{ "0", 0, 0, 1, PAGE_SIZE },
	{ "0xfffff", 0, 0xfffff, 1, PAGE_SIZE },
	{ " 4096\n", 0, 4096, 1, PAGE_SIZE },
	{ "0 256", 0, 0, 256, PAGE_SIZE },
	{ "0x1000 3 0x10000", 0, 0x1000, 3, 0x10000 },
	{ "0 1 0", 0, 0, 1, 0 },
	{ "0 0x100000 1", 0, 0, 0x100000, 1 },
	{ "0 0x100001 1", -EINVAL },
	{ "0 257", -EINVAL },
	{ "0x100000", -EINVAL },
	{ "0xffffffffffffffff", -EINVAL },
	{ "1 0xffffffffffffffff 1", -EINVAL },
	{ "0 3 0x8000000000000000", -EINVAL },
	{ "0 0", -EINVAL },
	{ "0 2 0", -EINVAL },
	{ "", -EINVAL },
	{ "\n", -EINVAL },
	{ "page", -EINVAL },
	{ "0 1 2 3", -EINVAL },
	{ "0  1", -EINVAL },
	{ "0,1", -EINVAL },
	{ "-1", -EINVAL },
};

static void injection_desc(const struct injection_text *t, char *desc)
{
	text_desc(t->text, desc);
}

KUNIT_ARRAY_PARAM(injection, injection_texts, injection_desc);

static void injection_text(struct kunit *test)
{
	const struct injection_text *t = test->param_value;
	struct coherent_injection injection;
	char text[80];
	int ret;

	strscpy(text, t->text);
	ret = coherent_parse_injection(text, SZ_1M, &injection);
	KUNIT_ASSERT_EQ(test, t->ret, ret);
	if (ret)
		return;
	KUNIT_EXPECT_EQ(test, t->offset, injection.offset);
	KUNIT_EXPECT_EQ(test, t->count, injection.count);
	KUNIT_EXPECT_EQ(test, t->stride, injection.stride);
}

static struct kunit_case parse_cases[] = {
	KUNIT_CASE_PARAM(forget_text, range_gen_params),
	KUNIT_CASE(forget_anywhere),
	KUNIT_CASE_PARAM(injection_text, injection_gen_params),
	{ }
};

struct kunit_suite coherent_parse_suite = {
	.name = "coherent-parse",
	.test_cases = parse_cases,
};
