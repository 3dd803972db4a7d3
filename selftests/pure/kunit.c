// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs suites of KUnit in userspace; a line of KTAP for each case and parameter.
 */
#include <stdlib.h>

#include <kunit/test.h>

static unsigned int tests, failures;

static void run_one(const struct kunit_suite *suite,
		    const struct kunit_case *test_case, const void *param,
		    const char *desc)
{
	struct kunit test = { .param_value = param };

	if (!setjmp(test.give_up))
		test_case->run(&test);
	failures += test.failed;
	printf("%sok %u %s: %s%s%s\n", test.failed ? "not " : "", ++tests,
	       suite->name, test_case->name, desc ? ": " : "", desc ?: "");
}

static void run_case(const struct kunit_suite *suite,
		     const struct kunit_case *test_case)
{
	char desc[KUNIT_PARAM_DESC_SIZE];
	const void *param = NULL;

	if (!test_case->params)
		return run_one(suite, test_case, NULL, NULL);
	while ((param = test_case->params(NULL, param, desc)))
		run_one(suite, test_case, param, desc);
}

int shim_run_suites(struct kunit_suite * const *suites)
{
	const struct kunit_case *test_case;

	printf("TAP version 13\n");
	for (; *suites; suites++)
		for (test_case = (*suites)->test_cases; test_case->run; test_case++)
			run_case(*suites, test_case);
	printf("1..%u\n", tests);
	return failures || !tests ? EXIT_FAILURE : EXIT_SUCCESS;
}
