// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate's state machine: every sequence of what can happen, up to a length,
 * beside an oracle that keeps no state but looks back at the whole sequence.
 * Needs nothing of the kernel's.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "../coherent/gate_state.h"
#include "suites.h"

#define LENGTH		6
#define LIMIT_MS	30000

/* What can happen: the gate's events, and the rest of the world */
enum {
	TIME = COHERENT_GATE_NR_EVENTS,	/* passes, longer than any limit */
	MAP_READY,			/* an access that may ask is told so */
	MAP_NOT_READY,
	COPY_READY_IN_LOW_POWER,
	COPY_NOT_READY_IN_LOW_POWER,
	NR_STEPS,
};

struct sequence {
	unsigned int n;
	struct {
		int step;
		u64 at;
		bool asked;
	} past[LENGTH + 2];
	u64 now;
};

/* The last time that @step happened, -1 for never */
static int last(const struct sequence *s, int step)
{
	int i;

	for (i = (int)s->n - 1; i >= 0; i--)
		if (s->past[i].step == step)
			break;
	return i;
}

static int last_of(const struct sequence *s, int a, int b)
{
	return max(last(s, a), last(s, b));
}

static bool open_now(const struct sequence *s)
{
	return last(s, COHERENT_GATE_OPENED) > last(s, COHERENT_GATE_CLOSED);
}

static bool in_reset(const struct sequence *s)
{
	return last(s, COHERENT_GATE_RESET_BEGINS) >
	       last(s, COHERENT_GATE_RESET_ENDS);
}

static bool asleep(const struct sequence *s)
{
	return last(s, COHERENT_GATE_SLEEPS) > last(s, COHERENT_GATE_WAKES);
}

static bool failed(const struct sequence *s)
{
	int i = last(s, COHERENT_GATE_FAILED);

	return i > last_of(s, COHERENT_GATE_RESET_ENDS, COHERENT_GATE_RECOVERED);
}

/* A reset ends a freeze only where nothing was heard of it for long */
static bool frozen(const struct sequence *s)
{
	int i = last(s, COHERENT_GATE_FROZEN);

	if (i < 0 || i < last_of(s, COHERENT_GATE_RECOVERED, COHERENT_GATE_FAILED))
		return false;
	for (unsigned int j = i + 1; j < s->n; j++)
		if (s->past[j].step == COHERENT_GATE_RESET_ENDS &&
		    s->past[j].at - s->past[i].at > COHERENT_RESET_LIMIT_MS)
			return false;
	return true;
}

/* Changes of power that were under way before @end */
static int changes_before(const struct sequence *s, unsigned int end)
{
	int n = 0;

	for (unsigned int i = 0; i < end; i++) {
		n += s->past[i].step == COHERENT_GATE_POWER_BEGINS;
		n -= s->past[i].step == COHERENT_GATE_POWER_ENDS;
	}
	return n;
}

static bool is_loss(int step)
{
	return step < COHERENT_GATE_NR_EVENTS && step != COHERENT_GATE_CLOSED;
}

static int last_loss(const struct sequence *s)
{
	int i;

	for (i = (int)s->n - 1; i >= 0; i--)
		if (is_loss(s->past[i].step))
			break;
	return i;
}

/* The first access after @from that asked a function that was awake for good */
static int asked_awake(const struct sequence *s, int from)
{
	for (unsigned int i = from + 1; i < s->n; i++)
		if (s->past[i].asked && !changes_before(s, i) &&
		    (s->past[i].step == MAP_READY || s->past[i].step == MAP_NOT_READY))
			return i;
	return -1;
}

static bool pending(const struct sequence *s)
{
	for (unsigned int i = last_loss(s) + 1; i < s->n; i++)
		if (s->past[i].asked && s->past[i].step == MAP_READY &&
		    !changes_before(s, i))
			return false;
	return true;
}

static bool long_since(const struct sequence *s, int step, u64 limit_ms)
{
	int i = last(s, step);

	return i >= 0 && s->now - s->past[i].at > limit_ms;
}

static int expected_verdict(const struct sequence *s,
			    const struct coherent_gate_facts *facts)
{
	if (facts->in_d3 || (facts->map && (!facts->decoding || facts->low_power)))
		return -EIO;
	if (!open_now(s))
		return -ENODEV;
	if (failed(s))
		return -EIO;
	if ((frozen(s) && long_since(s, COHERENT_GATE_FROZEN, COHERENT_RESET_LIMIT_MS)) ||
	    (in_reset(s) && long_since(s, COHERENT_GATE_RESET_BEGINS, COHERENT_RESET_LIMIT_MS)))
		return -ETIME;
	if (frozen(s) || in_reset(s) || asleep(s))
		return -EAGAIN;
	if (!pending(s))
		return 0;
	return facts->ready_needs_bar && !facts->decoding ? -EIO : COHERENT_GATE_ASK;
}

/* What an access is told that asked and heard "not yet" */
static int expected_wait(const struct sequence *s, bool low_power)
{
	int change = last(s, COHERENT_GATE_POWER_ENDS);
	int seen = change < 0 ? -1 : asked_awake(s, change);
	int loss = last_loss(s);
	u64 since = 0;

	if (low_power)
		return -EAGAIN;		/* It woke the function just now */
	if (change >= 0 && seen < 0 && !changes_before(s, s->n))
		return -EAGAIN;		/* It is the first to find it awake */
	if (loss >= 0)
		since = s->past[loss].at;
	if (seen >= 0 && s->past[seen].at > since)
		since = s->past[seen].at;
	return s->now - since > LIMIT_MS ? -ETIME : -EAGAIN;
}

/* Sequences that the callers see to */
static bool is_possible(const struct sequence *s, int step)
{
	switch (step) {
	case COHERENT_GATE_OPENED:
		return !open_now(s);
	case COHERENT_GATE_CLOSED:
		return open_now(s);
	case COHERENT_GATE_RESET_BEGINS:
		return !in_reset(s);
	case COHERENT_GATE_RESET_ENDS:
		return in_reset(s);
	case COHERENT_GATE_POWER_BEGINS:
		return open_now(s);
	case COHERENT_GATE_POWER_ENDS:
		return changes_before(s, s->n);
	case COHERENT_GATE_SLEEPS:
		return !asleep(s);
	case COHERENT_GATE_WAKES:
		return asleep(s);
	case TIME:
		return s->n && s->past[s->n - 1].step != TIME;
	default:
		return true;
	}
}

static const struct coherent_gate_facts plain_map = {
	.map = true, .decoding = true,
};

static const struct coherent_gate_facts others[] = {
	{ .map = true, .decoding = false },
	{ .map = true, .decoding = true, .low_power = true },
	{ .map = false, .decoding = false },
	{ .map = false, .decoding = false, .ready_needs_bar = true },
	{ .map = false, .decoding = true, .in_d3 = true },
	{ .map = true, .decoding = true, .in_d3 = true },
};

/* As access.c does. Returns whether the outcome is as expected. */
static bool access_once(const struct sequence *s, struct coherent_gate_state *state,
			int step, bool *asked)
{
	bool low_power = step == COPY_READY_IN_LOW_POWER ||
			 step == COPY_NOT_READY_IN_LOW_POWER;
	bool ready = step == MAP_READY || step == COPY_READY_IN_LOW_POWER;
	const struct coherent_gate_facts facts = {
		.map = !low_power, .decoding = true, .low_power = low_power,
		.began = s->now,
	};
	int expected = expected_verdict(s, &facts);
	int ret = coherent_gate_verdict(state, &facts, s->now);

	*asked = ret == COHERENT_GATE_ASK;
	if (ret != expected)
		return false;
	if (!*asked)
		return true;
	expected = ready ? 0 : expected_wait(s, low_power);
	ret = coherent_gate_answered(state, &facts, ready ? 0 : -EAGAIN,
				     LIMIT_MS, s->now);
	return ret == expected;
}

static bool as_expected(const struct sequence *s, const struct coherent_gate_state *state)
{
	if (coherent_gate_verdict(state, &plain_map, s->now) !=
	    expected_verdict(s, &plain_map))
		return false;
	if ((state->dozing || state->power_changes) && !state->pending)
		return false;
	/* All others once for each sequence of full length */
	if (s->n < LENGTH)
		return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++)
		if (coherent_gate_verdict(state, &others[i], s->now) !=
		    expected_verdict(s, &others[i]))
			return false;
	return true;
}

static bool try(struct sequence *s, struct coherent_gate_state *state, int step)
{
	bool asked = false, good = true;

	s->now++;
	if (step == TIME)
		s->now += 10 * COHERENT_RESET_LIMIT_MS;
	else if (step > TIME)
		good = access_once(s, state, step, &asked);
	else
		coherent_gate_apply(state, (enum coherent_gate_event)step, s->now);
	s->past[s->n].step = step;
	s->past[s->n].at = s->now;
	s->past[s->n].asked = asked;
	s->n++;
	return good && as_expected(s, state);
}

static void complain(struct kunit *test, const struct sequence *s)
{
	for (unsigned int i = 0; i + 1 < s->n; i++)
		KUNIT_FAIL(test, "after step %d (numbers as above) ...",
			   s->past[i].step);
	KUNIT_FAIL(test, "... step %d does not end as expected",
		   s->past[s->n - 1].step);
}

/* Returns how many sequences were tried, 0 when one was wrong */
static unsigned long try_all(struct kunit *test, struct sequence *s,
			     const struct coherent_gate_state *state, unsigned int length)
{
	const unsigned int n = s->n;
	const u64 now = s->now;
	unsigned long tried = 1, more;

	if (n == length)
		return 1;
	for (int step = 0; step < NR_STEPS; step++) {
		struct coherent_gate_state next = *state;

		if (!is_possible(s, step))
			continue;
		if (!try(s, &next, step)) {
			complain(test, s);
			return 0;
		}
		more = try_all(test, s, &next, length);
		if (!more)
			return 0;
		tried += more;
		s->n = n;
		s->now = now;
	}
	return tried;
}

static void every_sequence(struct kunit *test)
{
	struct sequence s = { .now = 1000 };
	struct coherent_gate_state state;

	coherent_gate_init(&state);
	KUNIT_EXPECT_GT_MSG(test, try_all(test, &s, &state, LENGTH), 100000UL,
			    "too few sequences");
}

/* What is most of the time: somebody has it open, and has seen it ready */
static void every_sequence_when_open(struct kunit *test)
{
	struct sequence s = { .now = 1000 };
	struct coherent_gate_state state;

	coherent_gate_init(&state);
	if (!try(&s, &state, COHERENT_GATE_OPENED) ||
	    !try(&s, &state, MAP_READY)) {
		complain(test, &s);
		return;
	}
	KUNIT_EXPECT_GT_MSG(test, try_all(test, &s, &state, LENGTH + 2), 100000UL,
			    "too few sequences");
}

static int not_ready(struct coherent_gate_state *state, u64 now)
{
	const struct coherent_gate_facts facts = {
		.decoding = true, .low_power = true, .began = 1000000,
	};

	return coherent_gate_answered(state, &facts, -EAGAIN, LIMIT_MS, now);
}

/* In low power the limit counts from the access, which woke the function */
static void low_power_limit(struct kunit *test)
{
	const struct coherent_gate_facts facts = { .decoding = true, .low_power = true };
	struct coherent_gate_state state;

	coherent_gate_init(&state);
	coherent_gate_apply(&state, COHERENT_GATE_OPENED, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN, not_ready(&state, 1000000 + LIMIT_MS));
	KUNIT_EXPECT_EQ(test, -ETIME, not_ready(&state, 1000001 + LIMIT_MS));
	KUNIT_EXPECT_EQ(test, -ENXIO,
			coherent_gate_answered(&state, &facts, -ENXIO, LIMIT_MS, 2000000));
}

static void what_is_worth_waiting_for(struct kunit *test)
{
	for (unsigned int shut = 0; shut < 32; shut++)
		KUNIT_EXPECT_EQ(test, shut && !(shut & COHERENT_SHUT_FAILED) &&
				!(shut & COHERENT_SHUT_CLOSED),
				coherent_gate_is_shut_for_now(shut));
}

/* Of every state and every access: what access.c decides by itself is the same */
static void only_pending(struct kunit *test)
{
	for (unsigned int bits = 0; bits < 1 << 12; bits++) {
		const struct coherent_gate_facts facts = {
			.map = bits & 1, .decoding = bits & 2, .in_d3 = bits & 4,
			.low_power = bits & 8, .ready_needs_bar = bits & 16, .may_ask = true,
		};
		struct coherent_gate_state state = {
			.pending = true, .dozing = bits & 32, .power_changes = !!(bits & 64),
			.shut = bits >> 7, .reset_since = 5, .frozen_since = 6,
			.pending_since = 7,
		};
		const struct coherent_gate_state before = state;

		if (!coherent_gate_only_pending(&facts, state.shut, state.dozing,
						state.power_changes))
			continue;
		KUNIT_ASSERT_EQ(test, coherent_gate_cannot_ask(&facts) ? -EIO : COHERENT_GATE_ASK,
				coherent_gate_verdict(&state, &facts, 1000));
		KUNIT_ASSERT_EQ(test, 0, coherent_gate_answered(&state, &facts, 0, 1, 1000));
		/* Nothing else has changed */
		KUNIT_ASSERT_EQ(test, false, state.pending);
		KUNIT_ASSERT_EQ(test, before.shut, state.shut);
		KUNIT_ASSERT_EQ(test, before.dozing, state.dozing);
		KUNIT_ASSERT_EQ(test, before.power_changes, state.power_changes);
		KUNIT_ASSERT_EQ(test, before.reset_since, state.reset_since);
		KUNIT_ASSERT_EQ(test, before.frozen_since, state.frozen_since);
		KUNIT_ASSERT_EQ(test, before.pending_since, state.pending_since);
	}
}

static struct kunit_case gate_cases[] = {
	KUNIT_CASE(every_sequence),
	KUNIT_CASE(every_sequence_when_open),
	KUNIT_CASE(low_power_limit),
	KUNIT_CASE(what_is_worth_waiting_for),
	KUNIT_CASE(only_pending),
	{ }
};

struct kunit_suite coherent_gate_suite = {
	.name = "coherent-gate",
	.test_cases = gate_cases,
};
