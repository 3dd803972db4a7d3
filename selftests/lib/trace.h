/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's trace of one event, or of a system of them. */
#ifndef COHERENT_TRACE_H
#define COHERENT_TRACE_H

#include <stddef.h>

/* All that is there, or as much as fits, with a 0 behind it: 0 or -errno */
int text_read(const char *path, char *text, size_t n);

/* @events as in "coherent_vfio" or "signal/signal_generate"; what was traced before is gone */
int trace_begin(const char *events);
/* ... and what was traced since then */
int trace_end(const char *events, char *text, size_t n);

#endif
