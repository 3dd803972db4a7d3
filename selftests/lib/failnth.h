/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on purpose: Documentation/fault-injection of the kernel.
 * Functions return 0 or a negative errno value.
 */
#ifndef COHERENT_FAILNTH_H
#define COHERENT_FAILNTH_H

#include "coherent.h"

/* The calling thread's switch, or an error where the kernel lacks it */
int failnth_open(void);
/* Let those allocations fail that may sleep: most are ours */
int failnth_all(void);
/* The @n-th allocation of the thread from here on fails, once */
void failnth_arm(int nth, int n);
/* Has one failed? In any case none will. */
bool failnth_disarm(int nth);

/* The same for every worker thread of the kernel */
int failnth_arm_workers(int n);
/* 1 if one failed, 0 if none, or an error */
int failnth_disarm_workers(void);

/* No failures where vfio.ko makes a group, or there, too */
int failnth_spare_vfio_groups(bool spare);
/* Failures only where this module is among the @depth last callers; NULL: everywhere */
int failnth_only(const char *module, int depth);
/* Failures only in what a module does when it is loaded */
int failnth_only_at_load(void);
/* Failures only in what this function of the kernel calls; NULL: everywhere */
int failnth_only_in(const char *function);
#define FAILNTH_DEEPEST	32	/* what the kernel takes */
/* The @times next allocations fail, whosever they are; 0 for none */
int failnth_whoever(int times);
/* How many of them have not failed yet, or an error */
int failnth_left(void);

#endif
