# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For the scripts of bugs: allocations that fail within one function of the kernel, one
# after the other, and the modules that the scripts load. Sourced.

# shellcheck disable=SC2034 # for the scripts
MODULES=/opt/modules
DEBUG=/sys/kernel/debug
LEAKS=$DEBUG/kmemleak
MANY=1000000

fail() {
	echo "# $*"
	exit 1
}

# text_of FUNCTION: $from and $to; fails if the kernel has none of that name
text_of() {
	from=$(awk -v name="$1" '$3 == name && NF == 3 { print $1; exit }' /proc/kallsyms)
	[ -n "$from" ] || return 1
	to=$(awk -v from="$from" '$1 > from && (to == "" || $1 < to) { to = $1 } END { print to }' \
		/proc/kallsyms)
}

# fail_set WHAT VALUE
fail_set() {
	for attr in failslab fail_page_alloc; do
		echo "$2" >"$DEBUG/$attr/$1" || fail "failures cannot be set up"
	done
}

# fail_within FUNCTION: only allocations that it asks for, or what it calls; but not those
# that kmemleak makes for each of them
fail_within() {
	text_of "$1" || fail "the kernel has no function $1"
	fail_set verbose 1
	fail_set stacktrace-depth 32
	fail_set require-start "0x$from"
	fail_set require-end "0x$to"
	fail_set times $MANY
	echo N >"$DEBUG/failslab/ignore-gfp-wait"
	[ ! -e $LEAKS ] || ! text_of __alloc_object || {
		fail_set reject-start "0x$from"
		fail_set reject-end "0x$to"
	}
}

# with_failure N MODULE: it is loaded while the N-th of these allocations fails. $hit is empty
# if there were fewer; the error that loading it has returned, or 0, is in $status.
# shellcheck disable=SC2034 # for the scripts
with_failure() {
	status=0
	./load-once "$1" "$MODULES/$2.ko" || status=$?
	[ "$status" != 255 ] || fail "$2 was not even tried"
	hit=
	for attr in failslab fail_page_alloc; do
		[ "$(cat "$DEBUG/$attr/times")" = $MANY ] || hit=1
		echo $MANY >"$DEBUG/$attr/times"
	done
}

# What kmemleak takes for lost must be as old as that
OLD=6

# leaks_begin: kmemleak looks when it is told to, and forgets what there was before
leaks_begin() {
	[ -e $LEAKS ] || fail "the kernel has no kmemleak"
	echo scan=off >$LEAKS || fail "kmemleak is off"
	echo scan >$LEAKS || fail "kmemleak does not scan"
	echo clear >$LEAKS
}

# leaks_end N: the result number N; shows what memory was lost. One scan may miss some.
leaks_end() {
	sleep $OLD
	for scan in 1 2; do
		echo scan >$LEAKS || fail "kmemleak does not scan (scan $scan)"
	done
	sed 's/^/# /' $LEAKS | head -n 60
	if [ -n "$(cat $LEAKS)" ]; then
		echo "not ok $1 no memory is lost"
		exit 1
	fi
	echo "ok $1 no memory is lost"
}
