/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM coherent_vfio

#if !defined(COHERENT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COHERENT_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

#include "gate_state.h"

/* Else tools that read the format would not know what these are */
TRACE_DEFINE_ENUM(COHERENT_GATE_OPENED);
TRACE_DEFINE_ENUM(COHERENT_GATE_CLOSED);
TRACE_DEFINE_ENUM(COHERENT_GATE_RESET_BEGINS);
TRACE_DEFINE_ENUM(COHERENT_GATE_RESET_ENDS);
TRACE_DEFINE_ENUM(COHERENT_GATE_FROZEN);
TRACE_DEFINE_ENUM(COHERENT_GATE_RECOVERED);
TRACE_DEFINE_ENUM(COHERENT_GATE_FAILED);
TRACE_DEFINE_ENUM(COHERENT_GATE_POWER_BEGINS);
TRACE_DEFINE_ENUM(COHERENT_GATE_POWER_ENDS);
TRACE_DEFINE_ENUM(COHERENT_GATE_SLEEPS);
TRACE_DEFINE_ENUM(COHERENT_GATE_WAKES);

#define show_coherent_event(event) __print_symbolic(event,		\
	{ COHERENT_GATE_OPENED,		"opened" },			\
	{ COHERENT_GATE_CLOSED,		"closed" },			\
	{ COHERENT_GATE_RESET_BEGINS,	"reset_begins" },		\
	{ COHERENT_GATE_RESET_ENDS,	"reset_ends" },			\
	{ COHERENT_GATE_FROZEN,		"frozen" },			\
	{ COHERENT_GATE_RECOVERED,	"recovered" },			\
	{ COHERENT_GATE_FAILED,		"failed" },			\
	{ COHERENT_GATE_POWER_BEGINS,	"power_begins" },		\
	{ COHERENT_GATE_POWER_ENDS,	"power_ends" },			\
	{ COHERENT_GATE_SLEEPS,		"sleeps" },			\
	{ COHERENT_GATE_WAKES,		"wakes" })

/* Nothing while it is open */
#define show_coherent_shut(shut) __print_flags(shut, "|",		\
	{ COHERENT_SHUT_CLOSED,		"closed" },			\
	{ COHERENT_SHUT_RESET,		"reset" },			\
	{ COHERENT_SHUT_FROZEN,		"frozen" },			\
	{ COHERENT_SHUT_ASLEEP,		"asleep" },			\
	{ COHERENT_SHUT_FAILED,		"failed" })

/*
 * Events are given the device and not its name, which would be looked up where nobody
 * traces
 */

/* A page fault on a mapping of a region has been answered */
TRACE_EVENT(coherent_fault,

	TP_PROTO(const struct device *dev, unsigned int region, unsigned long address,
		 unsigned long pfn, unsigned int order, unsigned int result),

	TP_ARGS(dev, region, address, pfn, order, result),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(unsigned int, region)
		__field(unsigned long, address)
		__field(unsigned long, pfn)
		__field(unsigned int, order)
		__field(unsigned int, result)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->region = region;
		__entry->address = address;
		__entry->pfn = pfn;
		__entry->order = order;
		__entry->result = result;
	),

	TP_printk("%s region=%u address=0x%lx pfn=0x%lx order=%u result=%s",
		  __get_str(device), __entry->region, __entry->address,
		  __entry->pfn, __entry->order,
		  __print_flags(__entry->result, "|", VM_FAULT_RESULT_TRACE))
);

/* File I/O of a region has ended */
TRACE_EVENT(coherent_copy,

	TP_PROTO(const struct device *dev, unsigned int region, u64 offset,
		 size_t count, bool write, ssize_t result),

	TP_ARGS(dev, region, offset, count, write, result),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(unsigned int, region)
		__field(u64, offset)
		__field(size_t, count)
		__field(bool, write)
		__field(ssize_t, result)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->region = region;
		__entry->offset = offset;
		__entry->count = count;
		__entry->write = write;
		__entry->result = result;
	),

	TP_printk("%s region=%u %s offset=0x%llx count=0x%zx result=%zd",
		  __get_str(device), __entry->region,
		  __entry->write ? "write" : "read", __entry->offset,
		  __entry->count, __entry->result)
);

/* Something has happened to the device: resets, errors on the link, power, open, close */
TRACE_EVENT(coherent_gate,

	TP_PROTO(const struct device *dev, unsigned int event, unsigned int shut,
		 bool pending),

	TP_ARGS(dev, event, shut, pending),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(unsigned int, event)
		__field(unsigned int, shut)
		__field(bool, pending)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->event = event;
		__entry->shut = shut;
		__entry->pending = pending;
	),

	TP_printk("%s event=%s shut=%s readiness=%s",
		  __get_str(device), show_coherent_event(__entry->event),
		  show_coherent_shut(__entry->shut),
		  __entry->pending ? "to_be_seen" : "seen")
);

/* The device was asked whether its memory is ready: 0, -EAGAIN for not yet, or never */
TRACE_EVENT(coherent_ready,

	TP_PROTO(const struct device *dev, int answer),

	TP_ARGS(dev, answer),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(int, answer)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->answer = answer;
	),

	TP_printk("%s answer=%d", __get_str(device), __entry->answer)
);

/* User mappings of pages were taken away */
TRACE_EVENT(coherent_revoke,

	TP_PROTO(const struct device *dev, unsigned long first, unsigned long last),

	TP_ARGS(dev, first, last),

	TP_STRUCT__entry(
		__string(device, dev_name(dev))
		__field(unsigned long, first)
		__field(unsigned long, last)
	),

	TP_fast_assign(
		__assign_str(device);
		__entry->first = first;
		__entry->last = last;
	),

	TP_printk("%s first_pfn=0x%lx last_pfn=0x%lx",
		  __get_str(device), __entry->first, __entry->last)
);

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
