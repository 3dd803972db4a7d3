// SPDX-License-Identifier: GPL-2.0-only
/*
 * Users do not change how CXL.mem is decoded: CXL's DVSECs, and the component registers.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vfio.h>

#include "../coherent/pci/cxl.h"
#include "../coherent/pci/pci.h"
#include "cxl_function.h"
#include "suites.h"

/* A DVSEC of CXL's */
#define FLEX_BUS_PORT	7

/* CXL's DVSECs; one that is another's is not */
static void config_is_kept(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn;
	struct pci_dev *pdev;
	/* Where it is kept or begins not to be, in turn */
	u64 edges[6] = { [5] = ~0ULL };
	unsigned int i = 0;
	size_t len;

	spec.config.flags |= SOFT_NVIDIA_DVSEC;
	fn = kunit_cxl_bound(test, &spec);
	pdev = fn->cdev->core.pdev;
	KUNIT_EXPECT_NE(test, 0, pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_NVIDIA, 3));
	edges[1] = fn->cxl.dvsec;
	edges[2] = fn->cxl.dvsec + 0x3c;
	edges[3] = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, FLEX_BUS_PORT);
	edges[4] = edges[3] + 0x20;
	KUNIT_ASSERT_GT(test, edges[3], edges[2]);
	for (u64 pos = 0; pos < PCI_CFG_SPACE_EXP_SIZE + 8; pos++) {
		i += pos == edges[i + 1];
		for (size_t n = 1; n < 80; n++) {
			len = n;
			KUNIT_ASSERT_EQ(test, i % 2, coherent_cxl_keeps_config(fn, pos, &len));
			KUNIT_ASSERT_EQ(test, len, min(n, edges[i + 1] - pos));
		}
	}
}

/* A length that cannot be */
static void config_is_kept_within_its_space(struct kunit *test)
{
	struct coherent_function *fn = kunit_kzalloc(test, sizeof(*fn), GFP_KERNEL);
	const u64 at = PCI_CFG_SPACE_EXP_SIZE - 0x10;
	size_t len = 0x100;

	KUNIT_ASSERT_NOT_NULL(test, fn);
	coherent_cxl_keep_dvsec(&fn->cxl, at, 0x100);
	KUNIT_EXPECT_TRUE(test, coherent_cxl_keeps_config(fn, at, &len));
	KUNIT_EXPECT_EQ(test, 0x10, len);
}

/* Config space that does not have what it had a moment ago */
static void config_is_kept_or_refused(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn = kunit_cxl_bound(test, &spec);
	const u16 dvsec = fn->cxl.dvsec;
	struct coherent_cxl cxl = { .dvsec = dvsec - 0x10 };

	KUNIT_EXPECT_EQ(test, -ENODEV, coherent_cxl_keep(fn, &cxl));
	KUNIT_EXPECT_EQ(test, dvsec, fn->cxl.dvsec);
}

/* Whose last capability, at @last, says that the first DVSEC of CXL's is its next */
static struct {
	struct pci_ops ops, *real;
	u16 first, last;
} circle;

static int circle_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	int ret = circle.real->read(bus, devfn, where, size, val);

	if (where == circle.last && size == sizeof(u32))
		*val |= circle.first << 20;
	return ret;
}

static void config_is_kept_in_a_circle(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn = kunit_cxl_bound(test, &spec);
	struct pci_dev *pdev = fn->cdev->core.pdev;
	struct coherent_cxl before = fn->cxl, cxl = fn->cxl;
	int ret;

	bitmap_zero(cxl.kept, PCI_CFG_SPACE_EXP_SIZE / sizeof(u32));
	circle.first = cxl.dvsec;
	circle.last = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL, FLEX_BUS_PORT);
	KUNIT_ASSERT_EQ(test, 0, pci_find_next_ext_capability(pdev, circle.last,
							      PCI_EXT_CAP_ID_DVSEC));
	circle.real = pdev->bus->ops;
	circle.ops = *circle.real;
	circle.ops.read = circle_read;
	pci_bus_set_ops(pdev->bus, &circle.ops);
	KUNIT_EXPECT_EQ(test, circle.first,
			pci_find_next_ext_capability(pdev, circle.last, PCI_EXT_CAP_ID_DVSEC));
	ret = coherent_cxl_keep(fn, &cxl);
	pci_bus_set_ops(pdev->bus, circle.real);
	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_MEMEQ(test, before.kept, fn->cxl.kept, sizeof(before.kept));
}

/* A function whose aperture is no CXL.mem may write to its DVSECs */
static void config_is_not_kept_elsewhere(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, SOFT_CXL_DVSEC | SOFT_ENDPOINT);
	struct coherent_function *fn;
	size_t len = PCI_CFG_SPACE_EXP_SIZE;

	kunit_backend_reset();
	fn = kunit_cxl_bound(test, &spec);
	KUNIT_EXPECT_FALSE(test, coherent_cxl_keeps_config(fn, 0, &len));
	KUNIT_EXPECT_EQ(test, PCI_CFG_SPACE_EXP_SIZE, len);
}

static void component_is_kept(struct kunit *test)
{
	struct coherent_function *fn = kunit_kzalloc(test, sizeof(*fn), GFP_KERNEL);
	const u64 at = SZ_1M, block = COHERENT_CXL_BLOCK_SIZE;
	size_t count;

	KUNIT_ASSERT_NOT_NULL(test, fn);
	fn->cxl = (struct coherent_cxl) {
		.dvsec = 0x100, .component = { .bar = 2, .offset = at },
	};
	KUNIT_EXPECT_TRUE(test, coherent_cxl_has_component(fn));
	KUNIT_EXPECT_FALSE(test, coherent_cxl_keeps(fn, 0, at, 8));
	KUNIT_EXPECT_FALSE(test, coherent_cxl_keeps(fn, ~0U, at, 8));
	KUNIT_EXPECT_FALSE(test, coherent_cxl_keeps(fn, 2, at - 8, 8));
	KUNIT_EXPECT_TRUE(test, coherent_cxl_keeps(fn, 2, at - 8, 9));
	KUNIT_EXPECT_TRUE(test, coherent_cxl_keeps(fn, 2, 0, U64_MAX));
	KUNIT_EXPECT_TRUE(test, coherent_cxl_keeps(fn, 2, at + block - 1, 1));
	KUNIT_EXPECT_FALSE(test, coherent_cxl_keeps(fn, 2, at + block, 1));

	count = 16;
	KUNIT_EXPECT_FALSE(test, coherent_cxl_write_vanishes(fn, 2, at - 8, &count));
	KUNIT_EXPECT_EQ(test, 8, count);
	count = 16;
	KUNIT_EXPECT_TRUE(test, coherent_cxl_write_vanishes(fn, 2, at, &count));
	KUNIT_EXPECT_EQ(test, 16, count);
	KUNIT_EXPECT_TRUE(test, coherent_cxl_write_vanishes(fn, 2, at + block - 8, &count));
	KUNIT_EXPECT_EQ(test, 8, count);
	count = 16;
	KUNIT_EXPECT_FALSE(test, coherent_cxl_write_vanishes(fn, 2, at + block, &count));
	KUNIT_EXPECT_EQ(test, 16, count);
}

/* A BAR that is nothing but the block, or that cannot be mapped, is not mapped at all */
static void component_fills_its_bar(struct kunit *test)
{
	struct soft_spec spec = kunit_cxl_spec(test);
	struct coherent_function *fn = kunit_cxl_bound(test, &spec);
	struct vfio_region_info info = { .index = 2 };
	struct vfio_info_cap caps = { };

	/* The function has no BAR 2, and so none larger than the block */
	fn->cxl.component = (struct coherent_cxl_block) { .bar = 2 };
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_region_info(fn, &info, &caps));
	KUNIT_EXPECT_EQ(test, 0, info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	fn->cdev->core.bar_mmap_supported[2] = true;
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_region_info(fn, &info, &caps));
	KUNIT_EXPECT_EQ(test, 0, info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	KUNIT_EXPECT_EQ(test, 0, caps.size);
	fn->cdev->core.bar_mmap_supported[2] = false;
	KUNIT_EXPECT_FALSE(test, coherent_cxl_refuses(fn, VFIO_DEVICE_PCI_HOT_RESET));
	fn->cxl.by_ranges = false;
	KUNIT_EXPECT_TRUE(test, coherent_cxl_refuses(fn, VFIO_DEVICE_PCI_HOT_RESET));
	KUNIT_EXPECT_FALSE(test, coherent_cxl_refuses(fn, VFIO_DEVICE_RESET));
	fn->cxl.component.bar = -1;
}

static struct kunit_case cxl_keep_cases[] = {
	KUNIT_CASE(config_is_kept),
	KUNIT_CASE(config_is_kept_within_its_space),
	KUNIT_CASE(config_is_kept_or_refused),
	KUNIT_CASE(config_is_kept_in_a_circle),
	KUNIT_CASE(config_is_not_kept_elsewhere),
	KUNIT_CASE(component_is_kept),
	KUNIT_CASE(component_fills_its_bar),
	{ }
};

struct kunit_suite coherent_cxl_keep_suite = {
	.name = "coherent-cxl-keep",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = kunit_cxl_init,
	.test_cases = cxl_keep_cases,
};
