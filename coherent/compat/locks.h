/* SPDX-License-Identifier: GPL-2.0-only */
/* Which lock guards what: checked by clang from 7.0 on, prose before */
#ifndef COHERENT_COMPAT_LOCKS_H
#define COHERENT_COMPAT_LOCKS_H

#include <linux/compiler_types.h>

#ifndef __guarded_by	/* from 7.0 */
#define __guarded_by(...)
#define __must_hold_shared(...)
#define __releases_shared(...)
#define __cond_acquires_shared(ret, x)
#define __context_unsafe(comment)
/* Has one argument there, for sparse */
#undef __cond_acquires
#define __cond_acquires(...)
#endif

#endif
