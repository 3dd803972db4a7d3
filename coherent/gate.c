// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate: events and accesses exclude each other.
 *
 * An access holds coherent_gate.lock for reading (access.c), so that no event
 * comes in between; an event takes it for writing. gate_state.c decides what
 * the state means.
 */
#include <kunit/static_stub.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/rwsem.h>
#include <linux/wait.h>

#include "coherent.h"
#include "trace.h"

/** coherent_gate_now() - the clock of the gate's time limits, in milliseconds */
u64 coherent_gate_now(void)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_gate_now);
	return ktime_to_ms(ktime_get());
}

/** coherent_gate_setup() - at probe, before anybody knows the device */
void coherent_gate_setup(struct coherent_aperture *ap)
	__context_unsafe(/* nobody else knows the device */)
{
	init_rwsem(&ap->gate.lock);
	init_waitqueue_head(&ap->gate.wait);
	coherent_gate_init(&ap->gate.state);
}

/**
 * coherent_gate_happens() - an event happens
 * @ap: the aperture
 * @event: which
 *
 * No access runs meanwhile. Later accesses meet the new state, and waiting ones
 * check again.
 *
 * Context: may sleep; takes coherent_gate.lock for writing.
 */
void coherent_gate_happens(struct coherent_aperture *ap,
			   enum coherent_gate_event event)
{
	struct coherent_gate *gate = &ap->gate;
	struct coherent_gate_state next;

	down_write(&gate->lock);
	next = gate->state;
	coherent_gate_apply(&next, event, coherent_gate_now());
	coherent_health_event(ap, event, gate->state.shut, next.shut);
	/* Waiters and coherent_gate_peek() read these without the lock */
	WRITE_ONCE(gate->state.pending, next.pending);
	/* Pairs with coherent_gate_peek() */
	smp_store_release(&gate->state.shut, next.shut);
	gate->state = next;
	up_write(&gate->lock);
	trace_coherent_gate(ap->dev, event, next.shut, next.pending);
	wake_up_all(&gate->wait);
}

/**
 * coherent_gate_peek() - would an access be let in?
 * @ap: the aperture
 *
 * For callers that cannot take the lock; coherent_gate_shuts() revokes their
 * mapping when the answer is no longer true. An event that ends a reason sets
 * @pending, and stores it first: a caller that no longer sees the reason sees
 * @pending.
 *
 * Context: any.
 * Return: 0; -EAGAIN for not now, or not before readiness was seen; -EIO when
 * the link is gone; -ENODEV when nobody has the device open.
 */
int coherent_gate_peek(const struct coherent_aperture *ap)
	__context_unsafe(/* two words, see above */)
{
	/* Pairs with coherent_gate_happens() */
	unsigned int shut = smp_load_acquire(&ap->gate.state.shut);

	if (shut & COHERENT_SHUT_CLOSED)
		return -ENODEV;
	if (shut & COHERENT_SHUT_FAILED)
		return -EIO;
	return shut || READ_ONCE(ap->gate.state.pending) ? -EAGAIN : 0;
}

/**
 * coherent_gate_shuts() - an event closes the gate and revokes all mappings
 * @ap: the aperture
 * @event: which; it must close the gate
 *
 * When it returns no access runs and no mapping is left: faults meet the closed
 * gate and insert nothing, and earlier mappings are gone. Importers of dma-bufs
 * have lost their mappings as well, and have ended their DMA, or the log says
 * that they have not.
 *
 * Context: as coherent_gate_happens(); takes i_mmap, page table locks, and
 * those of dma-bufs and importers, too.
 */
void coherent_gate_shuts(struct coherent_aperture *ap,
			 enum coherent_gate_event event)
{
	coherent_gate_happens(ap, event);
	coherent_revoke(ap, 0, ULONG_MAX);
	coherent_dmabufs_revoke(ap);
}
