// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger and the tree of pages against a model: one flag for each page.
 *
 * The apertures are nobody's memory and no device is bound to them: what is
 * tried here is what is remembered. What it does to mappings needs users:
 * selftests/test_poison*.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "../coherent/coherent.h"
#include "../coherent/poison/private.h"
#include "aperture.h"
#include "suites.h"

/* Pages that the model knows: the aperture, and some on both sides of it */
#define WINDOW		9
#define MARGIN		1
#define PAGES		(WINDOW - 2 * MARGIN)

struct model {
	bool bad[WINDOW];
	struct kunit_aperture *aperture;
};

static unsigned long window_pfn(const struct model *model, unsigned int i)
{
	return model->aperture->ledger->first - MARGIN + i;
}

static bool in_aperture(unsigned int i)
{
	return i >= MARGIN && i < MARGIN + PAGES;
}

static int ledger_init(struct kunit *test)
{
	struct model *model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, model);
	model->aperture = kunit_aperture(test, KUNIT_APERTURE_BASE, PAGES);
	test->priv = model;
	return 0;
}

static void model_set(struct model *model, unsigned int from, unsigned int to,
		      bool bad)
{
	unsigned int i;

	for (i = from; i <= to; i++)
		if (in_aperture(i))
			model->bad[i] = bad;
}

static void record(struct kunit *test, unsigned int from, unsigned int to)
{
	struct model *model = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			coherent_ledger_record(window_pfn(model, from),
					       window_pfn(model, to),
					       COHERENT_SOURCE_DEBUGFS,
					       COHERENT_NO_PFN));
	model_set(model, from, to, true);
}

static void forget(struct kunit *test, unsigned int from, unsigned int to)
{
	struct model *model = test->priv;

	KUNIT_ASSERT_EQ(test, 0,
			coherent_ledger_forget(window_pfn(model, from),
					       window_pfn(model, to)));
	model_set(model, from, to, false);
}

/* Ranges as they ought to be listed: neighbours are one */
static unsigned int model_ranges(const struct model *model,
				 struct coherent_poison_range *ranges)
{
	unsigned int i, n = 0;

	for (i = MARGIN; i < MARGIN + PAGES; i++) {
		if (!model->bad[i])
			continue;
		if (n && model->bad[i - 1])
			ranges[n - 1].length += PAGE_SIZE;
		else
			ranges[n++] = (struct coherent_poison_range) {
				PFN_PHYS(i - MARGIN), PAGE_SIZE,
			};
	}
	return n;
}

static bool list_is_right(struct kunit *test)
{
	const struct model *model = test->priv;
	const struct coherent_ledger *ledger = model->aperture->ledger;
	struct coherent_poison_range expected[PAGES], seen[PAGES + 1];
	size_t size = model_ranges(model, expected) * sizeof(*expected);

	return coherent_pages_list(ledger->first, ledger->last, 0, (char *)seen,
				   sizeof(seen)) == size &&
	       !memcmp(expected, seen, size);
}

/* What is asked of any range of pages */
static bool answers_are_right(struct kunit *test, unsigned int from,
			      unsigned int to)
{
	const struct model *model = test->priv;
	unsigned long next = ULONG_MAX, n = 0;
	unsigned int i;

	for (i = from; i <= to; i++) {
		if (model->bad[i] && next == ULONG_MAX)
			next = window_pfn(model, i);
		n += model->bad[i];
	}
	return coherent_poison_next(window_pfn(model, from),
				    window_pfn(model, to)) == next &&
	       coherent_pages_count(window_pfn(model, from),
				    window_pfn(model, to)) == n &&
	       coherent_poison_blocks(&model->aperture->function.ap,
				      window_pfn(model, from),
				      window_pfn(model, to)) == !!n;
}

static bool all_is_right(struct kunit *test)
{
	unsigned int from, to;

	for (from = 0; from < WINDOW; from++)
		for (to = from; to < WINDOW; to++)
			if (!answers_are_right(test, from, to)) {
				KUNIT_FAIL(test, "wrong from %u to %u", from, to);
				return false;
			}
	if (list_is_right(test))
		return true;
	KUNIT_FAIL(test, "the list is wrong");
	return false;
}

/* Any two ranges: apart, side by side, one over the other, over the ends */
static void any_two_recorded(struct kunit *test)
{
	unsigned int a, b, c, d;

	for (a = 0; a < WINDOW; a++)
		for (b = a; b < WINDOW; b++)
			for (c = 0; c < WINDOW; c++)
				for (d = c; d < WINDOW; d++) {
					record(test, a, b);
					record(test, c, d);
					if (!list_is_right(test)) {
						KUNIT_FAIL(test, "%u-%u and %u-%u", a, b, c, d);
						return;
					}
					forget(test, 0, WINDOW - 1);
				}
}

static void any_two_forgotten(struct kunit *test)
{
	unsigned int a, b, c, d;

	for (a = 0; a < WINDOW; a++)
		for (b = a; b < WINDOW; b++)
			for (c = a; c < WINDOW; c++)
				for (d = c; d < WINDOW; d++) {
					record(test, 0, WINDOW - 1);
					forget(test, a, b);
					forget(test, c, d);
					if (!list_is_right(test)) {
						KUNIT_FAIL(test, "%u-%u and %u-%u", a, b, c, d);
						return;
					}
				}
}

/* Every combination of good and bad pages, and all that can be asked of it */
static void every_pattern(struct kunit *test)
{
	unsigned int pattern, i;

	for (pattern = 0; pattern < BIT(PAGES); pattern++) {
		for (i = 0; i < PAGES; i++)
			if (pattern & BIT(i))
				record(test, MARGIN + i, MARGIN + i);
		if (!all_is_right(test))
			return;
		forget(test, 0, WINDOW - 1);
	}
}

/* sysfs reads the list in pieces of its own choice */
static void list_in_pieces(struct kunit *test)
{
	struct model *model = test->priv;
	const struct coherent_ledger *ledger = model->aperture->ledger;
	char whole[4 * sizeof(struct coherent_poison_range)], piece[sizeof(whole)];
	size_t off, n, i, size;

	for (i = 0; i < 4; i++)
		record(test, MARGIN + 2 * i, MARGIN + 2 * i);
	size = coherent_pages_list(ledger->first, ledger->last, 0, whole,
				   sizeof(whole));
	KUNIT_ASSERT_EQ(test, size, sizeof(whole));
	for (off = 0; off <= size + 1; off++)
		for (n = 0; n <= size; n++) {
			size_t left = off < size ? size - off : 0;

			i = coherent_pages_list(ledger->first, ledger->last, off, piece, n);
			KUNIT_ASSERT_EQ(test, i, min(n, left));
			KUNIT_ASSERT_MEMEQ(test, whole + min(off, size), piece, i);
		}
}

/* Of an access that ends anywhere, what is in front of the poison */
static void clip_before_poison(struct kunit *test)
{
	struct model *model = test->priv;
	struct coherent_region region = {
		.base = PFN_PHYS(model->aperture->ledger->first),
		.length = PFN_PHYS(PAGES),
	};
	const struct coherent_window win = { .region = &region };
	static const int near[] = { -1, 0, 1 };
	unsigned int bad, from, i, j;

	for (bad = 0; bad < PAGES; bad++) {
		u64 poison = PFN_PHYS(bad);

		record(test, MARGIN + bad, MARGIN + bad);
		for (from = 0; from < PAGES; from++)
			for (i = from ? 0 : 1; i < ARRAY_SIZE(near); i++)
				for (j = 0; j < ARRAY_SIZE(near); j++) {
					u64 off = PFN_PHYS(from) + near[i];
					u64 end = PFN_PHYS(PAGES - 1) + near[j];
					u64 expected = end - off;

					if (off >= end)
						continue;
					if (off < poison + PAGE_SIZE && end > poison)
						expected = poison > off ? poison - off : 0;
					KUNIT_ASSERT_EQ(test, expected,
							coherent_poison_clip(&win, off, end - off));
				}
		forget(test, 0, WINDOW - 1);
	}
}

/* What a policy says of mapping, it does not say of file I/O */
static void policies(struct kunit *test)
{
	struct model *model = test->priv;
	struct kunit_aperture *aperture = model->aperture;
	unsigned long bad = aperture->ledger->first + 3;
	struct coherent_region region = {
		.base = PFN_PHYS(aperture->ledger->first),
		.length = PFN_PHYS(PAGES),
	};
	const struct coherent_window win = { .region = &region };
	enum coherent_policy policy;

	record(test, MARGIN + 3, MARGIN + 3);
	for (policy = COHERENT_POISON_AUTO; policy <= COHERENT_POISON_KEEP; policy++) {
		coherent_ledger_set_policy(aperture->ledger, policy);
		KUNIT_EXPECT_EQ(test, policy != COHERENT_POISON_KEEP,
				coherent_poison_blocks(&aperture->function.ap, bad, bad));
		KUNIT_EXPECT_EQ(test, 0, coherent_poison_clip(&win, 3 * PAGE_SIZE, 1));
	}
	/* It belongs to the aperture, not to the device */
	KUNIT_EXPECT_EQ(test, 0, coherent_ledger_attach(&aperture->function.ap,
							COHERENT_POISON_AUTO));
	coherent_ledger_detach(&aperture->function.ap);
	KUNIT_EXPECT_EQ(test, COHERENT_POISON_KEEP, aperture->ledger->policy);
	coherent_ledger_set_policy(aperture->ledger, COHERENT_POISON_AUTO);
}

/* Two views of the same pages: what is known goes by page */
static void apertures_overlap(struct kunit *test)
{
	const u64 base = KUNIT_APERTURE_BASE + SZ_512M;
	struct coherent_ledger *one, *other;

	one = kunit_aperture(test, base, PAGES)->ledger;
	other = kunit_aperture(test, base + PFN_PHYS(PAGES / 2), PAGES)->ledger;
	KUNIT_ASSERT_PTR_NE(test, one, other);
	KUNIT_ASSERT_EQ(test, 0,
			coherent_ledger_record(one->first - 1, other->last + 1,
					       COHERENT_SOURCE_DEBUGFS,
					       COHERENT_NO_PFN));
	KUNIT_EXPECT_EQ(test, PAGES, coherent_ledger_count(one));
	KUNIT_EXPECT_EQ(test, PAGES, coherent_ledger_count(other));
	KUNIT_EXPECT_EQ(test, PAGES + PAGES / 2,
			coherent_pages_count(one->first - 1, other->last + 1));
	coherent_ledger_forget(other->first, one->last);
	KUNIT_EXPECT_EQ(test, PAGES / 2, coherent_ledger_count(one));
	KUNIT_EXPECT_EQ(test, PAGES / 2, coherent_ledger_count(other));
	coherent_ledger_forget(one->first, other->last);
	KUNIT_EXPECT_EQ(test, 0, coherent_pages_count(one->first, other->last));
}

static void watches(struct kunit *test)
{
	struct model *model = test->priv;
	unsigned int from, to;

	for (from = 0; from < WINDOW; from++)
		for (to = from; to < WINDOW; to++) {
			KUNIT_EXPECT_EQ(test, in_aperture(from) && in_aperture(to),
					coherent_ledger_contains(window_pfn(model, from),
								 window_pfn(model, to)));
			KUNIT_EXPECT_EQ(test,
					to >= MARGIN && from < MARGIN + PAGES,
					coherent_ledger_watches(window_pfn(model, from),
								window_pfn(model, to),
								COHERENT_SOURCE_GHES));
		}
}

/* So many ranges that the tree has several levels, cleared by one store */
static void many_ranges(struct kunit *test)
{
	const unsigned long n = 10000;
	struct coherent_ledger *ledger =
		kunit_aperture(test, KUNIT_APERTURE_BASE + SZ_1G, 2 * n)->ledger;
	unsigned long i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, 0,
				coherent_ledger_record(ledger->first + 2 * i,
						       ledger->first + 2 * i,
						       COHERENT_SOURCE_DEBUGFS,
						       COHERENT_NO_PFN));
	KUNIT_EXPECT_EQ(test, n, coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, ledger->first + 5000,
			coherent_poison_next(ledger->first + 4999, ledger->last));
	coherent_ledger_forget(ledger->first, ledger->last);
	KUNIT_EXPECT_EQ(test, 0, coherent_ledger_count(ledger));
	rcu_barrier();
}

static void locked_spill(unsigned long first, unsigned long last)
{
	raw_spin_lock_irq(&coherent_queue_lock);
	coherent_spill_add(first, last);
	raw_spin_unlock_irq(&coherent_queue_lock);
}

static bool locked_take(unsigned long *first, unsigned long *last)
{
	bool found;

	raw_spin_lock_irq(&coherent_queue_lock);
	found = coherent_spill_take(first, last);
	raw_spin_unlock_irq(&coherent_queue_lock);
	return found;
}

/* What was spilled comes back once, as one range that covers it all */
static void spill(struct kunit *test)
{
	struct model *model = test->priv;
	struct coherent_ledger *ledger = model->aperture->ledger;
	unsigned long first = ledger->first, last, seen;

	KUNIT_EXPECT_FALSE(test, locked_take(&seen, &last));
	locked_spill(first + 5, first + 5);
	locked_spill(first + 2, first + 3);
	locked_spill(first + 100, first + 101);
	KUNIT_ASSERT_TRUE(test, locked_take(&seen, &last));
	KUNIT_EXPECT_EQ(test, first + 2, seen);
	KUNIT_EXPECT_EQ(test, first + 5, last);
	KUNIT_EXPECT_FALSE(test, locked_take(&seen, &last));

	/* Past both ends */
	locked_spill(first + 1, first + 1);
	locked_spill(first - 1, ledger->last + 1);
	KUNIT_ASSERT_TRUE(test, locked_take(&seen, &last));
	KUNIT_EXPECT_EQ(test, first, seen);
	KUNIT_EXPECT_EQ(test, ledger->last, last);
}

static struct kunit_case ledger_cases[] = {
	KUNIT_CASE(any_two_recorded),
	KUNIT_CASE(any_two_forgotten),
	KUNIT_CASE(every_pattern),
	KUNIT_CASE(list_in_pieces),
	KUNIT_CASE(clip_before_poison),
	KUNIT_CASE(policies),
	KUNIT_CASE(apertures_overlap),
	KUNIT_CASE(watches),
	KUNIT_CASE(many_ranges),
	KUNIT_CASE(spill),
	{ }
};

struct kunit_suite coherent_ledger_suite = {
	.name = "coherent-ledger",
	.init = ledger_init,
	.test_cases = ledger_cases,
};
