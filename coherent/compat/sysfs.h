/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_SYSFS_H
#define COHERENT_COMPAT_SYSFS_H

#ifdef COMPAT_HAS_CONST_BIN_ATTR	/* from 6.16 */
#define COMPAT_BIN_ATTR_CONST	const
#else
#define COMPAT_BIN_ATTR_CONST
#endif

#endif
