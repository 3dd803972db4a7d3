// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that an ARM processor ran into, as firmware reports them (UEFI 2.11,
 * N.2.4.4): a cache that got poisoned data from memory.
 */
#include <linux/cper.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/tracepoint.h>
#include <acpi/ghes.h>
#include <ras/ras_event.h>

#include "../coherent.h"
#include "private.h"

static void arm_event(void *data, const struct cper_sec_proc_arm *proc,
		      const u8 *pei, const u32 pei_len, const u8 *ctx,
		      const u32 ctx_len, const u8 *oem, const u32 oem_len,
		      u8 severity, int cpu)
{
	u32 done = 0, len;

	if (severity < GHES_SEV_RECOVERABLE)
		return;
	/* The length in the report is a number from firmware, unchecked */
	if (proc->section_length < sizeof(*proc))
		return;
	len = min3(pei_len, proc->section_length - (u32)sizeof(*proc),
		   (u32)SZ_64K);
	for (int i = 0; i < proc->err_info_num; i++) {
		const struct cper_arm_err_info *info = (const void *)(pei + done);

		if (len - done < sizeof(*info) || !info->length ||
		    info->length > len - done)
			return;
		done += info->length;
		if (!(info->type & CPER_ARM_CACHE_ERROR) ||
		    !(info->validation_bits & CPER_ARM_INFO_VALID_PHYSICAL_ADDR))
			continue;
		coherent_report(info->physical_fault_addr, 1,
				COHERENT_SOURCE_ARM, true);
	}
}

static struct tracepoint *event;

static int arm_start(void)
{
	check_trace_callback_type_arm_event(arm_event);
	return coherent_tracepoint_start("arm_event", arm_event, &event);
}

static void arm_stop(void)
{
	coherent_tracepoint_stop(arm_event, event);
}

const struct coherent_source_ops coherent_source_arm = {
	.name	= "arm_event",
	.start	= arm_start,
	.stop	= arm_stop,
};
