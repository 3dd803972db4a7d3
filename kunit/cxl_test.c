// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL.mem of a function: where it is found, what is refused, and what becomes of it when a
 * reset changes how it decodes. That users do not: cxl_keep_test.c.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../coherent/pci/cxl.h"
#include "../coherent/pci/pci.h"
#include "cxl_function.h"
#include "suites.h"

#define BASE		KUNIT_FUNCTION_BASE
#define SIZE		KUNIT_FUNCTION_SIZE

static void by_one_range(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn = kunit_cxl_bound(test, &spec);

	KUNIT_EXPECT_EQ(test, BASE, fn->ap.layout.base);
	KUNIT_EXPECT_EQ(test, SIZE, fn->ap.layout.size);
	KUNIT_EXPECT_EQ(test, BASE, kunit_cxl_window.base);
	KUNIT_EXPECT_EQ(test, SIZE, kunit_cxl_window.size);
	KUNIT_EXPECT_TRUE(test, fn->cxl.by_ranges);
	KUNIT_EXPECT_FALSE(test, coherent_cxl_has_component(fn));
}

/* One behind the other, in either order; one of them may have nothing */
static void by_two_ranges(struct kunit *test)
{
	static const struct {
		u64 base[2], size[2];
	} good[] = {
		{ { BASE, BASE + SIZE / 4 }, { SIZE / 4, 3 * SIZE / 4 } },
		{ { BASE + SIZE / 4, BASE }, { 3 * SIZE / 4, SIZE / 4 } },
		{ { BASE, 0 }, { SIZE, 0 } },
		{ { 0, BASE }, { 0, SIZE } },
		{ { BASE, 7 * SIZE }, { SIZE, 0 } },	/* no part of it */
	};
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn;

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		memcpy(spec.config.cxl.base, good[i].base, sizeof(good[i].base));
		memcpy(spec.config.cxl.size, good[i].size, sizeof(good[i].size));
		fn = kunit_cxl_bound(test, &spec);
		KUNIT_EXPECT_EQ(test, BASE, fn->ap.layout.base);
		KUNIT_EXPECT_EQ(test, SIZE, fn->ap.layout.size);
		device_release_driver(fn->ap.dev);
	}
}

static void wrong_ranges(struct kunit *test)
{
	static const struct {
		u64 base[2], size[2];
		int ret;
	} wrong[] = {
		{ { BASE, BASE + SIZE }, { SIZE / 2, SIZE }, -EINVAL },	/* a gap */
		{ { BASE, BASE + SIZE / 2 }, { SIZE, SIZE }, -EINVAL },
		{ { BASE, BASE }, { SIZE, SIZE }, -EINVAL },
		{ { 0 - SIZE, 0 }, { 2 * SIZE, 0 }, -EINVAL },	/* wraps */
		{ { BASE, 0 }, { 0, 0 }, -ENODEV },
	};
	struct soft_spec spec = kunit_cxl_spec(test);

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(spec.config.cxl.base, wrong[i].base, sizeof(wrong[i].base));
		memcpy(spec.config.cxl.size, wrong[i].size, sizeof(wrong[i].size));
		kunit_cxl_offer(test, &spec);
		KUNIT_EXPECT_EQ_MSG(test, wrong[i].ret, kunit_probe_result, "%d", i);
	}
}

/* What we cannot show is refused, and a function without memory is vfio-pci's */
static void wrong_functions(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);

	spec.config.flags &= ~SOFT_ENDPOINT;
	kunit_cxl_offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, kunit_probe_result);

	spec = kunit_cxl_spec(test);
	spec.config.cxl.control = 0;
	kunit_cxl_offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -ENODEV, kunit_probe_result);

	spec = kunit_cxl_spec(test);
	kunit_cxl_window.ways = 1;
	kunit_cxl_offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, kunit_probe_result);

	kunit_cxl_window.ret = -ENODATA;
	KUNIT_EXPECT_FALSE(test, coherent_has_memory(kunit_cxl_bound(test, &spec)));
	kunit_cxl_window.ret = 0;
	spec.config.cxl.cap = 0;
	KUNIT_EXPECT_FALSE(test, coherent_has_memory(kunit_cxl_bound(test, &spec)));
}

static void several_functions(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct pci_dev *pdev;

	spec.driver = NULL;
	pdev = kunit_cxl_offer(test, &spec);
	pdev->multifunction = 1;
	KUNIT_ASSERT_EQ(test, 0, device_set_driver_override(&pdev->dev, "coherent-kunit"));
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, kunit_probe_result);
	pdev->multifunction = 0;
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
}

static void write_control(struct coherent_function *fn, u16 value)
{
	pci_write_config_word(fn->cdev->core.pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_CTRL,
			      value);
}

static void a_reset_disables_it(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn;
	struct pci_dev *pdev;
	u32 base;

	/* Whatever is where a second range would be */
	spec.config.cxl.base[1] = 7 * SIZE;
	fn = kunit_cxl_bound(test, &spec);
	pdev = fn->cdev->core.pdev;
	KUNIT_EXPECT_EQ(test, 0, coherent_ready_ask(&fn->ap));
	KUNIT_EXPECT_EQ(test, 7 * SIZE, (u64)fn->cxl.ranges[1][0] << 32 | fn->cxl.ranges[1][1]);

	/* Ranges are restored, and so is the base */
	write_control(fn, 0);
	pci_write_config_dword(pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_RANGE_BASE_HIGH(0), 0);
	KUNIT_EXPECT_EQ(test, 0, coherent_ready_ask(&fn->ap));
	pci_read_config_dword(pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_RANGE_BASE_HIGH(0), &base);
	KUNIT_EXPECT_EQ(test, upper_32_bits(BASE), base);

	/* ... if that alone has changed, too */
	pci_write_config_dword(pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_RANGE_BASE_LOW(0), 0x10000000);
	KUNIT_EXPECT_EQ(test, 0, coherent_ready_ask(&fn->ap));
	pci_read_config_dword(pdev, fn->cxl.dvsec + PCI_DVSEC_CXL_RANGE_BASE_LOW(0), &base);
	KUNIT_EXPECT_EQ(test, 0, base);

	/* Decoders are not */
	fn->cxl.by_ranges = false;
	KUNIT_EXPECT_EQ(test, 0, coherent_ready_ask(&fn->ap));
	write_control(fn, 0);
	KUNIT_EXPECT_EQ(test, -EIO, coherent_ready_ask(&fn->ap));

	/* A function that cannot be enabled again */
	fn->cxl.by_ranges = true;
	fn->cxl.control = 0;
	KUNIT_EXPECT_EQ(test, -EIO, coherent_ready_ask(&fn->ap));
}

/* With two ranges both count */
static void ready_by_all_ranges(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn;
	unsigned int limit;

	fn = kunit_cxl_bound(test, &spec);
	KUNIT_EXPECT_EQ(test, 1, fn->cxl_ranges);
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_ready(fn, &limit));
	/* The second is not there, and so never valid */
	fn->cxl_ranges = 2;
	KUNIT_EXPECT_EQ(test, -EAGAIN, coherent_cxl_ready(fn, &limit));
	KUNIT_EXPECT_EQ(test, 1000, limit);
	device_release_driver(fn->ap.dev);

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	fn = kunit_cxl_bound(test, &spec);
	KUNIT_EXPECT_EQ(test, 2, fn->cxl_ranges);
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_ready(fn, &limit));
}

static struct kunit_case cxl_cases[] = {
	KUNIT_CASE(by_one_range),
	KUNIT_CASE(by_two_ranges),
	KUNIT_CASE(wrong_ranges),
	KUNIT_CASE(wrong_functions),
	KUNIT_CASE(several_functions),
	KUNIT_CASE(a_reset_disables_it),
	KUNIT_CASE(ready_by_all_ranges),
	{ }
};

struct kunit_suite coherent_cxl_suite = {
	.name = "coherent-cxl",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_cxl_init,
	.test_cases = cxl_cases,
};
