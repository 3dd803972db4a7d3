/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Read by spatch, never by a compiler: what it cannot parse without being told
 * what it stands for. A function that is not parsed is not checked.
 */
#define scoped_guard(args...)		YACFE_ITERATOR

/*
 * As on the newest kernel. COHERENT_VFIO_OPS_COMMON itself is read from
 * include/coherent_vfio.h.
 */
#define COMPAT_REGION_INFO_OP(fn)	.get_region_info_caps = fn,

/* Which lock guards what is nothing that spatch knows */
#define __guarded_by(args...)
#define __must_hold(args...)
#define __must_hold_shared(args...)
#define __releases_shared(args...)
#define __cond_acquires_shared(args...)
#define __context_unsafe(args...)

/* Static but for KUnit */
#define VISIBLE_IF_KUNIT		static
