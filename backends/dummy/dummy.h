/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_DUMMY_H
#define COHERENT_DUMMY_H

#include <linux/types.h>

struct coherent_carve;
struct pci_dev;

/* parameter.c */
int dummy_set_memtype(struct coherent_carve *policy, const char *name);
int dummy_from_parameter(struct pci_dev *pdev, u64 *base, u64 *size,
			 struct coherent_carve *policy);

#endif
