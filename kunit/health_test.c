// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted of a function's failures, and what its state is called meanwhile.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/pci.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "opened.h"
#include "suites.h"

static struct coherent_health *health_of(struct coherent_device *cdev)
{
	return &cdev->function->ap.health;
}

static const char *state_of(struct coherent_device *cdev)
{
	return coherent_health_state(&cdev->function->ap);
}

static long counted(const atomic_long_t *counter)
{
	return atomic_long_read(counter);
}

/* An access that is refused because time has run out, again and again, is one failure */
static void not_ready_in_time(struct kunit *test)
{
	long before = coherent_health_readiness_failures();
	struct coherent_device *cdev;
	struct coherent_health *health;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	health = health_of(cdev);
	KUNIT_EXPECT_STREQ(test, "unchecked", state_of(cdev));
	KUNIT_ASSERT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_STREQ(test, "ready", state_of(cdev));
	for (long n = 1; n <= 2; n++) {
		kunit_ready_answer(-EAGAIN);
		kunit_reset(cdev);
		KUNIT_ASSERT_EQ(test, -EAGAIN, kunit_copy(cdev));
		KUNIT_EXPECT_EQ(test, n - 1, counted(&health->readiness_failures));
		KUNIT_EXPECT_STREQ(test, "unchecked", state_of(cdev));
		kunit_time_passes();
		KUNIT_ASSERT_EQ(test, -ETIME, kunit_copy(cdev));
		KUNIT_ASSERT_EQ(test, -ETIME, kunit_copy(cdev));
		KUNIT_EXPECT_EQ(test, n, counted(&health->readiness_failures));
		KUNIT_EXPECT_STREQ(test, "not-ready", state_of(cdev));
		KUNIT_EXPECT_EQ(test, before + n, coherent_health_readiness_failures());
	}
	kunit_ready_answer(0);
	KUNIT_ASSERT_EQ(test, 0, kunit_copy(cdev));
	KUNIT_EXPECT_STREQ(test, "ready", state_of(cdev));
	KUNIT_EXPECT_EQ(test, 2, counted(&health->readiness_failures));
}

/* So is an error instead of an answer, before any time limit */
static void no_answer(struct kunit *test)
{
	struct coherent_device *cdev;

	kunit_ready_answer(0);
	cdev = kunit_open(test);
	kunit_ready_answer(-ENODEV);
	KUNIT_ASSERT_EQ(test, -ENODEV, kunit_copy(cdev));
	KUNIT_EXPECT_EQ(test, 1, counted(&health_of(cdev)->readiness_failures));
	KUNIT_EXPECT_STREQ(test, "not-ready", state_of(cdev));
}

/* A link that is lost is lost once, however many tell of it */
static void errors_on_the_link(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);
	struct coherent_health *health = health_of(cdev);

	kunit_frozen(cdev);
	KUNIT_EXPECT_STREQ(test, "frozen", state_of(cdev));
	kunit_slot_reset(cdev);
	KUNIT_EXPECT_STREQ(test, "unchecked", state_of(cdev));
	KUNIT_EXPECT_EQ(test, 1, counted(&health->link_errors));
	KUNIT_EXPECT_EQ(test, 1, counted(&health->link_recoveries));
	KUNIT_EXPECT_EQ(test, 0, counted(&health->link_failures));

	kunit_frozen(cdev);
	kunit_failed(cdev);
	kunit_failed(cdev);
	KUNIT_EXPECT_STREQ(test, "failed", state_of(cdev));
	KUNIT_EXPECT_EQ(test, 2, counted(&health->link_errors));
	KUNIT_EXPECT_EQ(test, 1, counted(&health->link_recoveries));
	KUNIT_EXPECT_EQ(test, 1, counted(&health->link_failures));
	kunit_reset(cdev);
	KUNIT_EXPECT_STREQ(test, "unchecked", state_of(cdev));
}

/* The reasons that go by themselves */
static void shut_for_now(struct kunit *test)
{
	struct coherent_device *cdev = kunit_open(test);

	kunit_prepare(cdev);
	KUNIT_EXPECT_STREQ(test, "resetting", state_of(cdev));
	kunit_done(cdev);
	kunit_asleep(cdev);
	KUNIT_EXPECT_STREQ(test, "asleep", state_of(cdev));
	kunit_woken(cdev);
	KUNIT_EXPECT_STREQ(test, "unchecked", state_of(cdev));
}

static struct kunit_case health_cases[] = {
	KUNIT_CASE(not_ready_in_time),
	KUNIT_CASE(no_answer),
	KUNIT_CASE(errors_on_the_link),
	KUNIT_CASE(shut_for_now),
	{ }
};

struct kunit_suite coherent_health_suite = {
	.name = "coherent-health",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_opened_init,
	.test_cases = health_cases,
};
