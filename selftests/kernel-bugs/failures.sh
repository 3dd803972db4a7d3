# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For the scripts of bugs: allocations that fail within one function of the kernel, one
# after the other, and the modules that the scripts load. Sourced.

# shellcheck disable=SC2034 # for the scripts
MODULES=/opt/modules
DEBUG=/sys/kernel/debug
MANY=1000000

fail() {
	echo "# $*"
	exit 1
}

# fail_within FUNCTION: only allocations that it asks for, or what it calls
fail_within() {
	from=$(awk -v name="$1" '$3 == name && NF == 3 { print $1; exit }' /proc/kallsyms)
	[ -n "$from" ] || fail "the kernel has no function $1"
	to=$(awk -v from="$from" '$1 > from && (to == "" || $1 < to) { to = $1 } END { print to }' \
		/proc/kallsyms)
	for attr in failslab fail_page_alloc; do
		for setting in verbose=1 stacktrace-depth=32 "require-start=0x$from" \
			"require-end=0x$to" "times=$MANY"; do
			echo "${setting#*=}" >"$DEBUG/$attr/${setting%%=*}" ||
				fail "failures cannot be set up"
		done
	done
	echo N >"$DEBUG/failslab/ignore-gfp-wait"
}

# with_failure N COMMAND...: the N-th of these allocations fails. $hit is empty if there were
# fewer; what the command returns is in $status.
# shellcheck disable=SC2034 # for the scripts
with_failure() {
	# shellcheck disable=SC2016 # expanded there
	sh -c 'echo "$0" >/proc/self/fail-nth && exec "$@"' "$@"
	status=$?
	hit=
	for attr in failslab fail_page_alloc; do
		[ "$(cat "$DEBUG/$attr/times")" = $MANY ] || hit=1
		echo $MANY >"$DEBUG/$attr/times"
	done
}
