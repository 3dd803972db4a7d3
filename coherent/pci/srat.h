/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_PCI_SRAT_H
#define COHERENT_PCI_SRAT_H

#include <linux/types.h>

bool coherent_srat_domain(const void *table, size_t length, u16 segment, u16 bdf,
			  s64 above, u32 *domain);

#endif /* COHERENT_PCI_SRAT_H */
