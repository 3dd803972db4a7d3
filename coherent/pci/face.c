// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an access of the memory has to know of the function.
 */
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

static bool is_in_d3(const struct pci_dev *pdev)
{
	return (__force int)pdev->current_state >= (__force int)PCI_D3hot;
}

/* By itself, so that file I/O has no registers to save for it */
static noinline void facts_of_bars(const struct coherent_function *fn,
				   struct coherent_gate_facts *facts)
{
	facts->ready_needs_bar = fn->ready_reads_bar;
	facts->decoding = __vfio_pci_memory_enabled(&fn->cdev->core);
}

static void facts(struct coherent_aperture *ap,
		  struct coherent_gate_facts *facts)
{
	const struct coherent_function *fn =
		container_of(ap, struct coherent_function, ap);
	struct vfio_pci_core_device *core = &fn->cdev->core;

	lockdep_assert_held_read(&core->memory_lock);
	facts->in_d3 = is_in_d3(core->pdev);
	facts->low_power = core->pm_runtime_engaged;
	if (facts->map || facts->may_ask)
		facts_of_bars(fn, facts);
}

static int ready_at_probe(struct coherent_aperture *ap)
{
	return coherent_ready_at_probe(container_of(ap, struct coherent_function, ap));
}

static int bad_pages(struct coherent_aperture *ap)
{
	return coherent_discover_bad_pages(container_of(ap, struct coherent_function, ap));
}

const struct coherent_face coherent_pci_face = {
	.facts		= facts,
	.ready		= coherent_ready_ask,
	.ready_limit	= coherent_ready_limit,
	.ready_at_probe	= ready_at_probe,
	.bad_pages	= bad_pages,
	.poison_changed	= coherent_poison_tell,
};
