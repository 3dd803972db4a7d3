/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm_event reports errors one by one, with their severity, from 6.18 on, and
 * on kernels with a backport. An older one reports nothing useful: registering
 * a callback with it fails.
 */
#ifndef COHERENT_COMPAT_RAS_H
#define COHERENT_COMPAT_RAS_H

#if defined(CONFIG_ARM64) && defined(CONFIG_RAS) && !defined(COMPAT_HAS_ARM_EVENT_PEI)
#include <linux/errno.h>
#include <ras/ras_event.h>

#define check_trace_callback_type_arm_event(callback) do {		\
	if (callback)							\
		return -EOPNOTSUPP;					\
} while (0)
#endif

#endif
