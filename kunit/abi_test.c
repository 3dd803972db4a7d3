// SPDX-License-Identifier: GPL-2.0-only
/*
 * Backends that were built with other headers than the core are refused, and nothing of
 * theirs is looked at: it is not where it is looked for.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/device/driver.h>
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../coherent/chardev/chardev.h"
#include "../coherent/pci/pci.h"
#include "driver.h"
#include "suites.h"

#define KUNIT_ABI_OTHER(what, member, more)				\
	{ what, offsetof(struct coherent_abi, member), more }

static const struct other {
	const char *name;
	size_t at;
	int more;
} others[] = {
	KUNIT_ABI_OTHER("another ABI", abi, 1),
	KUNIT_ABI_OTHER("another struct coherent_abi", self, sizeof(u32)),
	KUNIT_ABI_OTHER("another struct coherent_backend", backend, -(int)sizeof(void *)),
	KUNIT_ABI_OTHER("another struct coherent_device", device, sizeof(void *)),
	KUNIT_ABI_OTHER("another struct coherent_layout", layout, sizeof(u64)),
	KUNIT_ABI_OTHER("another struct coherent_carve", carve, sizeof(u64)),
	/* As without compat/ on a kernel that needs it */
	KUNIT_ABI_OTHER("another struct vfio_device_ops", ops, -(int)sizeof(void *)),
};

static void other_desc(const struct other *other, char *desc)
{
	strscpy(desc, other->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(other, others, other_desc);

static void refused(struct kunit *test)
{
	const struct other *other = test->param_value;
	struct coherent_abi abi = COHERENT_ABI_SEEN;
	struct coherent_backend garbage;
	/* Without a driver, so that nothing but the ABI stands in the way of one */
	struct soft_spec spec = kunit_described_spec(test, 0);
	struct pci_dev *pdev = kunit_function(test, &spec);

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	device_release_driver(&pdev->dev);
	memset(&garbage, 0xa5, sizeof(garbage));
	*(u32 *)((char *)&abi + other->at) += other->more;
	KUNIT_EXPECT_EQ(test, -ENOEXEC, coherent_pci_probe_abi(pdev, &garbage, &abi));
	KUNIT_EXPECT_NULL(test, dev_get_drvdata(&pdev->dev));
	KUNIT_EXPECT_TRUE(test, kunit_is_free(KUNIT_FUNCTION_BASE, KUNIT_FUNCTION_SIZE));
}

static void chardev_refused(struct kunit *test)
{
	const struct coherent_chardev_abi ours = COHERENT_CHARDEV_ABI_SEEN;
	struct coherent_chardev_abi other[] = { ours, ours, ours };
	struct coherent_chardev_info garbage;

	other[0].abi++;
	other[1].self += sizeof(u32);
	other[2].info -= sizeof(void *);
	memset(&garbage, 0xa5, sizeof(garbage));
	for (int i = 0; i < ARRAY_SIZE(other); i++)
		KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOEXEC),
				    coherent_chardev_register_abi(&garbage, "kunit", &other[i]));
}

static struct kunit_case abi_cases[] = {
	KUNIT_CASE_PARAM(refused, other_gen_params),
	KUNIT_CASE(chardev_refused),
	{ }
};

struct kunit_suite coherent_abi_suite = {
	.name = "coherent-abi",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_driver_init,
	.test_cases = abi_cases,
};
