/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the kernel's own that may be shown: for devices without any.
 */
#ifndef COHERENT_MEMORY_H
#define COHERENT_MEMORY_H

#include <linux/types.h>

int coherent_memory_alloc(u64 size, u64 *base);
void coherent_memory_free(u64 base);

#endif /* COHERENT_MEMORY_H */
