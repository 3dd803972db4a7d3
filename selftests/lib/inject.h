/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory errors without broken memory, told by whoever can tell them on this
 * machine: firmware (arm64, through QEMU's monitor), a machine check (x86), the
 * memory manager, or the core's own file in debugfs.
 *
 * Functions return 0 or a negative errno value. But for debugfs an error is on
 * its way when they return, and not yet known to the core.
 */
#ifndef COHERENT_INJECT_H
#define COHERENT_INJECT_H

#include "coherent.h"

enum inject_by { BY_DEBUGFS, BY_GHES, BY_MCE, BY_OFFLINE, BY_ARM, INJECT_SOURCES };

/* As in COHERENT_INJECT and in the core's log lines */
extern const char * const inject_name[INJECT_SOURCES];

/* NULL, or why the error cannot come that way; COHERENT_INJECT lists those that can */
const char *inject_impossible(enum inject_by by);
/* The first of COHERENT_INJECT that needs nothing from the core; else debugfs */
enum inject_by inject_foreign(void);

/* An uncorrected, recoverable error at @phys, a host-physical address of @e's aperture */
int inject_error(const struct expect *e, enum inject_by by, u64 phys);
/* Does this source say how much is bad? */
bool inject_has_width(enum inject_by by);
/* The same of 1 << @shift bytes around @phys; -EOPNOTSUPP where it cannot be said */
int inject_wide(const struct expect *e, enum inject_by by, u64 phys, unsigned int shift);
/* An error that was corrected */
int inject_corrected(const struct expect *e, enum inject_by by, u64 phys);

/* @count errors @stride bytes apart from @off on, of the aperture; 0: not said */
int inject_many(const struct expect *e, u64 off, u64 count, u64 stride);
/* Any text, to be refused or not */
int inject_text(const struct expect *e, const char *text);

#endif
