#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A function is found on a bus while one allocation of adding it fails, then the next
# one, ...: the function must be there or not. If it is not, it is found when the bus is
# scanned again. The bus can be removed, and no memory is lost.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh
# shellcheck source=selftests/kernel-bugs/bridge.sh
. ./bridge.sh

leaks_begin
fail_within pci_device_add
n=0 hit=1 missing=0
while [ -n "$hit" ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || fail "no end of failures"
	with_failure $n bug_bridge
	[ $status = 0 ] || fail "failure $n: the bridge is not there"
	bridge_is_there || fail "failure $n: there is no bus"
	if ! function_is_there; then
		[ -n "$hit" ] || fail "no function, though no allocation failed"
		function_is_gone || fail "failure $n: a part of the function is there"
		missing=$((missing + 1))
		echo 1 >$BUS/rescan
		function_is_there || fail "failure $n: the function is not found again"
	fi
	rmmod bug_bridge || fail "failure $n: cannot be removed"
	all_is_gone || fail "failure $n: something is left of it"
done
[ $n -gt 1 ] || fail "no allocation failed"
echo "# $((n - 1)) allocations failed, $missing of them kept the function away"
[ $missing -gt 0 ] || fail "the function was always there"
echo "ok 1 a function that could not be added is found again"
leaks_end 2
