// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every access to the memory, by a page fault or by file I/O, happens between
 * coherent_access_begin() and coherent_access_end(). In between no event
 * changes the gate, and the memory is known to be ready. Waiting for that is
 * done with no lock held: it may take minutes, and a reset must be able to come
 * in between (it restarts the wait).
 */
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "coherent.h"
#include "poison/poison.h"
#include "trace.h"

/*
 * What another access that holds the lock for reading may store meanwhile is
 * read in one piece: all speak of one and the same time between two events.
 */
static struct coherent_gate_state get_state(struct coherent_gate *gate)
	__must_hold_shared(&gate->lock)
{
	struct coherent_gate_state state = {
		.shut = gate->state.shut,
		.pending = READ_ONCE(gate->state.pending),
		.dozing = READ_ONCE(gate->state.dozing),
		.power_changes = gate->state.power_changes,
		.reset_since = gate->state.reset_since,
		.frozen_since = gate->state.frozen_since,
		.pending_since = READ_ONCE(gate->state.pending_since),
	};

	return state;
}

/*
 * What coherent_gate_answered() changes; all concurrent readers store the same
 */
static void put_state(struct coherent_gate *gate,
		      const struct coherent_gate_state *state)
	__must_hold_shared(&gate->lock)
	__context_unsafe(/* readers may store these, see above */)
{
	WRITE_ONCE(gate->state.pending_since, state->pending_since);
	WRITE_ONCE(gate->state.dozing, state->dozing);
	WRITE_ONCE(gate->state.pending, state->pending);
}

/* The time; *@began is when the access began, as far as anybody has looked */
static u64 look_at_clock(u64 *began)
{
	u64 now = coherent_gate_now();

	if (!*began)
		*began = now;
	return now;
}

/* By itself, as trace_copy() is */
static noinline void trace_answer(const struct coherent_aperture *ap, int answer)
{
	trace_coherent_ready(ap->dev, answer);
}

static __always_inline int ask(struct coherent_aperture *ap)
{
	int ret = ap->face->ready(ap);

	if (trace_coherent_ready_enabled())
		trace_answer(ap, ret);
	return ret;
}

/* The device has answered; what that means, and for whom */
static int take_answer(struct coherent_aperture *ap, struct coherent_gate_state *state,
		       struct coherent_gate_facts *facts, u64 *began, int answer)
	__must_hold_shared(&ap->gate.lock)
{
	unsigned int limit_ms = answer == -EAGAIN ? ap->face->ready_limit(ap) : 0;
	u64 now = look_at_clock(began);
	int ret;

	facts->began = *began;
	ret = coherent_gate_answered(state, facts, answer, limit_ms, now);
	put_state(&ap->gate, state);
	coherent_health_answer(ap, ret);
	if (!ret)
		coherent_poison_ready(ap);
	return ret;
}

/* The gate is shut, or its power changes: any state */
static noinline int check_state(struct coherent_aperture *ap,
				struct coherent_gate_facts *facts, u64 *began)
	__must_hold_shared(ap->face_lock)
	__must_hold_shared(&ap->gate.lock)
{
	struct coherent_gate_state state = get_state(&ap->gate);
	int ret;

	ret = coherent_gate_verdict(&state, facts, state.shut ?
				    look_at_clock(began) : 0);
	if (ret != COHERENT_GATE_ASK)
		return ret;
	return take_answer(ap, &state, facts, began, ask(ap));
}

static noinline int not_ready(struct coherent_aperture *ap,
			      struct coherent_gate_facts *facts, u64 *began, int answer)
	__must_hold_shared(&ap->gate.lock)
{
	struct coherent_gate_state state = get_state(&ap->gate);

	return take_answer(ap, &state, facts, began, answer);
}

/*
 * The gate is shut, or readiness is to be seen first. The latter, of a device that is
 * ready, is the first access after every reset: by itself it takes half of the instructions
 * that the way by the state machine takes.
 */
static __always_inline int check_closely(struct coherent_aperture *ap,
					 struct coherent_gate_facts *facts, u64 *began)
	__must_hold_shared(ap->face_lock)
	__must_hold_shared(&ap->gate.lock)
	__context_unsafe(/* readers may store @pending, see put_state() */)
{
	struct coherent_gate_state *state = &ap->gate.state;
	int ret;

	if (!coherent_gate_only_pending(facts, state->shut, READ_ONCE(state->dozing),
					state->power_changes))
		return check_state(ap, facts, began);
	if (coherent_gate_cannot_ask(facts))
		return -EIO;
	ret = ask(ap);
	if (ret)
		return not_ready(ap, facts, began, ret);
	WRITE_ONCE(state->pending, false);
	coherent_health_ready(ap);
	if (ap->reset_heals)
		coherent_poison_ready(ap);
	return 0;
}

/*
 * check() and begin() are inlined: they are half of what a small copy costs. So is
 * check_closely(), for the first access after an event.
 */
static __always_inline int check(struct coherent_aperture *ap,
				 enum coherent_access access, u64 *began)
	__must_hold_shared(ap->face_lock)
	__must_hold_shared(&ap->gate.lock)
{
	const struct coherent_gate_state *state = &ap->gate.state;
	struct coherent_gate_facts facts = {
		.map = access == COHERENT_ACCESS_MAP,
		.may_ask = state->shut || READ_ONCE(state->pending),
	};

	lockdep_assert_held_read(ap->face_lock);
	lockdep_assert_held_read(&ap->gate.lock);

	/* Without a user the device's facts do not exist, or are going away */
	if (state->shut & COHERENT_SHUT_CLOSED)
		return -ENODEV;
	ap->face->facts(ap, &facts);
	if (facts.low_power && access == COHERENT_ACCESS_COPY)
		return -EHOSTDOWN;
	if (facts.may_ask)
		return check_closely(ap, &facts, began);
	return coherent_gate_forbids(&facts) ? -EIO : 0;
}

static __always_inline int begin(struct coherent_aperture *ap,
				 enum coherent_access access, u64 *began)
	__cond_acquires_shared(0, ap->face_lock)
	__cond_acquires_shared(0, &ap->gate.lock)
{
	int ret;

	if (down_read_killable(ap->face_lock))
		return -EINTR;
	if (down_read_killable(&ap->gate.lock)) {
		ret = -EINTR;
		goto out_face;
	}

	ret = check(ap, access, began);
	if (!ret)
		return 0;

	up_read(&ap->gate.lock);
out_face:
	up_read(ap->face_lock);
	return ret;
}

/**
 * coherent_access_begin() - start to touch or map the memory
 * @ap: the aperture
 * @access: what for
 *
 * Context: may sleep while an event happens, killably. On success face_lock
 * and coherent_gate.lock are held for reading until coherent_access_end(): no
 * user page may be faulted in before.
 * Return: 0; -EAGAIN when it cannot be now, or the memory is not ready yet;
 * -ETIME when that has lasted too long; -EIO when the link is gone, in D3hot,
 * when readiness is behind a BAR whose decoding is off, and when it may not be
 * mapped; -EHOSTDOWN, see &enum coherent_access; -ENODEV when nobody has the
 * device open; -EINTR when killed; else what the face said.
 */
int coherent_access_begin(struct coherent_aperture *ap,
			  enum coherent_access access)
{
	u64 began = 0;

	return begin(ap, access, &began);
}

/** coherent_access_end() - done touching; see coherent_access_begin() */
void coherent_access_end(struct coherent_aperture *ap)
{
	up_read(&ap->gate.lock);
	up_read(ap->face_lock);
}

/**
 * coherent_access_pause() - until there is a reason to ask again
 * @ap: the aperture
 * @state: to sleep in: TASK_KILLABLE or TASK_INTERRUPTIBLE, perhaps with
 *	TASK_FREEZABLE
 * @step_ms: at most how long
 * @shut_ms: the same where the gate itself is shut; an event ends that sooner
 *
 * Context: sleeps.
 * Return: 0; -EINTR when killed; -ERESTARTSYS for another signal.
 */
int coherent_access_pause(struct coherent_aperture *ap, unsigned int state,
			  unsigned int step_ms, unsigned int shut_ms)
{
	struct coherent_gate *gate = &ap->gate;
	DEFINE_WAIT(wait);

	prepare_to_wait(&gate->wait, &wait, state);
	if (coherent_gate_is_shut_for_now(READ_ONCE(gate->state.shut)))
		step_ms = shut_ms;
	schedule_timeout(msecs_to_jiffies(step_ms));
	finish_wait(&gate->wait, &wait);

	if (fatal_signal_pending(current))
		return -EINTR;
	return signal_pending_state(state, current) ? -ERESTARTSYS : 0;
}

/* An event ends a wait for the gate; that it has lasted too long is not one */
#define SHUT_STEP_MS	1000

/**
 * coherent_access_begin_wait() - like coherent_access_begin(), and wait
 * @ap: the aperture
 * @access: as there
 * @state: to sleep in, see coherent_access_pause()
 *
 * Context: no lock held; sleeps.
 * Return: as coherent_access_begin(), but never -EAGAIN; -ERESTARTSYS when a
 * signal has ended an interruptible wait.
 */
int coherent_access_begin_wait(struct coherent_aperture *ap,
			       enum coherent_access access, unsigned int state)
{
	unsigned int step = COHERENT_POLL_FIRST_MS;
	u64 began = 0;
	int ret;

	for (;;) {
		ret = begin(ap, access, &began);
		if (ret != -EAGAIN)
			return ret;
		ret = coherent_access_pause(ap, state, step, SHUT_STEP_MS);
		if (ret)
			return ret;
		step = min(2 * step, COHERENT_POLL_LAST_MS);
	}
}

/**
 * coherent_access_wait() - wait until an access would be let in
 * @ap: the aperture
 * @access: as for coherent_access_begin()
 * @state: to sleep in, see coherent_access_pause()
 *
 * Context: as coherent_access_begin_wait(); no lock is kept.
 * Return: as there.
 */
int coherent_access_wait(struct coherent_aperture *ap,
			 enum coherent_access access, unsigned int state)
{
	int ret = coherent_access_begin_wait(ap, access, state);

	if (!ret)
		coherent_access_end(ap);
	return ret;
}
