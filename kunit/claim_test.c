// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims on apertures and their quarantine. Whether another device may still write
 * to the memory is the test's to say here.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/property.h>
#include <linux/sizes.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "suites.h"

static bool others;

static bool are_there_others(struct iommu_group *ours, const struct device *self)
{
	return others;
}

static bool is_listed(struct kunit *test)
{
	char *page = (char *)__get_free_page(GFP_KERNEL);
	bool ret;

	KUNIT_ASSERT_NOT_NULL(test, page);
	ret = coherent_quarantine_list(page);
	free_page((unsigned long)page);
	return ret;
}

/* Bound, mapped or not, and unbound */
static struct pci_dev *come_and_go(struct kunit *test, bool mapped)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev = kunit_function(test, &spec);

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	if (mapped)
		coherent_claim_mapped(&kunit_device_of(pdev)->function->ap);
	device_release_driver(&pdev->dev);
	return pdev;
}

static void released_where_nobody_mapped(struct kunit *test)
{
	others = true;
	come_and_go(test, false);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_FALSE(test, is_listed(test));
}

static void released_where_nobody_else_is(struct kunit *test)
{
	others = false;
	come_and_go(test, true);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
}

static void kept_until_nobody_else_is(struct kunit *test)
{
	others = true;
	come_and_go(test, true);
	KUNIT_EXPECT_FALSE(test, kunit_is_free(KUNIT_FUNCTION_BASE, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, is_listed(test));
	others = false;
	KUNIT_EXPECT_FALSE(test, is_listed(test));
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
}

static void taken_over_and_kept_again(struct kunit *test)
{
	struct pci_dev *pdev;

	others = true;
	pdev = come_and_go(test, true);
	kunit_offer(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_FALSE(test, is_listed(test));
	/* An earlier user's mapping may still be there */
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_TRUE(test, is_listed(test));
	KUNIT_EXPECT_FALSE(test, kunit_is_free(KUNIT_FUNCTION_BASE, PAGE_SIZE));
	others = false;
}

static void lifted_by_range(struct kunit *test)
{
	const unsigned long first = PHYS_PFN(KUNIT_FUNCTION_BASE);
	const unsigned long last = first + PHYS_PFN(KUNIT_FUNCTION_SIZE) - 1;

	others = true;
	come_and_go(test, true);
	KUNIT_EXPECT_EQ(test, -ENOENT, coherent_quarantine_lift(first + 1, last));
	KUNIT_EXPECT_EQ(test, -ENOENT, coherent_quarantine_lift(first, last - 1));
	KUNIT_EXPECT_TRUE(test, is_listed(test));
	KUNIT_EXPECT_EQ(test, 0, coherent_quarantine_lift(first, last));
	KUNIT_EXPECT_EQ(test, -ENOENT, coherent_quarantine_lift(first, last));
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	others = false;
}

/* Who asks is being bound, and locked: that is not somebody else */
static void lifted_for_who_comes(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	const struct property_entry other_bounds[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, KUNIT_FUNCTION_BASE),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, KUNIT_FUNCTION_SIZE / 2),
		{ }
	};

	others = true;
	come_and_go(test, true);
	KUNIT_ASSERT_TRUE(test, is_listed(test));
	/* From here on it is asked for real, and there is nobody */
	kunit_deactivate_static_stub(test, coherent_foreign_dma);
	spec.properties = other_bounds;
	kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
}

static void not_bound_means_not_lifted(struct kunit *test)
{
	others = true;
	kunit_device(test);
	KUNIT_EXPECT_EQ(test, -ENOENT, coherent_quarantine_lift(0, ULONG_MAX));
	KUNIT_EXPECT_FALSE(test, kunit_is_free(KUNIT_FUNCTION_BASE, PAGE_SIZE));
}

static int claim_init(struct kunit *test)
{
	others = false;
	kunit_activate_static_stub(test, coherent_foreign_dma, are_there_others);
	return kunit_driver_init(test);
}

static struct kunit_case claim_cases[] = {
	KUNIT_CASE(released_where_nobody_mapped),
	KUNIT_CASE(released_where_nobody_else_is),
	KUNIT_CASE(kept_until_nobody_else_is),
	KUNIT_CASE(taken_over_and_kept_again),
	KUNIT_CASE(lifted_by_range),
	KUNIT_CASE(lifted_for_who_comes),
	KUNIT_CASE(not_bound_means_not_lifted),
	{ }
};

struct kunit_suite coherent_claim_suite = {
	.name = "coherent-claim",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = claim_init,
	.test_cases = claim_cases,
};
