// SPDX-License-Identifier: GPL-2.0-only
/*
 * Software PCI functions that go when the test ends.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "function.h"

MODULE_IMPORT_NS("COHERENT_VFIO_SOFT");

static void destroy(void *fn)
{
	soft_function_destroy(fn);
}

/**
 * kunit_function_spec() - a function with nothing special, and no driver
 * @test: skipped when there is no memory for BAR 0
 * @with_bar0: has it a BAR 0?
 *
 * Return: what to change and give to kunit_function().
 */
struct soft_spec kunit_function_spec(struct kunit *test, bool with_bar0)
{
	struct soft_spec spec = {
		.owner = THIS_MODULE,
		.config = { .vendor = 0x1234, .device = 0x5678, .class = 0x030200 },
	};

	if (!with_bar0)
		return spec;
	if (region_intersects(KUNIT_MEMORY_BASE, KUNIT_MEMORY_SIZE,
			      IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		kunit_skip(test, "no memory for BARs; boot with memmap=64M$0x20000000");
	spec.config.bar_size = KUNIT_BAR0_SIZE;
	spec.bar_base = KUNIT_MEMORY_BASE;
	return spec;
}

/**
 * kunit_function() - make a function, and offer it to its driver
 * @test: ends with the function
 * @spec: what it is to be
 *
 * Return: the function, whether the driver took it or not.
 */
struct pci_dev *kunit_function(struct kunit *test, const struct soft_spec *spec)
{
	struct soft_function *fn = soft_function_create(spec);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(fn), "no function (%pe)", fn);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, destroy, fn));
	return soft_function_pdev(fn);
}
