// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contract, on a correct backend that differs from ours: most of a small aperture
 * would be its reserved part, readiness is one bit in BAR 2, and it refuses a function
 * without a certain property.
 */
#include <kunit/test.h>
#include <linux/align.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/sizes.h>

#include "coherent_kunit.h"
#include "coherent_vfio.h"
#include "suites.h"

#define BASE_NAME	"large,mem-base"
#define SIZE_NAME	"large,mem-size"
#define MODE_NAME	"large,mode"
#define STATUS		0x400004
#define STATUS_READY	BIT(9)

static int large_discover(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve policy = {
		.reserved = 8ULL * SZ_1G,
		.reserved_memtype = COHERENT_CACHED,
		.usable_align = SZ_256M,
	};
	u64 base, size;
	int ret;

	ret = coherent_read_aperture(cdev, BASE_NAME, SIZE_NAME, &base, &size);
	if (ret)
		return ret;
	if (!device_property_present(&cdev->core.pdev->dev, MODE_NAME) ||
	    !IS_ALIGNED(size, SZ_1M)) {
		layout->why = "no mode, or a size that is not in MiB";
		return -EINVAL;
	}
	return coherent_layout_carve(layout, base, size, &policy);
}

static int large_ready(struct coherent_device *cdev)
{
	return ioread32(cdev->ready_io + STATUS) == STATUS_READY ? 0 : -EAGAIN;
}

static const struct coherent_backend large_backend = {
	.name			= "large",
	.discover		= large_discover,
	.ready			= large_ready,
	.ready_bar		= 2,
	.ready_timeout_ms	= 100,
};

static int large_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return coherent_pci_probe(pdev, &large_backend);
}

static const struct pci_device_id large_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1234, 0x9abc) },
	{ }
};

static struct pci_driver large_driver = {
	.name			= "coherent-kunit-large",
	.id_table		= large_ids,
	.probe			= large_probe,
	.remove			= coherent_pci_remove,
	.err_handler		= &coherent_pci_err_handlers,
	.driver_managed_dma	= true,
};

static void large_set_ready(struct coherent_device *cdev, bool ready)
{
	iowrite32(ready ? STATUS_READY : 0, cdev->ready_io + STATUS);
}

static int large_begin(struct kunit_suite *suite)
{
	return pci_register_driver(&large_driver);
}

static void large_end(struct kunit_suite *suite)
{
	pci_unregister_driver(&large_driver);
}

static int large_init(struct kunit *test)
{
	static const struct property_entry more[] = {
		PROPERTY_ENTRY_U64(MODE_NAME, 1),
		{ }
	};
	static const struct coherent_kunit_backend self = {
		.backend = &large_backend, .driver = &large_driver,
		.base_name = BASE_NAME, .size_name = SIZE_NAME,
		.more = more, .set_ready = large_set_ready,
	};

	test->priv = (void *)&self;
	return 0;
}

static struct kunit_case large_cases[] = {
	KUNIT_CASE(coherent_kunit_facts),
	KUNIT_CASE(coherent_kunit_driver),
	KUNIT_CASE(coherent_kunit_nothing_described),
	KUNIT_CASE(coherent_kunit_wrong_descriptions),
	KUNIT_CASE(coherent_kunit_good_descriptions),
	KUNIT_CASE(coherent_kunit_ready),
	KUNIT_CASE(coherent_kunit_bad_pages),
	KUNIT_CASE(coherent_kunit_bind),
	{ }
};

struct kunit_suite coherent_large_suite = {
	.name = "coherent-large",
	.suite_init = large_begin,
	.suite_exit = large_end,
	.init = large_init,
	.test_cases = large_cases,
};
