// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one state machine for "may this memory be touched, and must readiness be
 * seen first?".
 *
 *   reason     begins with          ends with                 an access meanwhile
 *   CLOSED     probe, close         open                      -ENODEV
 *   RESET      reset begins         reset ends                waits; -ETIME
 *   FROZEN     frozen               recovered, failed; stale: waits; -ETIME
 *                                   reset ends
 *   ASLEEP     system sleeps        it wakes                  waits
 *   FAILED     failed               recovered, reset ends     -EIO
 *   in D3      fact of the access                             -EIO
 *   low power  fact of the access                             map: -EIO
 *   decoding   fact of the access                             map: -EIO
 *   off
 *
 * An access may enter when no reason is left: at once if @pending is clear,
 * otherwise after it has asked and the memory was ready. Every event except
 * CLOSED sets @pending. The answer also counts for later accesses, unless
 * readiness can be lost without an event:
 *
 *   - In runtime low power the function is awake for one copy and may lose its
 *     power right after: such an answer is valid for that copy alone.
 *   - During a change of power the answer may come from either side of the
 *     change: the same.
 *   - Otherwise whatever takes readiness away is an event, and events and
 *     answers exclude each other (gate.c).
 *
 * FROZEN is not RESET: a reset by VFIO or sysfs during a recovery of the link
 * ends, but the recovery goes on. Kernels that do not report a failed recovery
 * leave FROZEN behind; it is stale after COHERENT_RESET_LIMIT_MS, and then the
 * next reset ends it.
 *
 * An open ends only CLOSED: its reset, if there was one, is an event of its
 * own, and a failure after that reset is a failure.
 *
 * Time limits for readiness count from the last event; after a change of power
 * from the first access that finds the function awake (its wake-up is not
 * always an event), and in low power from the first time that the access itself,
 * which woke it, was told to wait.
 *
 * PURE: no kernel state, so that every sequence of events can be tried.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include "gate_state.h"

static bool expired(u64 since, u64 limit_ms, u64 now)
{
	return now > since && now - since > limit_ms;
}

/* The result of the recovery will not be reported any more */
static bool is_stale(const struct coherent_gate_state *state, u64 now)
{
	return expired(state->frozen_since, COHERENT_RESET_LIMIT_MS, now);
}

/**
 * coherent_gate_init() - as it is at probe: closed
 * @state: filled in
 */
void coherent_gate_init(struct coherent_gate_state *state)
{
	*state = (struct coherent_gate_state) {
		.shut = COHERENT_SHUT_CLOSED, .pending = true,
	};
}

static void readiness_lost(struct coherent_gate_state *state, u64 now)
{
	state->pending = true;
	state->pending_since = now;
}

/**
 * coherent_gate_apply() - an event happens
 * @state: changed
 * @event: which
 * @now: the time
 */
void coherent_gate_apply(struct coherent_gate_state *state,
			 enum coherent_gate_event event, u64 now)
{
	unsigned int over = 0;

	switch (event) {
	case COHERENT_GATE_OPENED:
		over = COHERENT_SHUT_CLOSED;
		break;
	case COHERENT_GATE_CLOSED:
		state->shut |= COHERENT_SHUT_CLOSED;
		return;
	case COHERENT_GATE_RESET_BEGINS:
		state->shut |= COHERENT_SHUT_RESET;
		state->reset_since = now;
		break;
	case COHERENT_GATE_RESET_ENDS:
		over = COHERENT_SHUT_RESET | COHERENT_SHUT_FAILED;
		if (is_stale(state, now))
			over |= COHERENT_SHUT_FROZEN;
		break;
	case COHERENT_GATE_FROZEN:
		state->shut |= COHERENT_SHUT_FROZEN;
		state->frozen_since = now;
		break;
	case COHERENT_GATE_RECOVERED:
		over = COHERENT_SHUT_FROZEN | COHERENT_SHUT_FAILED;
		break;
	case COHERENT_GATE_FAILED:
		over = COHERENT_SHUT_FROZEN;
		state->shut |= COHERENT_SHUT_FAILED;
		break;
	case COHERENT_GATE_POWER_BEGINS:
		state->power_changes++;
		break;
	case COHERENT_GATE_POWER_ENDS:
		state->power_changes--;
		state->dozing = true;
		break;
	case COHERENT_GATE_SLEEPS:
		state->shut |= COHERENT_SHUT_ASLEEP;
		break;
	case COHERENT_GATE_WAKES:
		over = COHERENT_SHUT_ASLEEP;
		break;
	case COHERENT_GATE_NR_EVENTS:
		return;
	}
	state->shut &= ~over;
	readiness_lost(state, now);
}

/**
 * coherent_gate_verdict() - may an access enter?
 * @state: the state
 * @facts: of the access
 * @now: the time; unused if nothing is shut
 *
 * Return: 0; COHERENT_GATE_ASK, see coherent_gate_answered(); -EAGAIN for not
 * now; -ETIME when that has lasted too long; -EIO when the user has to do
 * something about it first; -ENODEV when nobody has the function open.
 */
int coherent_gate_verdict(const struct coherent_gate_state *state,
			  const struct coherent_gate_facts *facts, u64 now)
{
	if (coherent_gate_forbids(facts))
		return -EIO;
	if (state->shut & COHERENT_SHUT_CLOSED)
		return -ENODEV;
	if (state->shut & COHERENT_SHUT_FAILED)
		return -EIO;
	if (state->shut & COHERENT_SHUT_FROZEN && is_stale(state, now))
		return -ETIME;
	if (state->shut & COHERENT_SHUT_RESET &&
	    expired(state->reset_since, COHERENT_RESET_LIMIT_MS, now))
		return -ETIME;
	if (state->shut)
		return -EAGAIN;
	if (!state->pending)
		return 0;
	return coherent_gate_cannot_ask(facts) ? -EIO : COHERENT_GATE_ASK;
}

/**
 * coherent_gate_answered() - an access that was to ask has asked
 * @state: changed: what was seen, and when the limit began
 * @facts: of the access, and as they were when coherent_gate_verdict() said so
 * @answer: 0 for ready, -EAGAIN for not yet, or an error
 * @limit_ms: how long it may be "not yet"
 * @now: the time; unused for 0 where the state was not dozing
 *
 * Return: 0; -EAGAIN; -ETIME when the limit is over; else @answer.
 */
int coherent_gate_answered(struct coherent_gate_state *state,
			   const struct coherent_gate_facts *facts, int answer,
			   u64 limit_ms, u64 now)
{
	bool awake = !facts->low_power && !state->power_changes;
	u64 since;

	if (awake && state->dozing) {
		state->dozing = false;
		state->pending_since = now;
	}
	if (!answer) {
		if (awake)
			state->pending = false;
		return 0;
	}
	since = facts->low_power && facts->began > state->pending_since ?
		facts->began : state->pending_since;
	if (answer == -EAGAIN && expired(since, limit_ms, now))
		return -ETIME;
	return answer;
}
