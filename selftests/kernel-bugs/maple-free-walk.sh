#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Maple trees in RCU mode are filled, and emptied at once. The module waits for what RCU
# frees; on a kernel that has the bug this is where all ends.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh

for destroy in 0 1; do
	for ranges in 100 1000 3000 10000 20000; do
		echo "# $ranges ranges, destroy=$destroy"
		insmod $MODULES/bug_tree.ko ranges=$ranges destroy=$destroy ||
			fail "does not load"
		rmmod bug_tree || fail "cannot be removed"
	done
done
echo "ok 1 trees are freed"
