// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe, on software functions, by a driver and a backend of the test's own: what a
 * function that is taken has then.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "driver.h"
#include "suites.h"

static void taken(struct kunit *test)
{
	struct coherent_device *cdev = kunit_device(test);

	KUNIT_EXPECT_EQ(test, 2, cdev->function->ap.layout.nr_regions);
	KUNIT_EXPECT_PTR_EQ(test, &kunit_backend, cdev->backend);
	KUNIT_ASSERT_NOT_NULL(test, cdev->function->ap.ledger);
	KUNIT_EXPECT_PTR_EQ(test, &cdev->function->ap, cdev->function->ap.ledger->ap);
	KUNIT_EXPECT_EQ(test, PCI_BASE_ADDRESS_4, cdev->function->regs[0].offset);
	KUNIT_EXPECT_EQ(test, PCI_BASE_ADDRESS_2, cdev->function->regs[1].offset);
	KUNIT_EXPECT_FALSE(test, kunit_is_free(kunit_base_of(0), PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, kunit_is_free(kunit_base_of(1) - PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, kunit_is_free(kunit_base_of(1), PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, kunit_lives_balanced());
	device_release_driver(&cdev->core.pdev->dev);
	KUNIT_EXPECT_TRUE(test, kunit_is_free(kunit_base_of(0), KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_TRUE(test, kunit_lives_balanced());
}

/* Nothing described: vfio-pci, whole */
static void passed_through(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct vfio_pci_core_device *core;
	struct coherent_device *cdev;
	struct pci_dev *pdev;

	spec.properties = NULL;
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	core = dev_get_drvdata(&pdev->dev);
	KUNIT_ASSERT_NOT_NULL(test, core);
	cdev = container_of(core, struct coherent_device, core);
	KUNIT_EXPECT_FALSE(test, coherent_has_memory(cdev->function));
	KUNIT_EXPECT_NULL(test, cdev->function->ap.ledger);
	/* Two types where the table is our own, longer than the kernel's */
	KUNIT_EXPECT_PTR_EQ(test, (const void *)&coherent_passthrough_ops,
			    (const void *)core->vdev.ops);
	/* Its resets concern nobody */
	coherent_pci_err_handlers.reset_prepare(pdev);
	coherent_pci_err_handlers.reset_done(pdev);
	KUNIT_EXPECT_EQ(test, kunit_number(PCI_ERS_RESULT_NONE),
			kunit_number(coherent_pci_err_handlers.slot_reset(pdev)));
}

/* Of two that claim the same memory the first one gets it, then the other */
static void two_functions(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *first, *second;

	first = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	second = kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, -EBUSY, kunit_probe_result);
	device_release_driver(&first->dev);
	kunit_offer(test, second);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
}

/* It need not be ready at once, and is asked until it is */
static void ready_late(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);

	kunit_backend.ready_timeout_ms = 60 * MSEC_PER_SEC;
	kunit_ready_answer(-EAGAIN);
	kunit_ready_later(4);
	kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_EQ(test, 5, kunit_ready_asked());
}

/* The BAR is ready()'s only while somebody asks */
static void ready_by_bar(struct kunit *test)
{
	struct soft_spec spec = kunit_ready_bar_spec(test);
	struct coherent_device *cdev;
	struct pci_dev *pdev;

	kunit_ready_answer(0);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_TRUE(test, kunit_ready_had_io());
	cdev = kunit_device_of(pdev);
	KUNIT_EXPECT_FALSE(test, cdev->ready_io);
	KUNIT_EXPECT_FALSE(test, pci_is_enabled(pdev));

	/* Somebody else has the BAR */
	device_release_driver(&pdev->dev);
	KUNIT_ASSERT_EQ(test, 0, pci_request_region(pdev, 0, "kunit"));
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, -EBUSY, kunit_probe_result);
	KUNIT_EXPECT_FALSE(test, pci_is_enabled(pdev));
	pci_release_region(pdev, 0);
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
}

static void ready_by_cxl(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev;

	spec.config.flags = SOFT_CXL_DVSEC;
	spec.config.cxl.cap = SOFT_CXL_MEMORY(1);
	kunit_backend.cxl_ready = true;
	kunit_backend.ready_bar = 0;
	kunit_ready_answer(-EIO);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_NE(test, 0, kunit_device_of(pdev)->function->ready_dvsec);
	/* Neither ready() nor its BAR is of interest then */
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
}

/* A DVSEC that has no memory says nothing of memory: ready() is asked */
static void not_ready_by_cxl(struct kunit *test)
{
	static const u16 caps[] = {
		0, SOFT_CXL_MEMORY(0), SOFT_CXL_MEMORY(1) & ~SOFT_CXL_MEMORY(0),
		SOFT_CXL_MEMORY(3),
	};
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct coherent_function *fn;
	struct pci_dev *pdev;

	spec.config.flags = SOFT_CXL_DVSEC;
	for (int i = 0; i < ARRAY_SIZE(caps); i++) {
		spec.config.cxl.cap = caps[i];
		kunit_backend.cxl_ready = true;
		kunit_ready_answer(0);
		pdev = kunit_function(test, &spec);
		KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
		fn = kunit_device_of(pdev)->function;
		KUNIT_EXPECT_EQ_MSG(test, 0, fn->ready_dvsec, "%#x", caps[i]);
		KUNIT_EXPECT_GT_MSG(test, kunit_ready_asked(), 0, "%#x", caps[i]);
		device_release_driver(&pdev->dev);
	}
}

/* What firmware lists as bad is bad from the start, and stays when it goes */
static int bad_pages_listed(struct coherent_device *cdev)
{
	return coherent_read_bad_pages(cdev, "kunit,bad-pages");
}

static void bad_pages(struct kunit *test)
{
	static const u64 list[] = {
		KUNIT_FUNCTION_BASE + SZ_4K, SZ_4K,
		KUNIT_FUNCTION_BASE + SZ_64K + 1, 2 * SZ_64K,
		KUNIT_FUNCTION_BASE - SZ_64K, SZ_64K,
		KUNIT_FUNCTION_BASE + KUNIT_FUNCTION_SIZE - SZ_4K, SZ_1M,
	};
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, KUNIT_FUNCTION_BASE),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, KUNIT_FUNCTION_SIZE),
		PROPERTY_ENTRY_U64_ARRAY("kunit,bad-pages", list),
		{ }
	};
	/* One page, 33 that are touched, and of what follows the last one */
	const unsigned long expected = PAGE_SIZE == SZ_4K ? 35 : 0;
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct coherent_ledger *ledger;
	struct pci_dev *pdev;

	kunit_backend.bad_pages = bad_pages_listed;
	spec.properties = properties;
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	ledger = kunit_device_of(pdev)->function->ap.ledger;
	if (expected)
		KUNIT_EXPECT_EQ(test, expected, coherent_ledger_count(ledger));
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, ledger->ap);
	if (expected)
		KUNIT_EXPECT_EQ(test, expected, coherent_ledger_count(ledger));
}

/* Errors that come first are on record when the function can be opened */
static void error_before_probe(struct kunit *test)
{
	/* No other test shows this memory */
	const u64 base = 2 * KUNIT_FUNCTION_BASE;
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, base),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, KUNIT_FUNCTION_SIZE),
		{ }
	};
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct coherent_ledger *ledger;
	struct pci_dev *pdev;

	spec.properties = properties;
	coherent_report(base + SZ_128K, SZ_128K, COHERENT_SOURCE_GHES, true);
	coherent_report(base - 1, 1, COHERENT_SOURCE_GHES, true);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	ledger = kunit_device_of(pdev)->function->ap.ledger;
	KUNIT_EXPECT_EQ(test, PHYS_PFN(SZ_128K), coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(base + SZ_128K),
			coherent_poison_next(ledger->first, ledger->last));
}

static void bad_pages_not_paired(struct kunit *test)
{
	static const u64 list[] = { KUNIT_FUNCTION_BASE, SZ_4K, KUNIT_FUNCTION_BASE };
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, KUNIT_FUNCTION_BASE),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, KUNIT_FUNCTION_SIZE),
		PROPERTY_ENTRY_U64_ARRAY("kunit,bad-pages", list),
		{ }
	};
	struct soft_spec spec = kunit_described_spec(test, 0);

	kunit_backend.bad_pages = bad_pages_listed;
	spec.properties = properties;
	kunit_function(test, &spec);
	KUNIT_EXPECT_EQ(test, -EINVAL, kunit_probe_result);
}

/* The last pair of BARs that nothing begins in, and no 64-bit BAR ends in */
static void free_bar(struct kunit *test)
{
	enum { SMALL = IORESOURCE_MEM, LARGE = IORESOURCE_MEM | IORESOURCE_MEM_64 };
	static const struct {
		unsigned long flags[PCI_STD_NUM_BARS];	/* 0: there is no such BAR */
		int bar;
	} cases[] = {
		{ { }, 4 },
		{ { LARGE }, 4 },
		{ { LARGE, 0, LARGE }, 4 },
		{ { LARGE, 0, 0, 0, LARGE }, 2 },
		{ { LARGE, 0, SMALL, 0, SMALL }, -ENOSPC },
		{ { LARGE, 0, 0, 0, 0, SMALL }, 2 },
		{ { 0, 0, 0, SMALL, SMALL }, 0 },
		{ { 0, 0, 0, LARGE }, 0 },
		{ { 0, LARGE, 0, LARGE }, -ENOSPC },
		{ { 0, LARGE, 0, SMALL }, 4 },
		{ { 0, LARGE, 0, 0, SMALL }, -ENOSPC },
		{ { 0, SMALL, 0, 0, SMALL }, 2 },
		{ { SMALL, SMALL, SMALL, SMALL, SMALL, SMALL }, -ENOSPC },
		{ { LARGE, 0, LARGE, 0, LARGE }, -ENOSPC },
	};
	struct soft_spec spec = kunit_function_spec(test, false);
	struct pci_dev *pdev = kunit_function(test, &spec);
	struct resource had[PCI_STD_NUM_BARS];

	memcpy(had, pdev->resource, sizeof(had));
	for (int i = 0; i < ARRAY_SIZE(cases); i++) {
		for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
			unsigned long flags = cases[i].flags[bar];
			u64 size = flags ? SZ_4K : 0;

			pdev->resource[bar] = DEFINE_RES_NAMED(SZ_1M, size, NULL, flags);
		}
		KUNIT_EXPECT_EQ_MSG(test, cases[i].bar, coherent_free_bar(pdev), "%d", i);
	}
	memcpy(pdev->resource, had, sizeof(had));
}

static struct kunit_case probe_cases[] = {
	KUNIT_CASE(taken),
	KUNIT_CASE(passed_through),
	KUNIT_CASE(two_functions),
	KUNIT_CASE(ready_late),
	KUNIT_CASE(ready_by_bar),
	KUNIT_CASE(ready_by_cxl),
	KUNIT_CASE(not_ready_by_cxl),
	KUNIT_CASE(bad_pages),
	KUNIT_CASE(error_before_probe),
	KUNIT_CASE(bad_pages_not_paired),
	KUNIT_CASE(free_bar),
	{ }
};

struct kunit_suite coherent_probe_suite = {
	.name = "coherent-probe",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_driver_init,
	.test_cases = probe_cases,
};
