# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Running the programs of the tests in the virtual machine, and showing what they say.
# Sourced, after common.sh.

# A program's test of this name (a pattern) that is skipped has failed
NO_SKIP=''

# What remains of a program's output: results, and what a person needs to
# understand a failure.
show() {
	while IFS= read -r line; do
		case $line in
		'ok '*' # SKIP'*)
			line=${line#ok * }
			reason=${line#*# SKIP}
			# shellcheck disable=SC2254 # a pattern
			case ${1#*/} in
			${NO_SKIP:-none}) result not_ok "$1: ${line%% *}: skipped:$reason" ;;
			*) result ok "$1: ${line%% *}" "${reason# }" ;;
			esac
			;;
		'ok '*) result ok "$1: ${line#ok * }" ;;
		'not ok '*) result not_ok "$1: ${line#not ok * }" ;;
		'TAP version'* | [0-9]*..[0-9]* | '# Totals:'* | '# PASSED'* | *' skipped test(s) detected'* | '# Starting'*) ;;
		'#  RUN '* | '#            OK '* | '#      SKIP '*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

# run PROGRAM NAME [ARG...]: every planned test must have had its say.
run() {
	program=$1 of=$2
	shift 2
	before=$(($(wc -l <"$COUNTS")))
	case $program in
	# No word gets out of a machine that sleeps, nor for a while afterwards
	test_sleep)
		"./$program" "$@" >/tmp/output 2>&1
		echo "$?" >/tmp/status
		lab-ports
		show "$of/$program" </tmp/output
		;;
	*)
		{
			"./$program" "$@" 2>&1
			echo "$?" >/tmp/status
		} | tee /tmp/output | show "$of/$program"
		;;
	esac
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' /tmp/output | head -n 1)
	seen=$(($(wc -l <"$COUNTS") - before))
	if [ "${planned:-0}" = 0 ] || [ "$seen" != "$planned" ]; then
		result not_ok "$of/$program: $seen of ${planned:-unknown} tests came to an end"
	elif [ "$(cat /tmp/status)" != 0 ] && ! grep -q '^not ok' /tmp/output; then
		result not_ok "$of/$program: status $(cat /tmp/status)"
	fi
}
