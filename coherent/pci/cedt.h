/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI's CXL Early Discovery Table. Has no kernel state.
 */
#ifndef COHERENT_CEDT_H
#define COHERENT_CEDT_H

#include <linux/types.h>

bool coherent_cedt_window(const void *table, size_t length, u64 base, u64 size,
			  u8 *ways);

#endif /* COHERENT_CEDT_H */
