/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Config space of a software function. Nothing here knows of kernel state.
 */
#ifndef COHERENT_SOFT_CONFIG_H
#define COHERENT_SOFT_CONFIG_H

#include <linux/types.h>

#include "soft.h"

#define SOFT_CONFIG_SIZE	4096

/**
 * struct soft_config - config space
 * @spec: what it is made from, again after each reset
 * @ready: what the CXL Device DVSEC says of the memory; a reset leaves it
 * @bytes: what reads give
 * @writable: the bits of it that writes change
 */
struct soft_config {
	struct soft_config_spec spec;
	bool ready;
	u8 bytes[SOFT_CONFIG_SIZE];
	u8 writable[SOFT_CONFIG_SIZE];
};

void soft_config_init(struct soft_config *cfg,
		      const struct soft_config_spec *spec);
void soft_config_set_ready(struct soft_config *cfg, bool ready);
u32 soft_config_read(const struct soft_config *cfg, unsigned int where,
		     unsigned int size);
bool soft_config_write(struct soft_config *cfg, unsigned int where,
		       unsigned int size, u32 val);

#endif /* COHERENT_SOFT_CONFIG_H */
