// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that come before their aperture: what is kept of them, for how long,
 * and what of it an aperture gets that comes later.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "../coherent/poison/private.h"
#include "aperture.h"
#include "suites.h"

/* Beside the apertures of all other suites */
#define BASE		(KUNIT_APERTURE_BASE + 64ULL * SZ_1G)
#define FIRST		PHYS_PFN(BASE)
#define LAST		(FIRST + PHYS_PFN(SZ_16M) - 1)

static void forget_all(void)
{
	struct coherent_stray stray;

	while (coherent_stray_take(0, PHYS_PFN(PHYS_ADDR_MAX), &stray))
		;
}

static int stray_init(struct kunit *test)
{
	forget_all();
	return 0;
}

static void stray_exit(struct kunit *test)
{
	forget_all();
}

static void report(u64 addr, u64 width, enum coherent_source source)
{
	coherent_report(addr, width, source, true);
}

static void report_page(unsigned long page)
{
	report(BASE + PFN_PHYS(page), 1, COHERENT_SOURCE_GHES);
}

/* How many are kept of a range, which takes them out */
static unsigned int kept(unsigned long first, unsigned long last)
{
	struct coherent_stray stray;
	unsigned int n = 0;

	while (coherent_stray_take(first, last, &stray))
		n++;
	return n;
}

static void expect_taken(struct kunit *test, unsigned long from, unsigned long to,
			 enum coherent_source source)
{
	struct coherent_stray stray;

	KUNIT_ASSERT_TRUE(test, coherent_stray_take(FIRST, LAST, &stray));
	KUNIT_EXPECT_EQ(test, FIRST + from, stray.first);
	KUNIT_EXPECT_EQ(test, FIRST + to, stray.last);
	KUNIT_EXPECT_EQ(test, source, stray.source);
}

/* A row that fails page by page, in any order and twice, is one error */
static void merged(struct kunit *test)
{
	static const u8 order[] = { 4, 2, 6, 3, 3, 5, 9 };

	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++)
		report_page(order[i]);
	report(BASE + PFN_PHYS(7), 1, COHERENT_SOURCE_MCE);
	expect_taken(test, 2, 6, COHERENT_SOURCE_GHES);
	expect_taken(test, 9, 9, COHERENT_SOURCE_GHES);
	expect_taken(test, 7, 7, COHERENT_SOURCE_MCE);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, LAST));
}

static void oldest_dropped(struct kunit *test)
{
	for (unsigned int i = 0; i < COHERENT_MAX_STRAYS; i++)
		report_page(2 * i);
	/* Those merge with what is there */
	report_page(0);
	report_page(1);
	KUNIT_EXPECT_EQ(test, COHERENT_MAX_STRAYS - 1, kept(FIRST, LAST));

	for (unsigned int i = 0; i < COHERENT_MAX_STRAYS + 2; i++)
		report_page(2 * i);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, FIRST + 3));
	KUNIT_EXPECT_EQ(test, COHERENT_MAX_STRAYS, kept(FIRST, LAST));
}

/* A part is taken, what lies on both sides is still there */
static void taken_in_parts(struct kunit *test)
{
	struct coherent_stray stray;

	report(BASE, 16 * PAGE_SIZE, COHERENT_SOURCE_GHES);
	KUNIT_ASSERT_TRUE(test, coherent_stray_take(FIRST + 4, FIRST + 7, &stray));
	KUNIT_EXPECT_EQ(test, FIRST + 4, stray.first);
	KUNIT_EXPECT_EQ(test, FIRST + 7, stray.last);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST + 4, FIRST + 7));
	expect_taken(test, 0, 3, COHERENT_SOURCE_GHES);
	expect_taken(test, 8, 15, COHERENT_SOURCE_GHES);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, LAST));
}

/* What is put back may have no room, as any other */
static void parts_when_full(struct kunit *test)
{
	for (unsigned int i = 1; i < COHERENT_MAX_STRAYS; i++)
		report_page(4 * i);
	report(BASE + PFN_PHYS(1024), 4 * PAGE_SIZE, COHERENT_SOURCE_GHES);
	KUNIT_EXPECT_EQ(test, 1, kept(FIRST + 1025, FIRST + 1025));
	/* The first page, that was the oldest, for the second part */
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST + 4, FIRST + 4));
	KUNIT_EXPECT_EQ(test, 2, kept(FIRST + 1024, FIRST + 1027));
	KUNIT_EXPECT_EQ(test, COHERENT_MAX_STRAYS - 2, kept(FIRST, LAST));
}

/* How wide it was is judged by the aperture that it turns out to be in */
static void doubtful(struct kunit *test)
{
	struct coherent_stray stray;

	report(BASE + SZ_4M + SZ_4K, SZ_8M, COHERENT_SOURCE_GHES);
	report(BASE + SZ_4M + SZ_4K, SZ_8M, COHERENT_SOURCE_GHES);
	/* Half of the block, without the page */
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, FIRST + PHYS_PFN(SZ_4M) - 1));
	expect_taken(test, 0, PHYS_PFN(SZ_8M) - 1, COHERENT_SOURCE_GHES);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, LAST));

	report(BASE + SZ_4M + SZ_4K, SZ_8M, COHERENT_SOURCE_GHES);
	KUNIT_ASSERT_TRUE(test, coherent_stray_take(FIRST + PHYS_PFN(SZ_4M),
						    FIRST + PHYS_PFN(SZ_8M) - 1,
						    &stray));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(BASE + SZ_4M + SZ_4K), stray.first);
	KUNIT_EXPECT_EQ(test, stray.first, stray.last);
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, LAST));

	/* Wider than is ever believed */
	report(BASE + SZ_4K, 1ULL << 40, COHERENT_SOURCE_GHES);
	KUNIT_ASSERT_TRUE(test, coherent_stray_take(FIRST, LAST, &stray));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(BASE + SZ_4K), stray.first);
	KUNIT_EXPECT_EQ(test, stray.first, stray.last);
}

static void not_of_ram(struct kunit *test)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	unsigned long pfn = PHYS_PFN(virt_to_phys((void *)page));

	KUNIT_ASSERT_NE(test, 0, page);
	report(PFN_PHYS(pfn), 1, COHERENT_SOURCE_MEMORY_FAILURE);
	KUNIT_EXPECT_EQ(test, 0, kept(pfn, pfn));
	free_page(page);
}

/* An aperture gets what is its own, from its first user on; others keep theirs */
static void given_to_its_aperture(struct kunit *test)
{
	struct coherent_ledger *ledger;

	report_page(0x101);
	report_page(0x110);
	report_page(0x111);
	report_page(0x200);
	ledger = kunit_aperture(test, BASE + PFN_PHYS(0x100), 0x100)->ledger;
	coherent_report_strays(ledger);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 3, coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, 2, coherent_pages_count(FIRST + 0x110, FIRST + 0x111));
	KUNIT_EXPECT_EQ(test, 1, kept(FIRST, LAST));

	/* Now that it is known they are not kept any more */
	report_page(0x120);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 4, coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST, LAST));
}

static void cleared(struct kunit *test)
{
	report_page(1);
	report_page(5);
	KUNIT_EXPECT_EQ(test, 0, coherent_report_forget(FIRST, FIRST + 3));
	KUNIT_EXPECT_EQ(test, 0, kept(FIRST + 1, FIRST + 1));
	KUNIT_EXPECT_EQ(test, 1, kept(FIRST, LAST));
}

/*
 * A GiB that has a part of an aperture in it, reported for a page that is in none: it
 * is not believed, and who keeps it and who reports it agree on that.
 */
static void wide_over_the_end(struct kunit *test)
{
	struct kunit_aperture *aperture;

	aperture = kunit_aperture(test, KUNIT_APERTURE_BASE, 16);
	coherent_report(KUNIT_APERTURE_BASE + SZ_512M, SZ_1G,
			COHERENT_SOURCE_GHES, true);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 0, coherent_ledger_count(aperture->ledger));
	/* For a page of the aperture it is that page */
	coherent_report(KUNIT_APERTURE_BASE + PAGE_SIZE, SZ_1G,
			COHERENT_SOURCE_GHES, true);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 1, coherent_ledger_count(aperture->ledger));
}

static struct kunit_case stray_cases[] = {
	KUNIT_CASE(merged),
	KUNIT_CASE(oldest_dropped),
	KUNIT_CASE(taken_in_parts),
	KUNIT_CASE(parts_when_full),
	KUNIT_CASE(doubtful),
	KUNIT_CASE(not_of_ram),
	KUNIT_CASE(given_to_its_aperture),
	KUNIT_CASE(wide_over_the_end),
	KUNIT_CASE(cleared),
	{ }
};

struct kunit_suite coherent_stray_suite = {
	.name = "coherent-stray",
	.init = stray_init,
	.exit = stray_exit,
	.test_cases = stray_cases,
};
