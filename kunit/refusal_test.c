// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe, on software functions, by a driver and a backend of the test's own: every way
 * of being refused, and that nothing is left of it.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "../coherent/pci/pci.h"
#include "driver.h"
#include "suites.h"

struct refusal {
	const char *name;
	int ret;
	void (*prepare)(struct kunit *test, struct soft_spec *spec);
};

/* What stands in the way is there before the function comes */
static void claimed(struct kunit *test, struct soft_spec *spec)
{
	kunit_claim(test, kunit_base_of(1) - PAGE_SIZE, PAGE_SIZE);
}

static void no_ready_bar(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.ready_bar = 0;
	kunit_ready_answer(0);
}

static void broken(struct kunit *test, struct soft_spec *spec)
{
	kunit_ready_answer(-EIO);
}

static void never_ready(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.ready_timeout_ms = 5;
	kunit_ready_answer(-EAGAIN);
}

static int bad_pages_fail(struct coherent_device *cdev)
{
	return -EUCLEAN;
}

static void bad_pages_refuse(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.bad_pages = bad_pages_fail;
}

static int bad_pages_wrong(struct coherent_device *cdev)
{
	return coherent_bad_page(cdev, KUNIT_FUNCTION_BASE, 0);
}

static void bad_page_empty(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.bad_pages = bad_pages_wrong;
}

static int bad_pages_wrapping(struct coherent_device *cdev)
{
	return coherent_bad_page(cdev, KUNIT_FUNCTION_BASE, U64_MAX);
}

static void bad_page_wraps(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.bad_pages = bad_pages_wrapping;
}

/* bad_pages() is where a test gets hold of the device in mid-probe */
static int take_directory(struct coherent_device *cdev)
{
	static struct attribute attr = { .name = "kunit", .mode = 0400 };
	static struct attribute *attrs[] = { &attr, NULL };
	static const struct attribute_group group = {
		.name = "coherent", .attrs = attrs,
	};

	sysfs_attr_init(&attr);
	return sysfs_create_group(&cdev->core.pdev->dev.kobj, &group);
}

static void directory_taken(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.bad_pages = take_directory;
}

static int be_a_bridge(struct coherent_device *cdev)
{
	cdev->core.pdev->hdr_type = PCI_HEADER_TYPE_BRIDGE;
	return 0;
}

static void vfio_refuses(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.bad_pages = be_a_bridge;
}

static int discover_fails(struct coherent_device *cdev, struct coherent_layout *layout)
{
	return -EREMOTEIO;
}

static void backend_refuses(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.discover = discover_fails;
}

/* Filled in by hand, and wrong: the core looks at every backend's work */
static int discover_two_alike(struct coherent_device *cdev, struct coherent_layout *layout)
{
	*layout = (struct coherent_layout) {
		.base = KUNIT_FUNCTION_BASE, .size = 2 * PAGE_SIZE, .nr_regions = 2,
		.regions = {
			{ .bar = 2, .base = KUNIT_FUNCTION_BASE, .length = PAGE_SIZE },
			{ .bar = 2, .base = KUNIT_FUNCTION_BASE, .length = PAGE_SIZE },
		},
	};
	kunit_discovered(cdev);
	return 0;
}

static void layout_wrong(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.discover = discover_two_alike;
}

static int discover_ram(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve all = { };

	kunit_discovered(cdev);
	return coherent_layout_carve(layout, __pa(cdev) & PAGE_MASK, PAGE_SIZE,
				     &all);
}

static void system_ram(struct kunit *test, struct soft_spec *spec)
{
	kunit_backend.discover = discover_ram;
}

/* Memory of the kernel's has a mapping of the kernel's, which is cached */
static u64 own_base;

static void free_own(void *unused)
{
	coherent_memory_free(own_base);
}

static int discover_own(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve uncached = {
		.reserved = PAGE_SIZE, .reserved_memtype = COHERENT_WC,
	};

	kunit_discovered(cdev);
	return coherent_layout_carve(layout, own_base, 4 * PAGE_SIZE, &uncached);
}

static void own_uncached(struct kunit *test, struct soft_spec *spec)
{
	KUNIT_ASSERT_EQ(test, 0, coherent_memory_alloc(4 * PAGE_SIZE, &own_base));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_own, NULL));
	kunit_backend.discover = discover_own;
}

static const struct refusal refusals[] = {
	{ "the backend refuses", -EREMOTEIO, backend_refuses },
	{ "a wrong layout", -EINVAL, layout_wrong },
	{ "System RAM", -EBUSY, system_ram },
	{ "the core's own memory, not cached", -EINVAL, own_uncached },
	{ "claimed by another driver", -EBUSY, claimed },
	{ "no BAR to ask for readiness", -ENXIO, no_ready_bar },
	{ "broken", -EIO, broken },
	{ "never ready", -ETIME, never_ready },
	{ "bad_pages() fails", -EUCLEAN, bad_pages_refuse },
	{ "an empty bad page", -EINVAL, bad_page_empty },
	{ "a bad page that wraps", -EINVAL, bad_page_wraps },
	{ "sysfs directory is taken", -EEXIST, directory_taken },
	{ "VFIO refuses", -EINVAL, vfio_refuses },
};

static void refusal_desc(const struct refusal *refusal, char *desc)
{
	strscpy(desc, refusal->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refusal, refusals, refusal_desc);

static void refused(struct kunit *test)
{
	const struct refusal *t = test->param_value;
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev;

	t->prepare(test, &spec);
	pdev = kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, t->ret, kunit_probe_result);
	pdev->hdr_type = PCI_HEADER_TYPE_NORMAL;
	KUNIT_EXPECT_NULL(test, pdev->dev.driver);
	KUNIT_EXPECT_NULL(test, dev_get_drvdata(&pdev->dev));
	kunit_unclaim(test);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_TRUE(test, kunit_lives_balanced());

	/* And so it can be bound once the fault is gone */
	if (t->prepare == directory_taken || t->prepare == no_ready_bar)
		return;
	kunit_backend_reset();
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_FALSE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_FALSE(test, kunit_lives_balanced());
}

static struct kunit_case refusal_cases[] = {
	KUNIT_CASE_PARAM(refused, refusal_gen_params),
	{ }
};

struct kunit_suite coherent_refusal_suite = {
	.name = "coherent-refusal",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_driver_init,
	.test_cases = refusal_cases,
};
