// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that were reported to memory_failure(), by whomever: its tracepoint
 * memory_failure_event sees every call for a page without struct page, where the
 * kernel deals with such pages at all.
 */
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/tracepoint.h>
#include <trace/events/memory-failure.h>

#include "../coherent.h"
#include "private.h"

static void memory_failure_event(void *data, unsigned long pfn, int type,
				 int result)
{
	coherent_report(PFN_PHYS(pfn), PAGE_SIZE,
			COHERENT_SOURCE_MEMORY_FAILURE, true);
}

static struct tracepoint *event;

static int mm_start(void)
{
	check_trace_callback_type_memory_failure_event(memory_failure_event);
	return coherent_tracepoint_start("memory_failure_event",
					 memory_failure_event, &event);
}

static void mm_stop(void)
{
	coherent_tracepoint_stop(memory_failure_event, event);
}

const struct coherent_source_ops coherent_source_mm = {
	.name	= "memory_failure_event",
	.start	= mm_start,
	.stop	= mm_stop,
};
