/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function with CXL.mem, for suites about it.
 */
#ifndef COHERENT_KUNIT_CXL_FUNCTION_H
#define COHERENT_KUNIT_CXL_FUNCTION_H

#include <linux/types.h>

#include "driver.h"

struct coherent_function;
struct kunit;

/* What the host bridge's window over it is to be, and was asked of */
struct kunit_cxl_window {
	int ret;
	u8 ways;
	u64 base, size;		/* asked for last */
};

extern struct kunit_cxl_window kunit_cxl_window;

int kunit_cxl_init(struct kunit *test);
struct soft_spec kunit_cxl_spec(struct kunit *test);
struct pci_dev *kunit_cxl_offer(struct kunit *test, const struct soft_spec *spec);
struct coherent_function *kunit_cxl_bound(struct kunit *test, const struct soft_spec *spec);

#endif
