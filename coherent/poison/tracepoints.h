/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_POISON_TRACEPOINTS_H
#define COHERENT_POISON_TRACEPOINTS_H

struct tracepoint;

int coherent_tracepoint_start(const char *name, void *probe,
			      struct tracepoint **tp);
void coherent_tracepoint_stop(void *probe, struct tracepoint *tp);

#endif
