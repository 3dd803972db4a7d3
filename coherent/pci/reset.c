// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI core's callbacks for resets and for errors on the link.
 *
 * It calls reset_prepare() and reset_done() around every reset that it does,
 * whoever requested it: VFIO_DEVICE_RESET, hot reset, FLR through config space,
 * sysfs. Recovery from an error resets without these callbacks: from
 * error_detected() to slot_reset() or resume() the link is frozen, whatever
 * else is reset meanwhile. All callbacks run with the device's lock held.
 *
 * Documentation/PCI/pci-error-recovery.rst
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "../poison/poison.h"
#include "pci.h"

/* NULL for a function without coherent memory: its resets are vfio-pci's */
static struct coherent_function *coherent_of(struct pci_dev *pdev)
{
	struct coherent_function *fn;

	if (!dev_get_drvdata(&pdev->dev))
		return NULL;
	fn = coherent_function_of(&pdev->dev);
	return coherent_has_memory(fn) ? fn : NULL;
}

/*
 * The memory may be there again. The fake BARs are cleared, as the reset
 * cleared the real ones.
 */
static void is_back(struct coherent_function *fn, enum coherent_gate_event event)
{
	coherent_config_clear_bars(fn);
	coherent_gate_happens(&fn->ap, event);
	/* Where nobody tells readiness, this is all there is to know of success */
	if (!coherent_ready_is_told(fn))
		coherent_poison_ready(&fn->ap);
}

static void coherent_reset_prepare(struct pci_dev *pdev)
{
	struct coherent_function *fn = coherent_of(pdev);

	if (!fn)
		return;
	coherent_gate_shuts(&fn->ap, COHERENT_GATE_RESET_BEGINS);
	coherent_poison_reset(&fn->ap);
}

static void coherent_reset_done(struct pci_dev *pdev)
{
	struct coherent_function *fn = coherent_of(pdev);

	if (fn)
		is_back(fn, COHERENT_GATE_RESET_ENDS);
}

static void freeze(struct coherent_function *fn)
{
	coherent_gate_shuts(&fn->ap, COHERENT_GATE_FROZEN);
	coherent_poison_reset(&fn->ap);
}

/* The user's eventfd comes last: its reader finds the gate closed */
VISIBLE_IF_KUNIT pci_ers_result_t coherent_tell_user(struct pci_dev *pdev,
						     pci_channel_state_t state)
{
	KUNIT_STATIC_STUB_REDIRECT(coherent_tell_user, pdev, state);
	return vfio_pci_core_aer_err_detected(pdev, state);
}

static pci_ers_result_t coherent_error_detected(struct pci_dev *pdev,
						pci_channel_state_t state)
{
	struct coherent_function *fn = coherent_of(pdev);

	if (fn && state == pci_channel_io_frozen) {
		freeze(fn);
		coherent_tell_user(pdev, state);
		/* The link is reset next; this result requests slot_reset() */
		return PCI_ERS_RESULT_NEED_RESET;
	}
	if (fn && state == pci_channel_io_perm_failure)
		coherent_gate_shuts(&fn->ap, COHERENT_GATE_FAILED);
	return coherent_tell_user(pdev, state);
}

static bool answers(struct pci_dev *pdev)
{
	u32 id;

	return !pci_read_config_dword(pdev, PCI_VENDOR_ID, &id) &&
	       !PCI_POSSIBLE_ERROR(id);
}

static pci_ers_result_t coherent_slot_reset(struct pci_dev *pdev)
{
	struct coherent_function *fn = coherent_of(pdev);

	if (!fn)
		return PCI_ERS_RESULT_NONE;
	/*
	 * A neighbour requested the reset, and there was no callback before it:
	 * revoke the mappings now.
	 */
	if (!coherent_gate_is(&fn->ap, COHERENT_SHUT_FROZEN))
		freeze(fn);
	if (!answers(pdev)) {
		pci_err(pdev, "does not answer after its link was reset\n");
		coherent_gate_shuts(&fn->ap, COHERENT_GATE_FAILED);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	coherent_command_restore(fn);
	is_back(fn, COHERENT_GATE_RECOVERED);
	return PCI_ERS_RESULT_RECOVERED;
}

/* Where the recovery took no reset of the link after all */
static void coherent_resume(struct pci_dev *pdev)
{
	struct coherent_function *fn = coherent_of(pdev);

	if (fn && coherent_gate_is(&fn->ap, COHERENT_SHUT_FROZEN))
		is_back(fn, COHERENT_GATE_RECOVERED);
}

const struct pci_error_handlers coherent_pci_err_handlers = {
	.reset_prepare	= coherent_reset_prepare,
	.reset_done	= coherent_reset_done,
	.error_detected	= coherent_error_detected,
	.slot_reset	= coherent_slot_reset,
	.resume		= coherent_resume,
};
EXPORT_SYMBOL_NS_GPL(coherent_pci_err_handlers, "COHERENT_VFIO_PCI");
