/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two trace events of one class.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bug_events

#if !defined(BUG_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define BUG_EVENTS_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(bug_class,
	TP_PROTO(int a, int b, int c),
	TP_ARGS(a, b, c),
	TP_STRUCT__entry(
		__field(int, a)
		__field(int, b)
		__field(int, c)
	),
	TP_fast_assign(
		__entry->a = a;
		__entry->b = b;
		__entry->c = c;
	),
	TP_printk("%d %d %d", __entry->a, __entry->b, __entry->c)
);

DEFINE_EVENT(bug_class, bug_one, TP_PROTO(int a, int b, int c), TP_ARGS(a, b, c));
DEFINE_EVENT(bug_class, bug_two, TP_PROTO(int a, int b, int c), TP_ARGS(a, b, c));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE bug_events
#include <trace/define_trace.h>
