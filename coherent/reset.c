// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset generations: a reset revokes every mapping and makes the next access
 * prove anew that the memory is ready.
 *
 * The PCI core calls reset_prepare() and reset_done() around every reset that
 * it does, whoever asked: VFIO_DEVICE_RESET, hot reset, FLR through config
 * space, sysfs.  Recovery from a frozen link (AER) resets behind our back; for
 * it error_detected() and slot_reset() stand in.
 */
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/vfio_pci_core.h>

#include "coherent.h"

void coherent_reset_init(struct coherent_device *cdev)
	__context_unsafe(/* nobody else knows the device */)
{
	init_rwsem(&cdev->reset.lock);
	init_waitqueue_head(&cdev->reset.wait);
	cdev->reset.since = jiffies;
}

static void revoke_mappings(struct coherent_device *cdev)
{
	coherent_revoke(cdev, 0, ULONG_MAX);
}

/**
 * coherent_reset_begin() - nobody may touch the memory from now on
 * @cdev: the device
 *
 * When it returns no access runs and no mapping is left; new ones wait for
 * coherent_reset_end().  Begun twice (a reset while the link is frozen) it
 * stays one reset.
 *
 * Context: may sleep; with or without memory_lock held for writing.
 */
void coherent_reset_begin(struct coherent_device *cdev)
{
	struct coherent_reset *reset = &cdev->reset;

	down_write(&reset->lock);
	WRITE_ONCE(reset->running, true);
	reset->failed = false;
	reset->pending = true;
	reset->since = jiffies;
	up_write(&reset->lock);

	/*
	 * Faults see @running under the lock and insert nothing; what was
	 * inserted before goes now.
	 */
	revoke_mappings(cdev);
	coherent_poison_reset(cdev);
}

/**
 * coherent_reset_end() - the reset is done, the memory may become ready
 * @cdev: the device
 *
 * The fake BARs are cleared, as the reset cleared the real ones.
 *
 * Context: may sleep; with or without memory_lock held for writing.
 */
void coherent_reset_end(struct coherent_device *cdev)
{
	struct coherent_reset *reset = &cdev->reset;

	coherent_config_clear_bars(cdev);

	down_write(&reset->lock);
	WRITE_ONCE(reset->running, false);
	reset->pending = true;
	reset->since = jiffies;
	up_write(&reset->lock);
	wake_up_all(&reset->wait);

	/* Where nobody tells readiness, this is all there is to know of success */
	if (!cdev->backend->ready && !cdev->cxl_dvsec)
		coherent_poison_ready(cdev);
}

/**
 * coherent_reset_assume() - the device may have lost its state unseen
 * @cdev: the device
 *
 * The next access asks anew whether the memory is ready. A reset that runs
 * meanwhile (sysfs) goes on and ends as usual.
 *
 * Context: may sleep; memory_lock is not held.
 */
void coherent_reset_assume(struct coherent_device *cdev)
{
	struct coherent_reset *reset = &cdev->reset;

	down_write(&reset->lock);
	reset->failed = false;
	reset->pending = true;
	reset->since = jiffies;
	up_write(&reset->lock);
}

/* No reset can help any more, or none that we would be told of */
static void coherent_reset_fail(struct coherent_device *cdev)
{
	struct coherent_reset *reset = &cdev->reset;

	down_write(&reset->lock);
	WRITE_ONCE(reset->running, false);
	reset->failed = true;
	reset->pending = true;
	up_write(&reset->lock);
	wake_up_all(&reset->wait);

	revoke_mappings(cdev);
}

/* NULL for a function without coherent memory: its resets are vfio-pci's */
static struct coherent_device *coherent_of(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);
	struct coherent_device *cdev;

	if (!core)
		return NULL;
	cdev = container_of(core, struct coherent_device, core);
	return cdev->layout.nr_regions ? cdev : NULL;
}

static void coherent_reset_prepare(struct pci_dev *pdev)
{
	struct coherent_device *cdev = coherent_of(pdev);

	if (cdev)
		coherent_reset_begin(cdev);
}

static void coherent_reset_done(struct pci_dev *pdev)
{
	struct coherent_device *cdev = coherent_of(pdev);

	if (cdev)
		coherent_reset_end(cdev);
}

/* Documentation/PCI/pci-error-recovery.rst */
static pci_ers_result_t coherent_error_detected(struct pci_dev *pdev,
						pci_channel_state_t state)
{
	struct coherent_device *cdev = coherent_of(pdev);
	pci_ers_result_t ret = vfio_pci_core_aer_err_detected(pdev, state);

	if (!cdev)
		return ret;
	switch (state) {
	case pci_channel_io_frozen:
		/* The link is reset next; slot_reset() is called for who asks */
		coherent_reset_begin(cdev);
		return PCI_ERS_RESULT_NEED_RESET;
	case pci_channel_io_perm_failure:
		coherent_reset_fail(cdev);
		return ret;
	default:
		return ret;
	}
}

static pci_ers_result_t coherent_slot_reset(struct pci_dev *pdev)
{
	struct coherent_device *cdev = coherent_of(pdev);

	if (!cdev)
		return PCI_ERS_RESULT_NONE;
	/* A neighbour asked for the reset: nobody told us that it would begin */
	if (!READ_ONCE(cdev->reset.running))
		coherent_reset_begin(cdev);
	pci_restore_state(pdev);
	coherent_reset_end(cdev);
	return PCI_ERS_RESULT_RECOVERED;
}

const struct pci_error_handlers coherent_pci_err_handlers = {
	.reset_prepare	= coherent_reset_prepare,
	.reset_done	= coherent_reset_done,
	.error_detected	= coherent_error_detected,
	.slot_reset	= coherent_slot_reset,
};
EXPORT_SYMBOL_NS_GPL(coherent_pci_err_handlers, "COHERENT_VFIO_PCI");
