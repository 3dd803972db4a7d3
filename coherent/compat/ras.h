/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arm_event tells of errors one by one, and their severity, from 6.18 on, and where
 * that was backported. An older one tells nothing of use: who wants to listen to
 * it as to a new one cannot.
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
