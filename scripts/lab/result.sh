# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Results of a script that is a list of steps, as KTAP. Sourced; $RESULT_OF is what they are
# of, $LOG the file for what a step says. $FAILED is not empty once one has failed.

N=0 FAILED=''

# result NAME COMMAND...: each of its commands must succeed. (In a condition bash would
# not look at them.)
result() {
	local name=$1 status
	N=$((N + 1))
	shift
	set +e
	(
		set -e
		"$@"
	) >"$LOG" 2>&1
	status=$?
	set -e
	if [ $status = 0 ]; then
		echo "ok $N $RESULT_OF: $name"
	else
		tail -n 40 "$LOG" | sed 's/^/# /'
		echo "not ok $N $RESULT_OF: $name"
		# shellcheck disable=SC2034 # for who sources this
		FAILED=1
	fi
}
