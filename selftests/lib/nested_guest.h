/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs do in and with the guest of a machine in the machine that has the
 * function, a step at a time: each is a result of its own. There is one machine.
 */
#ifndef COHERENT_SELFTESTS_NESTED_GUEST_H
#define COHERENT_SELFTESTS_NESTED_GUEST_H

#include "nested.h"

/* The one function behind the one port */
#define GUEST_BDF	"0000:01:00.0"
#define GUEST_DIR	"/sys/bus/pci/devices/" GUEST_BDF

extern struct nested m;
/* What was said last by whoever was asked: shown when a step fails */
extern char said[2048];

/* How many there will be */
void steps_begin(unsigned int planned);
void step(bool good, const char *name);
/* The last one; and, where any has failed, what the guest's console has */
void steps_end(void);

/* A command in the guest: did it succeed? */
bool sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How far apart words of a region are looked at: more closely at both ends */
u64 step_of(const struct expect_region *r, u64 at);
/* nested_memory's @what ("write", "check") with all memory of the function */
bool guest(const char *what, const struct expect *e, u64 seed);
/* nested_vfio's with the same, for a function that is bound to a driver of VFIO there */
bool guest_vfio(const char *what, const struct expect *e, u64 seed);
/* nested_memory's with some of the usable part's */
bool guest_part(const char *what, u64 at, u64 n, u64 seed);
/* A BAR is as the guest's kernel should find it */
bool guest_bar(unsigned int bar, const struct expect_region *r);
/* The host's turn, by file: what the guest has written last is there (nested_host.c) */
bool nested_host_finds(const struct expect *e, u64 seed);
/* The guest boots anew, and answers */
bool reboots(void);
/* The guest ends by itself, and with it QEMU, well */
bool powers_off(void);
/* QEMU has not complained */
bool silent(void);

#endif
