/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs share that provoke bugs of the kernel: see
 * Documentation/kernel-bugs/README.md.
 */
#ifndef COHERENT_BUG_H
#define COHERENT_BUG_H

#include "coherent.h"

/* One result: "ok N what" or "not ok N what"; returns @good */
__attribute__((format(printf, 2, 3)))
bool bug_ok(bool good, const char *what, ...);
/* Something for people: "# what" */
__attribute__((format(printf, 1, 2)))
void bug_note(const char *what, ...);
/* lockdep has reported nothing so far, and is about to go off for this reason */
void bug_without_lockdep(const char *why);
/* The plan, and main()'s status: not 0 if nothing was tested, too */
int bug_end(void);

/* modprobe WORD...; 0, or -EIO */
int bug_modprobe(const char *words);
/* Have @driver, of @module, take the function; 0 or -errno */
int bug_bind(const char *bdf, const char *module, const char *driver);
/* Huge pages wherever they are possible; 0 or -errno */
int bug_huge_pages(void);

#endif
