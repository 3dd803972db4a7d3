/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_SLAB_H
#define COHERENT_COMPAT_SLAB_H

#include <linux/slab.h>

#ifndef kzalloc_obj	/* from 7.0 */
#define kzalloc_obj(obj, gfp)						\
	((typeof(obj) *)kzalloc(sizeof(obj), gfp)) /* coccinelle: alloc_cast: as the kernel's */
#endif

#endif
