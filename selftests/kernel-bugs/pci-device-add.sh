#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A function is found on a bus while one allocation of adding it fails, then the next
# one, ...: the function must be there or not, and its bus can be removed.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh

fail_within pci_device_add
n=0 hit=1
while [ -n "$hit" ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || fail "no end of failures"
	with_failure $n insmod $MODULES/bug_bridge.ko
	[ $status = 0 ] || fail "failure $n: the bridge is not there"
	rmmod bug_bridge || fail "failure $n: cannot be removed"
done
[ $n -gt 1 ] || fail "no allocation failed"
sleep 1
echo "ok 1 each of $((n - 1)) allocations failed"
