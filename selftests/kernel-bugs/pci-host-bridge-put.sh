#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A module makes a host bridge while one allocation of its registration fails, then the
# next one, ...: the module frees its bridge, as it must. Only KASAN sees that it is gone
# already.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh

fail_within pci_register_host_bridge
n=0 hit=1
while [ -n "$hit" ]; do
	n=$((n + 1))
	[ $n -lt 200 ] || fail "no end of failures"
	with_failure $n insmod $MODULES/bug_bridge.ko
	[ $status != 0 ] || rmmod bug_bridge || fail "failure $n: cannot be removed"
done
[ $n -gt 1 ] || fail "no allocation failed"
# Reports that come late
sleep 1
echo "ok 1 each of $((n - 1)) allocations failed"
