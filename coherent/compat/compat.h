/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The newest kernel's names on older kernels.
 *
 * Included by the compiler in front of every file (see probes.mk), so that no
 * source file mentions it: they are written for the newest kernel alone, and
 * in a kernel tree this folder is simply left out.
 */
#ifndef COHERENT_COMPAT_H
#define COHERENT_COMPAT_H

#include "dmabuf.h"
#include "export.h"
#include "iommu.h"
#include "locks.h"
#include "mm.h"
#include "pci.h"
#include "ras.h"
#include "slab.h"
#include "sysfs.h"
#include "vfio.h"

#endif
