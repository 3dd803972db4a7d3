// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probe, on software functions, by a driver and a backend of the test's own:
 * every way of being refused, and that nothing is left of it.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "driver.h"
#include "suites.h"

struct refusal {
	const char *name;
	int ret;
	void (*prepare)(struct kunit *test, struct soft_spec *spec);
};

static u64 base_of(unsigned int i)
{
	return KUNIT_FUNCTION_BASE + i * KUNIT_FUNCTION_SIZE;
}

static bool is_free(u64 base, u64 size)
{
	if (!request_mem_region(base, size, "kunit"))
		return false;
	release_mem_region(base, size);
	return true;
}

/* What stands in the way is there before the function comes */
static void claimed(struct kunit *test, struct soft_spec *spec)
{
	kunit_claim(test, base_of(1) - PAGE_SIZE, PAGE_SIZE);
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

/* Nothing of a backend that was built otherwise is where it is looked for */
static void poison_backend(void)
{
	memset(&kunit_backend, 0xa5, sizeof(kunit_backend));
}

static void other_abi(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.abi++;
	poison_backend();
}

static void other_self(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.self += sizeof(u32);
	poison_backend();
}

static void other_backend(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.backend -= sizeof(void *);
	poison_backend();
}

static void other_device(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.device += sizeof(void *);
	poison_backend();
}

static void other_layout(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.layout += sizeof(u64);
	poison_backend();
}

static void other_carve(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.carve += sizeof(u64);
	poison_backend();
}

/* As without compat/ on a kernel that needs it */
static void other_ops(struct kunit *test, struct soft_spec *spec)
{
	kunit_abi.ops -= sizeof(void *);
	poison_backend();
}

static const struct refusal refusals[] = {
	{ "another ABI", -ENOEXEC, other_abi },
	{ "another struct coherent_abi", -ENOEXEC, other_self },
	{ "another struct coherent_backend", -ENOEXEC, other_backend },
	{ "another struct coherent_device", -ENOEXEC, other_device },
	{ "another struct coherent_layout", -ENOEXEC, other_layout },
	{ "another struct coherent_carve", -ENOEXEC, other_carve },
	{ "another struct vfio_device_ops", -ENOEXEC, other_ops },
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
	KUNIT_EXPECT_TRUE(test, is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_TRUE(test, kunit_lives_balanced());

	/* And so it can be bound once the fault is gone */
	if (t->prepare == directory_taken || t->prepare == no_ready_bar)
		return;
	kunit_backend_reset();
	kunit_offer(test, pdev);
	KUNIT_EXPECT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_FALSE(test, is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
	KUNIT_EXPECT_FALSE(test, kunit_lives_balanced());
}

static void taken(struct kunit *test)
{
	struct coherent_device *cdev = kunit_device(test);

	KUNIT_EXPECT_EQ(test, 2, cdev->function->ap.layout.nr_regions);
	KUNIT_EXPECT_PTR_EQ(test, &kunit_backend, cdev->backend);
	KUNIT_ASSERT_NOT_NULL(test, cdev->function->ap.ledger);
	KUNIT_EXPECT_PTR_EQ(test, &cdev->function->ap, cdev->function->ap.ledger->ap);
	KUNIT_EXPECT_EQ(test, PCI_BASE_ADDRESS_4, cdev->function->regs[0].offset);
	KUNIT_EXPECT_EQ(test, PCI_BASE_ADDRESS_2, cdev->function->regs[1].offset);
	KUNIT_EXPECT_FALSE(test, is_free(base_of(0), PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, is_free(base_of(1) - PAGE_SIZE, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, is_free(base_of(1), PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, kunit_lives_balanced());
	device_release_driver(&cdev->core.pdev->dev);
	KUNIT_EXPECT_TRUE(test, is_free(base_of(0), KUNIT_FUNCTION_SIZE));
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
	/* Not of one type where compat/ had to make the table's */
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
	kunit_backend.cxl_ready = true;
	kunit_backend.ready_bar = 0;
	kunit_ready_answer(-EIO);
	pdev = kunit_function(test, &spec);
	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	KUNIT_EXPECT_NE(test, 0, kunit_device_of(pdev)->function->cxl_dvsec);
	/* Neither ready() nor its BAR is of interest then */
	KUNIT_EXPECT_EQ(test, 0, kunit_ready_asked());
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

static struct kunit_case probe_cases[] = {
	KUNIT_CASE_PARAM(refused, refusal_gen_params),
	KUNIT_CASE(taken),
	KUNIT_CASE(passed_through),
	KUNIT_CASE(two_functions),
	KUNIT_CASE(ready_late),
	KUNIT_CASE(ready_by_bar),
	KUNIT_CASE(ready_by_cxl),
	KUNIT_CASE(bad_pages),
	KUNIT_CASE(error_before_probe),
	KUNIT_CASE(bad_pages_not_paired),
	{ }
};

struct kunit_suite coherent_probe_suite = {
	.name = "coherent-probe",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_driver_init,
	.test_cases = probe_cases,
};
