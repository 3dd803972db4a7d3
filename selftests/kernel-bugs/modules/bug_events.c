// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that does nothing but have trace events.
 */
#include <linux/module.h>

#define CREATE_TRACE_POINTS
#include "bug_events.h"

static int __init bug_events_init(void)
{
	trace_bug_one(1, 2, 3);
	trace_bug_two(1, 2, 3);
	return 0;
}
module_init(bug_events_init);

static void __exit bug_events_exit(void)
{
}
module_exit(bug_events_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Two trace events of one class");
