// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core library as a module.
 */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO core library for accelerators with CPU-coherent memory");
