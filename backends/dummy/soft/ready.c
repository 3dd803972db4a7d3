// SPDX-License-Identifier: GPL-2.0-only
/*
 * Readiness: a reset takes it away, and a moment later it is there again.
 */
#include <linux/container_of.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "private.h"

/* NVIDIA's registers in the BAR: the link to the memory, and its training */
#define C2C_LINK_STATUS		0x1498
#define HBM_TRAINING_STATUS	0x200bc
#define STATUS_READY		0xff

static void set_ready(struct soft_function *fn, bool ready)
{
	lockdep_assert_held(&fn->lock);
	soft_config_set_ready(&fn->config, ready);
	if (!fn->io)
		return;
	writel(ready ? STATUS_READY : 0, fn->io + C2C_LINK_STATUS);
	writel(ready ? STATUS_READY : 0, fn->io + HBM_TRAINING_STATUS);
}

static void ready_fn(struct work_struct *work)
{
	struct soft_function *fn = container_of(work, struct soft_function,
						ready.work);
	unsigned long flags;

	raw_spin_lock_irqsave(&fn->lock, flags);
	/* Else it was reset while we were on our way, and we come again */
	if (time_after_eq(jiffies, fn->ready_at))
		set_ready(fn, true);
	raw_spin_unlock_irqrestore(&fn->lock, flags);
}

/**
 * soft_ready_lost() - the function was reset
 * @fn: the function
 *
 * Context: any; under pci_lock.
 */
void soft_ready_lost(struct soft_function *fn)
{
	unsigned long delay = msecs_to_jiffies(fn->ready_after_ms), flags;

	raw_spin_lock_irqsave(&fn->lock, flags);
	fn->ready_at = jiffies + delay;
	set_ready(fn, false);
	raw_spin_unlock_irqrestore(&fn->lock, flags);
	cancel_delayed_work(&fn->ready);
	schedule_delayed_work(&fn->ready, delay);
}

/**
 * soft_ready_init() - ready from the start
 * @fn: the function, with nobody who knows it
 *
 * Return: 0, -EINVAL when the BAR is too small for the registers, -ENOMEM.
 */
int soft_ready_init(struct soft_function *fn)
{
	INIT_DELAYED_WORK(&fn->ready, ready_fn);
	if (fn->window.flags) {
		if (resource_size(&fn->window) < HBM_TRAINING_STATUS + 4)
			return -EINVAL;
		fn->io = ioremap(fn->window.start, resource_size(&fn->window));
		if (!fn->io)
			return -ENOMEM;
	}
	raw_spin_lock_irq(&fn->lock);
	set_ready(fn, true);
	raw_spin_unlock_irq(&fn->lock);
	return 0;
}

/** soft_ready_exit() - nobody resets the function any more */
void soft_ready_exit(struct soft_function *fn)
{
	cancel_delayed_work_sync(&fn->ready);
	if (fn->io)
		iounmap(fn->io);
}
