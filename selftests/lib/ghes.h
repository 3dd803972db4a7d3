/* SPDX-License-Identifier: GPL-2.0-only */
/* Errors as firmware reports them: a CPER that QEMU hands to the guest's kernel. */
#ifndef COHERENT_GHES_H
#define COHERENT_GHES_H

#include "coherent.h"

/* A platform memory error at @phys, @mask being its physical address mask or 0 for none */
int ghes_error(u64 phys, u64 mask, bool corrected);
/* A processor's cache got bad data from @phys */
int ghes_arm_error(u64 phys, bool corrected);

#endif
