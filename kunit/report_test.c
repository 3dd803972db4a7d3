// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a source to the ledger: the queue, what does not fit into it, and resets
 * that heal.
 *
 * Holding coherent_ledger_lock holds the worker: what is reported stays in the
 * queue until it is let go.
 */
#include <kunit/test.h>
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "../coherent/poison/private.h"
#include "aperture.h"
#include "suites.h"

/* As many as the queue takes; a page between each two is good */
#define QUEUE_LENGTH	16384
#define PAGES		(3 * QUEUE_LENGTH)

static int report_init(struct kunit *test)
{
	test->priv = kunit_aperture(test, KUNIT_APERTURE_BASE + 2ULL * SZ_1G, PAGES);
	return 0;
}

static struct coherent_ledger *ledger_of(struct kunit *test)
{
	struct kunit_aperture *aperture = test->priv;

	return aperture->ledger;
}

static void report_page(struct coherent_ledger *ledger, unsigned long page)
{
	coherent_report(PFN_PHYS(ledger->first + page), 1,
			COHERENT_SOURCE_DEBUGFS, false);
}

static unsigned long count_after_flush(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	return coherent_ledger_count(ledger_of(test));
}

struct width {
	const char *name;
	u64 addr, width;
	unsigned long first, pages;
};

static const struct width widths[] = {
	{ "a byte", 0x3fff, 1, 3, 1 },
	{ "a cache line", 0x3000, 64, 3, 1 },
	{ "a page", 0x3800, SZ_4K, 3, 1 },
	{ "two pages", 0x3800, SZ_8K, 2, 2 },
	{ "two pages, from the second", 0x2000, SZ_8K, 2, 2 },
	{ "64 KiB", 0x12345, SZ_64K, 16, 16 },
	{ "2 MiB", 0x234567, SZ_2M, 512, 512 },
	{ "16 MiB", 0x1234567, SZ_16M, 0x1000, 0x1000 },
	{ "128 MiB", 0x5000, SZ_128M, 0, 0x8000 },
	{ "the block ends behind the aperture", 0x5000, SZ_256M, 5, 1 },
	{ "everything", 0x5000, 1ULL << 63, 5, 1 },
};

static void width_desc(const struct width *width, char *desc)
{
	strscpy(desc, width->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(width, widths, width_desc);

static void how_much_is_bad(struct kunit *test)
{
	const struct width *t = test->param_value;
	struct coherent_ledger *ledger = ledger_of(test);

	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "numbers are for 4 KiB pages");
	coherent_report(PFN_PHYS(ledger->first) + t->addr, t->width,
			COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, t->pages, count_after_flush(test));
	KUNIT_EXPECT_EQ(test, ledger->first + t->first,
			coherent_poison_next(ledger->first, ledger->last));
}

/* A bank of memory is, a rank of it is not; whatever the page size */
static void wide_but_within(struct kunit *test)
{
	const u64 base = KUNIT_APERTURE_BASE + 16ULL * SZ_1G;
	struct coherent_ledger *ledger =
		kunit_aperture(test, base, PHYS_PFN(4ULL * SZ_1G))->ledger;

	coherent_report(base + 5ULL * PAGE_SIZE, 2ULL * SZ_1G, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 1, coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, ledger->first + 5,
			coherent_poison_next(ledger->first, ledger->last));
	coherent_report(base + 3ULL * SZ_1G - 1, SZ_1G, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 1 + PHYS_PFN(SZ_1G), coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(SZ_1G),
			coherent_pages_count(PHYS_PFN(base + 2ULL * SZ_1G),
					     PHYS_PFN(base + 3ULL * SZ_1G) - 1));
}

/* Of a block that is partly somebody else's: all that is ours, or one page */
static void wide_across_the_end(struct kunit *test)
{
	const u64 base = KUNIT_APERTURE_BASE + 32ULL * SZ_1G;
	const unsigned long pages = PHYS_PFN(SZ_2M + SZ_1M);
	struct coherent_ledger *ledger = kunit_aperture(test, base, pages)->ledger;

	coherent_report(base + SZ_2M, SZ_4M, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, 1, coherent_ledger_count(ledger));
	coherent_report(base + SZ_2M + SZ_1M, SZ_2M, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, PHYS_PFN(SZ_1M), coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(base + SZ_2M),
			coherent_poison_next(ledger->first, ledger->last));
}

static void over_the_edges(struct kunit *test)
{
	struct coherent_ledger *ledger = ledger_of(test);

	coherent_report(PFN_PHYS(ledger->first) - 1, 1, COHERENT_SOURCE_DEBUGFS, false);
	coherent_report(PFN_PHYS(ledger->last + 1), 1, COHERENT_SOURCE_DEBUGFS, false);
	coherent_report(0, 1, COHERENT_SOURCE_DEBUGFS, false);
	coherent_report(~0ULL, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 0, count_after_flush(test));
	coherent_report(PFN_PHYS(ledger->first), 1, COHERENT_SOURCE_DEBUGFS, false);
	coherent_report(PFN_PHYS(ledger->last + 1) - 1, 1, COHERENT_SOURCE_DEBUGFS, false);
	KUNIT_EXPECT_EQ(test, 2, count_after_flush(test));
}

/* @n errors, with a good page between each two */
static void fill_queue(struct coherent_ledger *ledger, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		report_page(ledger, 2 * i);
}

/* Whoever gives memory back waits as well as who only wants to know */
static void drained(struct kunit *test)
{
	struct coherent_ledger *ledger = ledger_of(test);

	fill_queue(ledger, QUEUE_LENGTH);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_drain());
	KUNIT_EXPECT_EQ(test, QUEUE_LENGTH, coherent_ledger_count(ledger));
}

static void queue_just_full(struct kunit *test)
{
	scoped_guard(mutex, &coherent_ledger_lock)
		fill_queue(ledger_of(test), QUEUE_LENGTH);
	KUNIT_EXPECT_EQ(test, QUEUE_LENGTH, count_after_flush(test));
}

static void queue_one_too_many(struct kunit *test)
{
	scoped_guard(mutex, &coherent_ledger_lock)
		fill_queue(ledger_of(test), QUEUE_LENGTH + 1);
	KUNIT_EXPECT_EQ(test, QUEUE_LENGTH + 1, count_after_flush(test));
}

/* All between those that are too many is taken for bad, and nothing else */
static void queue_overflows(struct kunit *test)
{
	struct coherent_ledger *ledger = ledger_of(test), *other;
	unsigned long first = ledger->first;
	unsigned int i;

	other = kunit_aperture(test, KUNIT_APERTURE_BASE + 8ULL * SZ_1G, 100)->ledger;
	scoped_guard(mutex, &coherent_ledger_lock) {
		fill_queue(ledger, QUEUE_LENGTH);
		report_page(ledger, 2 * QUEUE_LENGTH + 50);
		report_page(other, 7);
		report_page(ledger, 2 * QUEUE_LENGTH + 20);
		report_page(ledger, 2 * QUEUE_LENGTH + 30);
	}
	KUNIT_EXPECT_EQ(test, QUEUE_LENGTH + 31, count_after_flush(test));
	KUNIT_EXPECT_EQ(test, 31, coherent_pages_count(first + 2 * QUEUE_LENGTH + 20,
						       first + 2 * QUEUE_LENGTH + 50));
	KUNIT_EXPECT_EQ(test, 1, coherent_ledger_count(other));
	KUNIT_EXPECT_EQ(test, other->first + 7,
			coherent_poison_next(other->first, other->last));
	for (i = 0; i < QUEUE_LENGTH; i++)
		KUNIT_ASSERT_EQ(test, first + 2 * i,
				coherent_poison_next(first + 2 * i, first + 2 * i + 1));
}

/* What an administrator forgets was reported before, queued or not */
static void forget_what_is_queued(struct kunit *test)
{
	struct coherent_ledger *ledger = ledger_of(test);

	scoped_guard(mutex, &coherent_ledger_lock)
		fill_queue(ledger, 100);
	KUNIT_EXPECT_EQ(test, 0, coherent_report_forget(ledger->first,
							ledger->first + 99));
	KUNIT_EXPECT_EQ(test, 50, count_after_flush(test));
	KUNIT_EXPECT_EQ(test, 0, coherent_report_forget(ledger->first, ledger->last));
	KUNIT_EXPECT_EQ(test, 0, count_after_flush(test));
}

/*
 * What happens to a device that has page 1 bad, letter by letter: R a reset
 * begins, O the memory is seen ready, E page 9 goes bad, A an administrator says
 * so, X a page of another aperture goes bad, F the queue is filled.
 */
struct healing {
	const char *events;
	unsigned long left;
};

static const struct healing healings[] = {
	{ "", 1 },
	{ "R", 1 },
	{ "O", 1 },
	{ "OR", 1 },
	{ "RO", 0 },
	{ "ROO", 0 },
	{ "RRO", 0 },
	{ "ERO", 0 },
	{ "REO", 2 },
	{ "REOO", 2 },
	{ "ARO", 0 },
	{ "RAO", 2 },
	{ "ROA", 1 },
	{ "ROE", 1 },
	{ "REORO", 0 },
	{ "ROERO", 0 },
	{ "RERO", 0 },
	{ "RXO", 0 },
	{ "FRO", 2 },
	{ "FROO", 2 },
};

static void healing_desc(const struct healing *healing, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "events '%s'", healing->events);
}

KUNIT_ARRAY_PARAM(healing, healings, healing_desc);

static void healing_event(struct coherent_ledger *ledger,
			  struct coherent_ledger *other, char event)
{
	switch (event) {
	case 'R':
		coherent_queue_healing(ledger);
		break;
	case 'O':
		coherent_queue_healed(ledger);
		break;
	case 'E':
		report_page(ledger, 9);
		break;
	case 'A':
		coherent_report_pages(ledger->first + 9, ledger->first + 9,
				      COHERENT_SOURCE_ADMIN);
		break;
	case 'X':
		report_page(other, 0);
		break;
	case 'F':
		/* One page is as good as many here, and recorded faster */
		for (unsigned int i = 0; i < QUEUE_LENGTH; i++)
			report_page(ledger, 9);
		break;
	}
}

static void healing(struct kunit *test)
{
	const struct healing *t = test->param_value;
	struct coherent_ledger *ledger = ledger_of(test), *other;
	const char *event;

	other = kunit_aperture(test, KUNIT_APERTURE_BASE + 8ULL * SZ_1G, 100)->ledger;
	ledger->heals = false;
	report_page(ledger, 1);
	KUNIT_ASSERT_EQ(test, 1, count_after_flush(test));
	/* As fast as can be, and with time in between */
	scoped_guard(mutex, &coherent_ledger_lock)
		for (event = t->events; *event; event++)
			healing_event(ledger, other, *event);
	KUNIT_EXPECT_EQ(test, t->left, count_after_flush(test));
	KUNIT_EXPECT_EQ(test, !!strchr(t->events, 'X'), coherent_ledger_count(other));

	if (strchr(t->events, 'F'))
		return;
	KUNIT_ASSERT_EQ(test, 0, coherent_report_forget(ledger->first, ledger->last));
	ledger->heals = false;
	report_page(ledger, 1);
	for (event = t->events; *event; event++) {
		healing_event(ledger, other, *event);
		coherent_queue_flush();
	}
	KUNIT_EXPECT_EQ(test, t->left, count_after_flush(test));
}

static struct kunit_case report_cases[] = {
	KUNIT_CASE_PARAM(how_much_is_bad, width_gen_params),
	KUNIT_CASE(wide_but_within),
	KUNIT_CASE(wide_across_the_end),
	KUNIT_CASE(over_the_edges),
	KUNIT_CASE(drained),
	KUNIT_CASE(queue_just_full),
	KUNIT_CASE(queue_one_too_many),
	KUNIT_CASE(queue_overflows),
	KUNIT_CASE(forget_what_is_queued),
	KUNIT_CASE_PARAM(healing, healing_gen_params),
	{ }
};

struct kunit_suite coherent_report_suite = {
	.name = "coherent-report",
	.init = report_init,
	.test_cases = report_cases,
};
