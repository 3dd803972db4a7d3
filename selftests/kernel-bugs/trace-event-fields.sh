#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A module with two trace events of one class is loaded while the allocation of their
# first field fails, then that of the next one, ...: an event that is there has all.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh

EVENTS=/sys/kernel/tracing/events/bug_events

fields() {
	grep -c 'field:int [abc];' "$EVENTS/$1/format"
}

fail_within event_define_fields
n=0 hit=1 bad=0 missing=0
while [ -n "$hit" ]; do
	n=$((n + 1))
	[ $n -lt 50 ] || fail "no end of failures"
	with_failure $n bug_events
	[ $status = 0 ] || fail "failure $n: does not load"
	for event in bug_one bug_two; do
		if [ ! -e "$EVENTS/$event" ]; then
			[ -n "$hit" ] || fail "no event $event, though no allocation failed"
			echo "# failure $n: no event $event"
			missing=$((missing + 1))
		elif [ "$(fields $event)" != 3 ]; then
			echo "# failure $n: $event has $(fields $event) of 3 fields"
			bad=1
		fi
	done
	rmmod bug_events || fail "failure $n: cannot be removed"
done
[ $n -gt 1 ] || fail "no allocation failed"
[ $missing -gt 0 ] || fail "all events were always there"
if [ $bad != 0 ]; then
	echo "not ok 1 events have all of their fields"
	exit 1
fi
echo "ok 1 events have all of their fields"
