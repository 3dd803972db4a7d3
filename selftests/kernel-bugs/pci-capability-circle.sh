#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A function whose list of capabilities is a circle is found on a bus, for each kind of
# capability that the kernel looks for among others of its kind. It must be there within the
# limit. A kernel that has the bug looks for ever.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh
# shellcheck source=selftests/kernel-bugs/bridge.sh
. ./bridge.sh

LIMIT=30

# ended PID
ended() {
	for _ in $(seq $LIMIT); do
		[ -e "/proc/$1" ] || return 0
		sleep 1
	done
	return 1
}

# Which loop it is. Whoever prints that may have the CPU at the moment.
show_loop() {
	for _ in $(seq $LIMIT); do
		echo l >/proc/sysrq-trigger
		sleep 1
		! dmesg | grep -q 'Comm: insmod' || break
	done
}

# circle N WHAT OPTION...: found, and removed; the result number N
circle() {
	n=$1 what=$2
	shift 2
	# What waits for ever is not ours to wait for
	(insmod $MODULES/bug_bridge.ko "$@" && rmmod bug_bridge && echo found >"/tmp/circle-$n") &
	if ! ended $!; then
		show_loop
		echo "not ok $n $what: the function is found"
		exit 1
	fi
	[ -e "/tmp/circle-$n" ] || fail "$what: the function cannot be made"
	echo "ok $n $what: the function is found"
}

# A list that ends, to begin with
insmod $MODULES/bug_bridge.ko || fail "the function cannot be made"
function_is_there || fail "there is no function"
rmmod bug_bridge || fail "the function cannot be removed"
echo "# a list that ends is no problem"

case $1 in
dvsec) circle 1 "a circle of DVSECs" ext_circle=0x23 ;;
vsec) circle 1 "a circle of VSECs" ext_circle=0x0b vendor=0x8086 ;;
ht)
	circle 1 "a circle of one of HyperTransport's" ht_circle=1 vendor=0x10de
	circle 2 "a circle of two of HyperTransport's" ht_circle=2 vendor=0x10de
	;;
*) fail "which capability?" ;;
esac
