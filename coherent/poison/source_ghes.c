// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors that firmware reports: ACPI's Generic Hardware Error Source,
 * platform memory sections (UEFI 2.11, N.2.5). On kernels where
 * memory_failure() ignores pages without struct page, the address of such an
 * error is available only here; on all kernels, this comes before queues that
 * are shorter than ours.
 */
#include <acpi/ghes.h>
#include <kunit/visibility.h>
#include <linux/cper.h>
#include <linux/notifier.h>
#include <linux/pfn.h>

#include "private.h"

VISIBLE_IF_KUNIT int coherent_ghes_event(struct notifier_block *nb,
					 unsigned long severity, void *data)
{
	const struct cper_sec_mem_err *err = data;
	u64 size = 1;

	/*
	 * Corrected errors come along here, too. The severity is that of the
	 * whole report: its sections' own are not handed on.
	 */
	if (severity < GHES_SEV_RECOVERABLE ||
	    !(err->validation_bits & CPER_MEM_VALID_PA))
		return NOTIFY_DONE;
	/* The lowest bit that counts says how much is bad */
	if (err->validation_bits & CPER_MEM_VALID_PA_MASK &&
	    err->physical_addr_mask)
		size = err->physical_addr_mask & -err->physical_addr_mask;

	coherent_report(err->physical_addr, size, COHERENT_SOURCE_GHES, true);
	return NOTIFY_OK;
}

static struct notifier_block ghes_nb = {
	.notifier_call = coherent_ghes_event,
};

static int ghes_start(void)
{
	ghes_register_report_chain(&ghes_nb);
	return 0;
}

static void ghes_stop(void)
{
	ghes_unregister_report_chain(&ghes_nb);
}

const struct coherent_source_ops coherent_source_ghes = {
	.name	= "GHES",
	.start	= ghes_start,
	.stop	= ghes_stop,
};
