// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clipping of file accesses. Needs nothing of the kernel's.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/types.h>

#include "coherent_layout.h"
#include "suites.h"

#define PAGE	4096ULL

static bool clips_to(struct kunit *test, u64 length, u64 bar, u64 pos,
		     u64 count, u64 device, u64 tail)
{
	struct coherent_region region = { .length = length, .bar_size = bar };
	struct coherent_clip clip = { 99, 99 };
	int ret = coherent_clip(&region, pos, count, &clip);

	if (!ret && clip.device == device && clip.tail == tail)
		return true;
	KUNIT_FAIL(test, "length %#llx bar %#llx pos %#llx count %#llx: %d, %llu + %llu",
		   length, bar, pos, count, ret, clip.device, clip.tail);
	return false;
}

static bool refused(struct kunit *test, u64 bar, u64 pos, u64 count)
{
	struct coherent_region region = { .length = bar, .bar_size = bar };
	struct coherent_clip clip;

	if (coherent_clip(&region, pos, count, &clip) == -EINVAL)
		return true;
	KUNIT_FAIL(test, "bar %#llx pos %#llx accepted", bar, pos);
	return false;
}

/* Every access of every small BAR, counted byte by byte */
static void every_small_access(struct kunit *test)
{
	u64 bar, length, pos, count, i;

	for (bar = 1; bar <= 32; bar *= 2)
		for (length = 0; length <= bar; length++)
			for (count = 0; count <= 2 * bar + 2; count++)
				for (pos = 0; pos < bar + 2; pos++) {
					u64 device = 0, tail = 0;

					for (i = pos; i < pos + count && i < bar; i++) {
						device += i < length;
						tail += i >= length;
					}
					if (pos >= bar ? !refused(test, bar, pos, count) :
					    !clips_to(test, length, bar, pos, count, device, tail))
						return;
				}
}

/* Around both boundaries of BARs of every size, near and far counts */
static void every_boundary(struct kunit *test)
{
	unsigned int shift;

	for (shift = 12; shift <= 40; shift++) {
		u64 bar = 1ULL << shift, length = bar - (shift > 12) * PAGE;
		u64 tail = bar - length;

		if (!clips_to(test, length, bar, 0, U64_MAX, length, tail) ||
		    !clips_to(test, length, bar, 0, 0, 0, 0) ||
		    !clips_to(test, length, bar, length - 1, 1, 1, 0) ||
		    !clips_to(test, length, bar, length - 1, 2, 1, !!tail) ||
		    !clips_to(test, length, bar, length - 1, U64_MAX, 1, tail) ||
		    !clips_to(test, length, bar, bar - 1, 1, !tail, !!tail) ||
		    !clips_to(test, length, bar, bar - 1, U64_MAX, !tail, !!tail) ||
		    !refused(test, bar, bar, 0) || !refused(test, bar, bar, 1) ||
		    !refused(test, bar, bar + 1, U64_MAX) ||
		    !refused(test, bar, U64_MAX, U64_MAX))
			return;
		if (tail &&
		    (!clips_to(test, length, bar, length, 1, 0, 1) ||
		     !clips_to(test, length, bar, length, tail + 1, 0, tail)))
			return;
	}
}

static void largest_numbers(struct kunit *test)
{
	clips_to(test, (1ULL << 63) - PAGE, 1ULL << 63, (1ULL << 63) - PAGE - 1,
		 U64_MAX, 1, PAGE);
	clips_to(test, 1ULL << 63, 1ULL << 63, 1, U64_MAX, (1ULL << 63) - 1, 0);
}

static struct kunit_case clip_cases[] = {
	KUNIT_CASE(every_small_access),
	KUNIT_CASE(every_boundary),
	KUNIT_CASE(largest_numbers),
	{ }
};

struct kunit_suite coherent_clip_suite = {
	.name = "coherent-clip",
	.test_cases = clip_cases,
};
