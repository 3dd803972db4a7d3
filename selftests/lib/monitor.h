/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's monitor, which plays the part of hardware and firmware. */
#ifndef COHERENT_MONITOR_H
#define COHERENT_MONITOR_H

#include "coherent.h"

bool monitor_is_there(void);
/*
 * One command, a line of JSON, and its answer, a line in @answer, before now_ms()
 * is @end: 0 or -errno. The answer may tell of an error, too.
 */
int monitor(const char *command, char *answer, size_t n, u64 end);

#endif
