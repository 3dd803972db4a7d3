// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspend and hibernation of the whole system, while the function is open.
 *
 * Before the device sleeps its mappings are revoked, and accesses wait; when it
 * is awake again the memory must be seen ready. Nothing more can be done: the
 * contents of the memory may be lost, as with a reset, and only the user knows
 * which of them mattered. The same holds for hibernation, which is not refused:
 * the image holds no page of the memory, and no mapping of it that would be
 * live at once in a machine that has just booted.
 *
 * vfio-pci-core gives each driver its own power management table when a device
 * is registered; ours is that table, with system sleep added. The kernel probes
 * no device while it sleeps, so the table of the short time in between is never
 * used.
 */
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

static DEFINE_MUTEX(ops_lock);		/* filling in the table */
static struct dev_pm_ops sleep_ops;

static int __maybe_unused coherent_sleeps(struct device *dev)
{
	struct coherent_function *fn = coherent_function_of(dev);

	if (coherent_has_memory(fn))
		coherent_gate_shuts(&fn->ap, COHERENT_GATE_SLEEPS);
	return 0;
}

static int __maybe_unused coherent_wakes(struct device *dev)
{
	struct coherent_function *fn = coherent_function_of(dev);

	if (coherent_has_memory(fn))
		coherent_gate_happens(&fn->ap, COHERENT_GATE_WAKES);
	return 0;
}

/**
 * coherent_sleep_register() - have the function's driver notified of sleep
 * @cdev: the device, just registered with VFIO
 *
 * Context: probe; may sleep.
 */
void coherent_sleep_register(struct coherent_device *cdev)
{
	struct device_driver *driver = cdev->core.pdev->dev.driver;
	const struct dev_pm_ops *vfio = driver->pm;

	guard(mutex)(&ops_lock);
	/* Once: it is the same table for each, and another device may use it */
	if (!sleep_ops.suspend) {
		const struct dev_pm_ops ops = {
			SYSTEM_SLEEP_PM_OPS(coherent_sleeps, coherent_wakes)
			RUNTIME_PM_OPS(vfio->runtime_suspend,
				       vfio->runtime_resume,
				       vfio->runtime_idle)
		};

		sleep_ops = ops;
	}
	driver->pm = &sleep_ops;
}
