/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_KUNIT_FUNCTION_H
#define COHERENT_KUNIT_FUNCTION_H

#include <linux/bits.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "../backends/dummy/soft/soft.h"

struct kunit;
struct pci_dev;

/* Within what every CPU can address; nobody's, and not accessed */
#define KUNIT_FUNCTION_BASE	BIT_ULL(38)
#define KUNIT_FUNCTION_SIZE	((u64)SZ_4G)

/* Of a test with several, one behind the other */
static inline u64 kunit_base_of(unsigned int i)
{
	return KUNIT_FUNCTION_BASE + i * KUNIT_FUNCTION_SIZE;
}

/* Memory that the command line keeps from the kernel: for BARs, which are accessed */
#define KUNIT_MEMORY_BASE	0x20000000ULL
#define KUNIT_MEMORY_SIZE	((u64)SZ_64M)
#define KUNIT_BAR0_SIZE		((u64)SZ_1M)

struct soft_spec kunit_function_spec(struct kunit *test, bool with_bar0);
struct pci_dev *kunit_function(struct kunit *test, const struct soft_spec *spec);

#endif
