// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts what went wrong with a device since it was bound, for monitoring. The
 * gate knows only the current state, and would not show a failure that is over.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>

#include "coherent.h"

/*
 * Of all devices since the core was loaded, also of those that were refused for
 * it when they were to be bound, and so have no files.
 */
static atomic_long_t readiness_failures;

static bool begins(unsigned int reason, unsigned int before, unsigned int after)
{
	return ~before & after & reason;
}

/**
 * coherent_health_event() - an event has happened to the gate
 * @ap: the aperture
 * @event: which
 * @before: why the gate was shut before it, COHERENT_SHUT_...
 * @after: why it is now
 *
 * Both a reset that got no answer and the PCI core may report the same failure:
 * it counts once, as a lost link.
 *
 * Context: coherent_gate.lock is held for writing.
 */
void coherent_health_event(struct coherent_aperture *ap,
			   enum coherent_gate_event event, unsigned int before,
			   unsigned int after)
{
	struct coherent_health *health = &ap->health;

	if (begins(COHERENT_SHUT_FROZEN, before, after))
		atomic_long_inc(&health->link_errors);
	if (begins(COHERENT_SHUT_FAILED, before, after))
		atomic_long_inc(&health->link_failures);
	if (event == COHERENT_GATE_RECOVERED)
		atomic_long_inc(&health->link_recoveries);
	/* That it was closed gives the memory no new chance */
	if (event != COHERENT_GATE_CLOSED)
		atomic_set(&health->late, 0);
}

/**
 * coherent_health_answer() - an access has asked whether the memory is ready
 * @ap: the aperture
 * @answer: as coherent_gate_answered() has it
 *
 * After the time limit every access asks again, and is refused: that counts as
 * one failure, until the next event.
 *
 * Context: coherent_gate.lock is held for reading.
 */
void coherent_health_answer(struct coherent_aperture *ap, int answer)
{
	struct coherent_health *health = &ap->health;

	if (!answer) {
		/* Asked as often as there are events, but for low power */
		if (atomic_read(&health->late))
			atomic_set(&health->late, 0);
		return;
	}
	if (answer == -EAGAIN || atomic_xchg(&health->late, 1))
		return;
	atomic_long_inc(&health->readiness_failures);
	atomic_long_inc(&readiness_failures);
}

/**
 * coherent_health_never_ready() - a device was refused: its memory is not ready
 *
 * Context: any.
 */
void coherent_health_never_ready(void)
{
	atomic_long_inc(&readiness_failures);
}

/** coherent_health_readiness_failures() - Return: of the whole host */
long coherent_health_readiness_failures(void)
{
	return atomic_long_read(&readiness_failures);
}

/**
 * coherent_health_state() - the state of the device, for people
 * @ap: the aperture
 *
 * Context: any; the answer may be outdated when the caller gets it.
 * Return: one word, for the most important of the reasons that apply.
 */
const char *coherent_health_state(const struct coherent_aperture *ap)
	__context_unsafe(/* two words, each true at its time */)
{
	unsigned int shut = coherent_gate_shut(ap);

	if (shut & COHERENT_SHUT_FAILED)
		return "failed";
	if (shut & COHERENT_SHUT_FROZEN)
		return "frozen";
	if (shut & COHERENT_SHUT_RESET)
		return "resetting";
	if (shut & COHERENT_SHUT_ASLEEP)
		return "asleep";
	if (atomic_read(&ap->health.late))
		return "not-ready";
	if (shut & COHERENT_SHUT_CLOSED)
		return "closed";
	return READ_ONCE(ap->gate.state.pending) ? "unchecked" : "ready";
}
