/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM coherent_vfio

#if !defined(COHERENT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COHERENT_TRACE_H

#include <linux/tracepoint.h>

/* Pages of an aperture were recorded as poisoned */
TRACE_EVENT(coherent_poison,

	TP_PROTO(const char *device, u64 address, u64 offset, u64 length,
		 const char *source),

	TP_ARGS(device, address, offset, length, source),

	TP_STRUCT__entry(
		__string(device, device)
		__field(u64, address)
		__field(u64, offset)
		__field(u64, length)
		__string(source, source)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->address = address;
		__entry->offset = offset;
		__entry->length = length;
		__assign_str(source);
	),

	TP_printk("%s address=0x%llx offset=0x%llx length=0x%llx source=%s",
		  __get_str(device), __entry->address, __entry->offset,
		  __entry->length, __get_str(source))
);

#endif /* COHERENT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
