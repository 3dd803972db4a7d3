/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The C in gate.pml: the core's own state machine, and the copies of its state
 * that accesses work on. Spin keeps all of it in the model's state.
 */
#ifndef COHERENT_GATE_MODEL_H
#define COHERENT_GATE_MODEL_H

#include <string.h>

#include "gate_state.c"

/*
 * All that a time limit asks is whether it is over. So the clock stands still
 * at NOW, and time passes by making what is remembered older than any limit.
 */
#define NOW		1000000000ULL
#define LIMIT_MS	1000U

#define MODEL_ACCESSES	2

static struct coherent_gate_state gate;
static struct coherent_gate_state copies[MODEL_ACCESSES];
static struct coherent_gate_facts facts[MODEL_ACCESSES];

static void model_time_passes(void)
{
	gate.reset_since = 0;
	gate.frozen_since = 0;
	gate.pending_since = 0;
	for (int i = 0; i < MODEL_ACCESSES; i++) {
		copies[i].reset_since = 0;
		copies[i].frozen_since = 0;
		copies[i].pending_since = 0;
		facts[i].began = 0;
	}
}

/* As check() and check_closely() of access.c */
static int model_check(int id)
{
	if (!facts[id].may_ask)
		return coherent_gate_forbids(&facts[id]) ? -EIO : 0;
	copies[id] = gate;
	return coherent_gate_verdict(&copies[id], &facts[id], NOW);
}

/* As ask() and put_state() of access.c, once the device has answered */
static int model_answered(int id, int answer)
{
	int ret = coherent_gate_answered(&copies[id], &facts[id], answer,
					 LIMIT_MS, NOW);

	gate.pending_since = copies[id].pending_since;
	gate.dozing = copies[id].dozing;
	gate.pending = copies[id].pending;
	return ret;
}

/* Nothing that is not looked at again makes states differ */
static void model_forget(int id)
{
	memset(&copies[id], 0, sizeof(copies[id]));
	memset(&facts[id], 0, sizeof(facts[id]));
}

#endif
