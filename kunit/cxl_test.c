// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL.mem of a function: where it is found, what is refused, that users do not change how
 * it decodes, and what becomes of it when a reset does.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/vfio.h>

#include "../coherent/pci/cxl.h"
#include "../coherent/pci/pci.h"
#include "driver.h"
#include "suites.h"

#define BASE		KUNIT_FUNCTION_BASE
#define SIZE		KUNIT_FUNCTION_SIZE

/* A DVSEC of CXL's */
#define FLEX_BUS_PORT	7

static struct {
	int ret;
	u8 ways;
	u64 base, size;		/* asked for last */
} window;

static int fake_window(u64 base, u64 size, u8 *ways)
{
	window.base = base;
	window.size = size;
	*ways = window.ways;
	return window.ret;
}

static int discover_cxl(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve all_usable = { };
	u64 base, size;
	int ret;

	ret = coherent_cxl_read_aperture(cdev, layout, &base, &size);
	if (!ret)
		ret = coherent_layout_carve(layout, base, size, &all_usable);
	if (!ret)
		kunit_discovered(cdev);
	return ret;
}

static int cxl_init(struct kunit *test)
{
	int ret = kunit_driver_init(test);

	memset(&window, 0, sizeof(window));
	kunit_activate_static_stub(test, coherent_cxl_window, fake_window);
	kunit_backend.discover = discover_cxl;
	kunit_backend.cxl_ready = true;
	return ret;
}

static struct soft_spec cxl_spec(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, SOFT_CXL_DVSEC | SOFT_ENDPOINT);

	spec.properties = NULL;
	spec.config.cxl = (struct soft_cxl) {
		.cap = SOFT_CXL_MEMORY(1), .control = SOFT_CXL_MEM_ENABLE,
		.base = { BASE }, .size = { SIZE },
	};
	return spec;
}

/* Offered to the driver: what probe said */
static struct pci_dev *offer(struct kunit *test, const struct soft_spec *spec)
{
	kunit_probe_result = 1;
	return kunit_function(test, spec);
}

static struct coherent_function *bound(struct kunit *test, const struct soft_spec *spec)
{
	struct pci_dev *pdev = offer(test, spec);

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	return kunit_device_of(pdev)->function;
}

static void by_one_range(struct kunit *test)
{
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn = bound(test, &spec);

	KUNIT_EXPECT_EQ(test, BASE, fn->ap.layout.base);
	KUNIT_EXPECT_EQ(test, SIZE, fn->ap.layout.size);
	KUNIT_EXPECT_EQ(test, BASE, window.base);
	KUNIT_EXPECT_EQ(test, SIZE, window.size);
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
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn;

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	for (int i = 0; i < ARRAY_SIZE(good); i++) {
		memcpy(spec.config.cxl.base, good[i].base, sizeof(good[i].base));
		memcpy(spec.config.cxl.size, good[i].size, sizeof(good[i].size));
		fn = bound(test, &spec);
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
	struct soft_spec spec = cxl_spec(test);

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	for (int i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(spec.config.cxl.base, wrong[i].base, sizeof(wrong[i].base));
		memcpy(spec.config.cxl.size, wrong[i].size, sizeof(wrong[i].size));
		offer(test, &spec);
		KUNIT_EXPECT_EQ_MSG(test, wrong[i].ret, kunit_probe_result, "%d", i);
	}
}

/* What we cannot show is refused, and a function without memory is vfio-pci's */
static void wrong_functions(struct kunit *test)
{
	struct soft_spec spec = cxl_spec(test);

	spec.config.flags &= ~SOFT_ENDPOINT;
	offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, kunit_probe_result);

	spec = cxl_spec(test);
	spec.config.cxl.control = 0;
	offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -ENODEV, kunit_probe_result);

	spec = cxl_spec(test);
	window.ways = 1;
	offer(test, &spec);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, kunit_probe_result);

	window.ret = -ENODATA;
	KUNIT_EXPECT_FALSE(test, coherent_has_memory(bound(test, &spec)));
	window.ret = 0;
	spec.config.cxl.cap = 0;
	KUNIT_EXPECT_FALSE(test, coherent_has_memory(bound(test, &spec)));
}

static void several_functions(struct kunit *test)
{
	struct soft_spec spec = cxl_spec(test);
	struct pci_dev *pdev;

	spec.driver = NULL;
	pdev = offer(test, &spec);
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
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn;
	struct pci_dev *pdev;
	u32 base;

	/* Whatever is where a second range would be */
	spec.config.cxl.base[1] = 7 * SIZE;
	fn = bound(test, &spec);
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
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn;
	unsigned int limit;

	fn = bound(test, &spec);
	KUNIT_EXPECT_EQ(test, 1, fn->cxl_ranges);
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_ready(fn, &limit));
	/* The second is not there, and so never valid */
	fn->cxl_ranges = 2;
	KUNIT_EXPECT_EQ(test, -EAGAIN, coherent_cxl_ready(fn, &limit));
	KUNIT_EXPECT_EQ(test, 1000, limit);
	device_release_driver(fn->ap.dev);

	spec.config.cxl.cap = SOFT_CXL_MEMORY(2);
	fn = bound(test, &spec);
	KUNIT_EXPECT_EQ(test, 2, fn->cxl_ranges);
	KUNIT_EXPECT_EQ(test, 0, coherent_cxl_ready(fn, &limit));
}

/* ... and a DVSEC that is another's is not */
static void config_is_kept(struct kunit *test)
{
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn;
	struct pci_dev *pdev;
	/* Where it is kept or begins not to be, in turn */
	u64 edges[6] = { [5] = ~0ULL };
	unsigned int i = 0;
	size_t len;

	spec.config.flags |= SOFT_NVIDIA_DVSEC;
	fn = bound(test, &spec);
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
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn = bound(test, &spec);
	const u16 dvsec = fn->cxl.dvsec;
	struct coherent_cxl cxl = { .dvsec = dvsec - 0x10 };

	KUNIT_EXPECT_EQ(test, -ENODEV, coherent_cxl_keep(fn, &cxl));
	KUNIT_EXPECT_EQ(test, dvsec, fn->cxl.dvsec);
}

/* A function whose aperture is no CXL.mem may write to its DVSECs */
static void config_is_not_kept_elsewhere(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, SOFT_CXL_DVSEC | SOFT_ENDPOINT);
	struct coherent_function *fn;
	size_t len = PCI_CFG_SPACE_EXP_SIZE;

	kunit_backend_reset();
	fn = bound(test, &spec);
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
	struct soft_spec spec = cxl_spec(test);
	struct coherent_function *fn = bound(test, &spec);
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

static struct kunit_case cxl_cases[] = {
	KUNIT_CASE(by_one_range),
	KUNIT_CASE(by_two_ranges),
	KUNIT_CASE(wrong_ranges),
	KUNIT_CASE(wrong_functions),
	KUNIT_CASE(several_functions),
	KUNIT_CASE(a_reset_disables_it),
	KUNIT_CASE(ready_by_all_ranges),
	KUNIT_CASE(config_is_kept),
	KUNIT_CASE(config_is_kept_within_its_space),
	KUNIT_CASE(config_is_kept_or_refused),
	KUNIT_CASE(config_is_not_kept_elsewhere),
	KUNIT_CASE(component_is_kept),
	KUNIT_CASE(component_fills_its_bar),
	{ }
};

struct kunit_suite coherent_cxl_suite = {
	.name = "coherent-cxl",
	.suite_init = kunit_driver_begin,
	.suite_exit = kunit_driver_end,
	.init = cxl_init,
	.test_cases = cxl_cases,
};
