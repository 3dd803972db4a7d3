/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a bare virtual machine is each architecture's own: machine_ARCH.c */
#ifndef COHERENT_SELFTESTS_MACHINE_CPU_H
#define COHERENT_SELFTESTS_MACHINE_CPU_H

#include "machine.h"

/* Guest-physical; where virtual addresses of the region lead to, whatever their type */
#define REPORT		0x10000000ULL
#define OWN		0x40000000ULL
#define DATA		0x80000000ULL

/* In OWN */
#define CODE		0x1000
#define OWN_SIZE	0x10000		/* a page, whatever that is */

/* Reports what x0 holds, at REPORT; then waits to be given other registers */
extern const char machine_report[], machine_report_end[];

/* Page tables and what else there is in m->own but for the code */
void machine_fill(struct machine *m);
/* The rest: 0 or a negative errno value */
int machine_set_up_cpu(struct machine *m);
int machine_set_registers(const struct machine *m, u64 x0, u64 x1);
/* MTE */
int machine_set_tags(const struct machine *m);

#endif
