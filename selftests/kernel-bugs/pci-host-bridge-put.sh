#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A module makes a host bridge while one allocation of its registration fails, then the
# next one, ...: the module frees its bridge, as it must. Only KASAN sees that it is gone
# already. Nothing is left of the bridge then, a new one can be made, and no memory is lost.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh
# shellcheck source=selftests/kernel-bugs/bridge.sh
. ./bridge.sh

leaks_begin
fail_within pci_register_host_bridge
n=0 hit=1 refused=0
while [ -n "$hit" ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || fail "no end of failures"
	with_failure $n bug_bridge
	if [ $status != 0 ]; then
		[ -n "$hit" ] || fail "no bridge, though no allocation failed"
		refused=$((refused + 1))
		all_is_gone || fail "failure $n: something is left of it"
		insmod $MODULES/bug_bridge.ko || fail "failure $n: no new bridge"
	fi
	bridge_is_there || fail "failure $n: there is no bus"
	function_is_there || fail "failure $n: there is no function"
	rmmod bug_bridge || fail "failure $n: cannot be removed"
	all_is_gone || fail "failure $n: something is left of it"
done
[ $n -gt 1 ] || fail "no allocation failed"
echo "# $((n - 1)) allocations failed, $refused of them kept the bridge away"
[ $refused -gt 0 ] || fail "the bridge was always there"
echo "ok 1 a bridge that could not be registered is gone, and a new one can be"
leaks_end 2
