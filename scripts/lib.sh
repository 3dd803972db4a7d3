# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Lanes: pieces of a check that run side by side, each with a log of its own,
# whose KTAP lines are counted. Sourced by scripts/check*.

LANE_LOGS=${COHERENT_LAB:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/coherent-vfio}/log/check
# Machines wait a third of the time: five on two CPUs are done sooner
LANE_JOBS=${LANE_JOBS:-5}
LANES=()
# Patterns of the only ones that run; all do if there are none
LANES_WANTED=()

# lane_matches NAME PATTERN...
lane_matches() {
	local name=$1 pattern
	shift
	for pattern; do
		# shellcheck disable=SC2053 # a pattern
		[[ $name != $pattern ]] || return 0
	done
	return 1
}

# lane NAME COMMAND...: run it in the background, at most LANE_JOBS at a time,
# if it is wanted.
# It passes when its output has KTAP results, all good, and it returns 0.
lane() {
	local name=$1
	[ ${#LANES_WANTED[@]} = 0 ] || lane_matches "$name" "${LANES_WANTED[@]}" || return 0
	shift
	while [ "$(jobs -rp | wc -l)" -ge "$LANE_JOBS" ]; do
		wait -n || :
	done
	LANES+=("$name")
	lane_run "$name" "$@" &
}

lane_run() {
	local name=$1 log=$LANE_LOGS/$1.log begin=$SECONDS status=0 cpu TIMEFORMAT='%0U %0S'
	shift
	echo "  $name: started"
	{ time "$@" >"$log" 2>&1 </dev/null || status=$?; } 2>"$LANE_LOGS/$name.time"
	echo "$status" >"$LANE_LOGS/$name.status"
	cpu=$(($(tr ' ' + <"$LANE_LOGS/$name.time")))
	echo "  $name: $(lane_count "$name" pass) passed, $(lane_count "$name" fail) failed, $((SECONDS - begin)) s ($cpu s of CPU)"
	[ "$(lane_count "$name" fail)" = 0 ] || lane_show "$log"
}

# lane_count NAME pass|fail|skip. A lane that ends badly without saying which
# test did, or that ran nothing, is one failure.
lane_count() {
	local log=$LANE_LOGS/$1.log status pass fail
	status=$(cat "$LANE_LOGS/$1.status" 2>/dev/null || echo unfinished)
	pass=$(grep -E '^ok ' "$log" | grep -c -v ' # SKIP' || :)
	fail=$(grep -c '^not ok ' "$log" || :)
	case $2 in
	pass) echo "$pass" ;;
	skip) grep -c '^ok .* # SKIP' "$log" || : ;;
	fail)
		if [ "$fail" = 0 ] && { [ "$status" != 0 ] || [ "$pass" = 0 ]; }; then
			fail=1
		fi
		echo "$fail"
		;;
	esac
}

# What a person needs of a lane that failed.
lane_show() {
	echo "  ---- $1"
	if grep -q '^not ok ' "$1"; then
		grep -B 12 '^not ok ' "$1" | tail -n 60
	else
		tail -n 40 "$1"
	fi | sed 's/^/  | /'
}

# lane_recall NAME: the tests of it that failed, each with what was said just before, in few
# enough lines that the end of a log tells what a check found
lane_recall() {
	local log=$LANE_LOGS/$1.log
	if grep -q '^not ok ' "$log"; then
		grep -B 3 '^not ok ' "$log" | grep -v -e '^ok ' -e '^--' | tail -n 12
	else
		tail -n 4 "$log"
	fi | cut -c 1-200 | sed "s/^/  $1: /"
}

# stop_tree PID: it and all that it has started; each cleans up after itself
stop_tree() {
	local child
	for child in $(ps -o pid= --ppid "$1"); do
		stop_tree "$child"
	done
	kill "$1" 2>/dev/null || :
}

# lanes_stop STATUS: who is told to end ends what runs beside him
# shellcheck disable=SC2317,SC2329 # called by the traps
lanes_stop() {
	local pid
	trap '' INT TERM HUP
	for pid in $(jobs -p); do
		stop_tree "$pid"
	done
	wait
	exit "$1"
}

# lanes_begin: forget what earlier runs left; one that still goes on needs it
lanes_begin() {
	mkdir -p "${LANE_LOGS%/*}"
	exec {LANES_LOCK}>"$LANE_LOGS.lock"
	if ! flock -n "$LANES_LOCK"; then
		echo "another run writes its logs to $LANE_LOGS: wait for its end, or give this one a lab of its own with COHERENT_LAB=DIR" >&2
		exit 1
	fi
	rm -rf "$LANE_LOGS"
	mkdir -p "$LANE_LOGS"
	trap 'lanes_stop 130' INT
	trap 'lanes_stop 143' TERM
	trap 'lanes_stop 129' HUP
}

# lanes_end: wait, and say the closing line; its status is the check's.
lanes_end() {
	local name pattern passed=0 failed=0 skipped=0
	wait
	for pattern in "${LANES_WANTED[@]}"; do
		for name in "${LANES[@]}"; do
			! lane_matches "$name" "$pattern" || continue 2
		done
		echo "no lane is called $pattern"
		failed=$((failed + 1))
	done
	for name in "${LANES[@]}"; do
		passed=$((passed + $(lane_count "$name" pass)))
		failed=$((failed + $(lane_count "$name" fail)))
		skipped=$((skipped + $(lane_count "$name" skip)))
	done
	echo
	for name in "${LANES[@]}"; do
		[ "$(lane_count "$name" fail)" = 0 ] || lane_recall "$name"
	done
	echo "$((SECONDS / 60)) min $((SECONDS % 60)) s; $skipped tests skipped where a function has nothing to test; logs: $LANE_LOGS"
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
