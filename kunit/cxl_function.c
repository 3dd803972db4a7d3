// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function with CXL.mem, and a backend that takes it.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "../coherent/pci/cxl.h"
#include "../coherent/pci/pci.h"
#include "cxl_function.h"

struct kunit_cxl_window kunit_cxl_window;

static int fake_window(u64 base, u64 size, u8 *ways)
{
	kunit_cxl_window.base = base;
	kunit_cxl_window.size = size;
	*ways = kunit_cxl_window.ways;
	return kunit_cxl_window.ret;
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

/** kunit_cxl_init() - a suite's init */
int kunit_cxl_init(struct kunit *test)
{
	int ret = kunit_driver_init(test);

	memset(&kunit_cxl_window, 0, sizeof(kunit_cxl_window));
	kunit_activate_static_stub(test, coherent_cxl_window, fake_window);
	kunit_backend.discover = discover_cxl;
	kunit_backend.cxl_ready = true;
	return ret;
}

/** kunit_cxl_spec() - one range, active, and nothing else that describes memory */
struct soft_spec kunit_cxl_spec(struct kunit *test)
{
	struct soft_spec spec = kunit_described_spec(test, SOFT_CXL_DVSEC | SOFT_ENDPOINT);

	spec.properties = NULL;
	spec.config.cxl = (struct soft_cxl) {
		.cap = SOFT_CXL_MEMORY(1), .control = SOFT_CXL_MEM_ENABLE,
		.base = { KUNIT_FUNCTION_BASE }, .size = { KUNIT_FUNCTION_SIZE },
	};
	return spec;
}

/** kunit_cxl_offer() - to the driver; kunit_probe_result is what probe said */
struct pci_dev *kunit_cxl_offer(struct kunit *test, const struct soft_spec *spec)
{
	kunit_probe_result = 1;
	return kunit_function(test, spec);
}

/** kunit_cxl_bound() - ... and it was taken */
struct coherent_function *kunit_cxl_bound(struct kunit *test, const struct soft_spec *spec)
{
	struct pci_dev *pdev = kunit_cxl_offer(test, spec);

	KUNIT_ASSERT_EQ(test, 0, kunit_probe_result);
	return kunit_device_of(pdev)->function;
}
