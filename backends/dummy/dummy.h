/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_DUMMY_H
#define COHERENT_DUMMY_H

#include <linux/types.h>

struct coherent_carve;
struct pci_dev;

/* parameter.c */
extern const char * const dummy_memtypes[];
int dummy_parse_aperture(const char *spec, u64 *base, u64 *size,
			 struct coherent_carve *policy);
int dummy_set_memtype(struct coherent_carve *policy, const char *name);
int dummy_from_parameter(struct pci_dev *pdev, u64 *base, u64 *size,
			 struct coherent_carve *policy);

/* software.c */
int dummy_software_create(void);
void dummy_software_destroy(void);

#endif
