// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver and a backend that do as a test tells them.
 */
#include <kunit/test.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/pfn.h>

#include "../coherent/pci/pci.h"
#include "../coherent/poison/private.h"
#include "driver.h"

struct coherent_backend kunit_backend;
int kunit_probe_result;

static struct {
	int answer;
	unsigned int asked;
	unsigned int later;	/* ready after so many times, if not 0 */
	bool had_io;
} readiness;

static struct resource *claim;

/* What the backend keeps of a function */
struct test_device {
	struct coherent_device cdev;
	unsigned long found;
};

#define FOUND	0x600df00d

static struct {
	unsigned int discovered;
	unsigned int removed;
	unsigned int wrong;	/* not what was discovered, or not for the first time */
} lives;

/** kunit_lives_balanced() - was each function that was discovered removed once? */
bool kunit_lives_balanced(void)
{
	return lives.discovered == lives.removed && !lives.wrong;
}

/** kunit_discovered() - the backend has discovered a function */
void kunit_discovered(struct coherent_device *cdev)
{
	struct test_device *own = container_of(cdev, struct test_device, cdev);

	if (own->found)
		lives.wrong++;
	own->found = FOUND;
	lives.discovered++;
}

static void test_remove(struct coherent_device *cdev)
{
	struct test_device *own = container_of(cdev, struct test_device, cdev);

	/* Nobody can reach the memory any more */
	if (own->found != FOUND || cdev->function->ap.claim)
		lives.wrong++;
	own->found = 0;
	lives.removed++;
}

static int test_discover(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve policy = {
		.reserved = SZ_64M,
		.reserved_memtype = COHERENT_WC,
	};
	u64 base, size;
	int ret;

	ret = coherent_read_aperture(cdev, KUNIT_BASE_NAME, KUNIT_SIZE_NAME,
				     &base, &size);
	if (!ret)
		ret = coherent_layout_carve(layout, base, size, &policy);
	if (!ret)
		kunit_discovered(cdev);
	return ret;
}

static int test_ready(struct coherent_device *cdev)
{
	readiness.asked++;
	readiness.had_io = cdev->ready_io;
	if (readiness.later && readiness.asked > readiness.later)
		return 0;
	return readiness.answer;
}

/** kunit_backend_reset() - the backend is in order, and tells no readiness */
void kunit_backend_reset(void)
{
	kunit_backend = (struct coherent_backend) {
		.name = "kunit",
		.device_size = COHERENT_DEVICE_SIZE(struct test_device, cdev),
		.discover = test_discover,
		.remove = test_remove,
		.ready_bar = COHERENT_NO_BAR,
		.ready_timeout_ms = 1000,
	};
	memset(&readiness, 0, sizeof(readiness));
	kunit_probe_result = 1;
}

/** kunit_ready_answer() - the backend has a ready(), which says this */
void kunit_ready_answer(int ret)
{
	kunit_backend.ready = test_ready;
	memset(&readiness, 0, sizeof(readiness));
	readiness.answer = ret;
}

/** kunit_ready_later() - from the time on that was asked @n times it is ready */
void kunit_ready_later(unsigned int n)
{
	readiness.later = n;
}

/** kunit_ready_asked() - how often since kunit_ready_answer() */
unsigned int kunit_ready_asked(void)
{
	return readiness.asked;
}

/** kunit_ready_had_io() - was the BAR mapped when it was asked? */
bool kunit_ready_had_io(void)
{
	return readiness.had_io;
}

static int test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	kunit_probe_result = coherent_pci_probe(pdev, &kunit_backend);
	return kunit_probe_result;
}

static const struct pci_device_id test_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{ }
};

static struct pci_driver test_driver = {
	.name			= "coherent-kunit",
	.id_table		= test_ids,
	.probe			= test_probe,
	.remove			= coherent_pci_remove,
	.err_handler		= &coherent_pci_err_handlers,
	.driver_managed_dma	= true,
};

int kunit_driver_begin(struct kunit_suite *suite)
{
	return pci_register_driver(&test_driver);
}

void kunit_driver_end(struct kunit_suite *suite)
{
	pci_unregister_driver(&test_driver);
}

static void lives_end(void *data)
{
	struct kunit *test = data;

	KUNIT_EXPECT_TRUE(test, kunit_lives_balanced());
}

/* What was learned of the functions' memory goes, too */
static void memory_ends(void *data)
{
	kunit_unclaim(data);
	coherent_quarantine_lift(0, ULONG_MAX);
	coherent_report_forget(0, ULONG_MAX >> PAGE_SHIFT);
}

int kunit_driver_init(struct kunit *test)
{
	int ret;

	kunit_backend_reset();
	memset(&lives, 0, sizeof(lives));
	/* The first to be there is the last to go: after all functions */
	ret = kunit_add_action(test, memory_ends, test);
	return ret ?: kunit_add_action(test, lives_end, test);
}

/** kunit_described_spec() - a function that firmware describes well */
struct soft_spec kunit_described_spec(struct kunit *test, unsigned int flags)
{
	static const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64(KUNIT_BASE_NAME, KUNIT_FUNCTION_BASE),
		PROPERTY_ENTRY_U64(KUNIT_SIZE_NAME, KUNIT_FUNCTION_SIZE),
		{ }
	};
	struct soft_spec spec = kunit_function_spec(test, false);

	spec.config.flags = flags;
	spec.driver = test_driver.name;
	spec.properties = properties;
	return spec;
}

/** kunit_ready_bar_spec() - the same with a BAR 0, from which readiness is read */
struct soft_spec kunit_ready_bar_spec(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct soft_spec with_bar0 = kunit_function_spec(test, true);

	spec.config.bar_size = with_bar0.config.bar_size;
	spec.bar_base = with_bar0.bar_base;
	kunit_backend.ready_bar = 0;
	return spec;
}

/** kunit_offer() - to the driver, once more */
void kunit_offer(struct kunit *test, struct pci_dev *pdev)
{
	kunit_probe_result = 1;
	KUNIT_EXPECT_GE(test, device_attach(&pdev->dev), 0);
}

struct coherent_device *kunit_device_of(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct coherent_device, core);
}

/** kunit_device() - Return: a device that is bound, with nothing special */
struct coherent_device *kunit_device(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev = kunit_function(test, &spec);

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	return kunit_device_of(pdev);
}

/** kunit_claim() - another driver has this memory, until kunit_unclaim() */
void kunit_claim(struct kunit *test, u64 base, u64 size)
{
	claim = request_mem_region(base, size, "kunit");
	KUNIT_ASSERT_NOT_NULL(test, claim);
}

void kunit_unclaim(struct kunit *test)
{
	if (claim)
		release_mem_region(claim->start, resource_size(claim));
	claim = NULL;
}

/** kunit_is_free() - Return: has nobody claimed any of this memory? */
bool kunit_is_free(u64 base, u64 size)
{
	if (!request_mem_region(base, size, "kunit"))
		return false;
	release_mem_region(base, size);
	return true;
}
