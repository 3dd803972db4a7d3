/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of KUnit as the suites of the pure parts use (kunit/), for userspace:
 * the same sources are the tests there.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#define KUNIT_PARAM_DESC_SIZE	128

struct kunit {
	const void *param_value;
	bool failed;
	jmp_buf give_up;
};

struct kunit_case {
	const char *name;
	void (*run)(struct kunit *test);
	const void *(*params)(struct kunit *test, const void *prev, char *desc);
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(fn)			{ .name = #fn, .run = fn }
#define KUNIT_CASE_PARAM(fn, gen)	{ .name = #fn, .run = fn, .params = gen }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)				\
static const void *name##_gen_params(struct kunit *test, const void *prev,	\
				     char *desc)				\
{										\
	const typeof((array)[0]) *next = prev;					\
										\
	(void)test;								\
	next = next ? next + 1 : (array);					\
	if (next - (array) >= (long)ARRAY_SIZE(array))				\
		return NULL;							\
	get_desc(next, desc);							\
	return next;								\
}

#define KUNIT_FAIL(test, fmt, ...) do {						\
	printf("# %s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__);	\
	(test)->failed = true;							\
} while (0)

#define SHIM_EXPECT(test, condition, text, fmt, ...) ({				\
	bool shim_ok = (condition);						\
										\
	if (!shim_ok)								\
		KUNIT_FAIL(test, text " " fmt, ##__VA_ARGS__);			\
	shim_ok;								\
})

#define SHIM_ASSERT(...) do {							\
	if (!SHIM_EXPECT(__VA_ARGS__))						\
		longjmp(test->give_up, 1);					\
} while (0)

/* The expected value stands first; integers are compared as such */
#define SHIM_EQ(check, test, a, b) do {						\
	__int128 shim_a = (a), shim_b = (b);					\
										\
	check(test, shim_a == shim_b, #b, "is %lld, not %lld",			\
	      (long long)shim_b, (long long)shim_a);				\
} while (0)

#define KUNIT_EXPECT_EQ(test, a, b)	SHIM_EQ(SHIM_EXPECT, test, a, b)
#define KUNIT_ASSERT_EQ(test, a, b)	SHIM_EQ(SHIM_ASSERT, test, a, b)
#define KUNIT_EXPECT_EQ_MSG(test, a, b, fmt, ...)				\
	SHIM_EXPECT(test, (a) == (b), #a, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_GT_MSG(test, a, b, fmt, ...)				\
	SHIM_EXPECT(test, (a) > (b), #a, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE_MSG(test, condition, fmt, ...)			\
	SHIM_EXPECT(test, condition, #condition, fmt, ##__VA_ARGS__)
#define KUNIT_EXPECT_TRUE(test, condition)					\
	SHIM_EXPECT(test, condition, #condition, "is false")
#define KUNIT_EXPECT_FALSE(test, condition)					\
	SHIM_EXPECT(test, !(condition), #condition, "is true")
#define KUNIT_ASSERT_NOT_NULL(test, p)	SHIM_ASSERT(test, (p) != NULL, #p, "is NULL")

/* Not freed by the end of a case here: who allocates frees */
#define GFP_KERNEL			0

static inline void *kunit_kmalloc(struct kunit *test, size_t size, int gfp)
{
	(void)test;
	(void)gfp;
	return malloc(size);
}

static inline void kunit_kfree(struct kunit *test, void *p)
{
	(void)test;
	free(p);
}

int shim_run_suites(struct kunit_suite * const *suites);

#define kunit_test_suites(...)							\
int main(void)									\
{										\
	struct kunit_suite * const suites[] = { __VA_ARGS__, NULL };		\
										\
	return shim_run_suites(suites);						\
}

#endif
