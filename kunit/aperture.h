/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_KUNIT_APERTURE_H
#define COHERENT_KUNIT_APERTURE_H

#include <linux/bits.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "../coherent/pci/pci.h"

struct coherent_ledger;
struct kunit;

/* No machine has anything there; it is not accessed */
#define KUNIT_APERTURE_BASE	BIT_ULL(44)

/**
 * struct kunit_aperture - an aperture that a device had once
 * @cdev: as much of that device as its backend looks at
 * @function: and what the core kept of it
 * @ledger: what stayed
 */
struct kunit_aperture {
	struct coherent_device cdev;
	struct coherent_function function;
	struct coherent_ledger *ledger;
};

struct kunit_aperture *kunit_aperture(struct kunit *test, u64 base,
				      unsigned long pages);

#endif
