/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the contract share: functions and descriptions for the backend that
 * is tried (test->priv, a struct coherent_kunit_backend).
 */
#ifndef COHERENT_KUNIT_CONTRACT_H
#define COHERENT_KUNIT_CONTRACT_H

#include <linux/sizes.h>
#include <linux/types.h>

#include "function.h"

struct kunit;

/* What readiness is read from: a vendor's registers may lie anywhere below this */
#define CONTRACT_IO_SIZE	((u64)SZ_16M)

struct soft_spec contract_spec(struct kunit *test, bool with_bar);
struct soft_spec contract_described(struct kunit *test, bool with_bar, u64 base,
				    u64 size);
u64 contract_size(struct kunit *test);

#endif
