/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state machine behind the gate (gate_state.c), as facts and events. It
 * knows no locks and no kernel state, so it compiles in userspace as well.
 */
#ifndef COHERENT_GATE_STATE_H
#define COHERENT_GATE_STATE_H

#include <linux/bits.h>
#include <linux/types.h>

/* Why nobody may touch the memory; &struct coherent_gate_state.shut */
#define COHERENT_SHUT_CLOSED	BIT(0)	/* nobody has the function open */
#define COHERENT_SHUT_RESET	BIT(1)	/* a reset runs */
#define COHERENT_SHUT_FROZEN	BIT(2)	/* the link is frozen, or recovers */
#define COHERENT_SHUT_ASLEEP	BIT(3)	/* the whole system sleeps */
#define COHERENT_SHUT_FAILED	BIT(4)	/* recovery has failed */

/* Those that end without anybody's doing: worth waiting for */
#define COHERENT_SHUT_FOR_NOW	(COHERENT_SHUT_RESET |		\
				 COHERENT_SHUT_FROZEN |		\
				 COHERENT_SHUT_ASLEEP)

/*
 * The longest that a reset or a recovery may take before its waiters give up:
 * the PCI core itself gives a function 60 s to come back
 * (PCIE_RESET_READY_POLL_MS).
 */
#define COHERENT_RESET_LIMIT_MS	120000

/** enum coherent_gate_event - what changes the state */
enum coherent_gate_event {
	/** @COHERENT_GATE_OPENED: the function was opened */
	COHERENT_GATE_OPENED,
	/** @COHERENT_GATE_CLOSED: the last user goes */
	COHERENT_GATE_CLOSED,
	/** @COHERENT_GATE_RESET_BEGINS: whoever requested it */
	COHERENT_GATE_RESET_BEGINS,
	/** @COHERENT_GATE_RESET_ENDS: it is done, well or not */
	COHERENT_GATE_RESET_ENDS,
	/** @COHERENT_GATE_FROZEN: an error stopped the link; it is reset next */
	COHERENT_GATE_FROZEN,
	/** @COHERENT_GATE_RECOVERED: the link is back, config space restored */
	COHERENT_GATE_RECOVERED,
	/** @COHERENT_GATE_FAILED: it will not come back */
	COHERENT_GATE_FAILED,
	/** @COHERENT_GATE_POWER_BEGINS: the user is about to change its power */
	COHERENT_GATE_POWER_BEGINS,
	/** @COHERENT_GATE_POWER_ENDS: has changed it; one for each begin */
	COHERENT_GATE_POWER_ENDS,
	/** @COHERENT_GATE_SLEEPS: suspend or hibernation of the system */
	COHERENT_GATE_SLEEPS,
	/** @COHERENT_GATE_WAKES: it goes on */
	COHERENT_GATE_WAKES,
	COHERENT_GATE_NR_EVENTS,
};

/**
 * struct coherent_gate_state - may the memory be touched, and what comes first?
 * @shut: COHERENT_SHUT_..., all that apply; 0 if none does
 * @pending: readiness was not seen since the memory could last have lost it
 * @dozing: power was changed, and no access has found the function awake since
 * @power_changes: changes of power that have begun and not ended
 * @reset_since: when the reset began, while there is one
 * @frozen_since: when the link froze, while it is
 * @pending_since: time limits for readiness count from there
 *
 * Times are milliseconds of any clock that stands still or goes forward.
 *
 * Invariant: @dozing or @power_changes imply @pending.
 */
struct coherent_gate_state {
	unsigned int shut;
	bool pending;
	bool dozing;
	unsigned int power_changes;
	u64 reset_since;
	u64 frozen_since;
	u64 pending_since;
};

/**
 * struct coherent_gate_facts - what holds for one access while it is let in
 * @map: it wants to map the memory for userspace, which obeys what BARs obey;
 *	else to copy, which goes on (the memory is not behind a BAR)
 * @may_ask: the gate is shut, or readiness is to be seen first; otherwise, to
 *	copy, @decoding and @ready_needs_bar do not matter, nor does @began
 * @decoding: PCI_COMMAND has memory decoding on
 * @in_d3: config space was told D3hot
 * @low_power: the user is in runtime low power, and the function awake for this
 *	copy alone
 * @ready_needs_bar: readiness is read from a BAR
 * @began: when this access was first told to wait; coherent_gate_answered() only
 */
struct coherent_gate_facts {
	bool map;
	bool may_ask;
	bool decoding;
	bool in_d3;
	bool low_power;
	bool ready_needs_bar;
	u64 began;
};

/* coherent_gate_verdict(): ask whether the memory is ready, then decide */
#define COHERENT_GATE_ASK	1

void coherent_gate_init(struct coherent_gate_state *state);
void coherent_gate_apply(struct coherent_gate_state *state,
			 enum coherent_gate_event event, u64 now);
int coherent_gate_verdict(const struct coherent_gate_state *state,
			  const struct coherent_gate_facts *facts, u64 now);
int coherent_gate_answered(struct coherent_gate_state *state,
			   const struct coherent_gate_facts *facts, int answer,
			   u64 limit_ms, u64 now);

/* Whatever the state of the gate, the user has to do something about it first */
static inline bool coherent_gate_forbids(const struct coherent_gate_facts *facts)
{
	return facts->in_d3 ||
	       (facts->map && (facts->low_power || !facts->decoding));
}

/*
 * The usual case after an event: nothing is shut, readiness alone is to be seen. All readers
 * read it so, without a copy of the state. What coherent_gate_verdict() and, for a device
 * that is ready, coherent_gate_answered() say then is these three lines; a test tries every
 * state.
 */
static inline bool coherent_gate_only_pending(const struct coherent_gate_facts *facts,
					      unsigned int shut, bool dozing,
					      unsigned int power_changes)
{
	return !shut && !dozing && !power_changes && !facts->low_power;
}

/* Of these: -EIO, or else to be asked */
static inline bool coherent_gate_cannot_ask(const struct coherent_gate_facts *facts)
{
	return coherent_gate_forbids(facts) ||
	       (facts->ready_needs_bar && !facts->decoding);
}

/* Is it worth waiting for the gate itself to open? */
static inline bool coherent_gate_is_shut_for_now(unsigned int shut)
{
	return shut && !(shut & ~COHERENT_SHUT_FOR_NOW);
}

#endif /* COHERENT_GATE_STATE_H */
