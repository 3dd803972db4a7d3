#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.sh [-t SECONDS] [-s SEED] [OPTION...] -- FUNCTION...: the randomised
# tester on each function that has coherent memory, SECONDS in all. FUNCTIONs as
# for functional.sh, OPTIONs are the program's (stress -h).
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh

seconds=60 options=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	case $1 in
	-t) seconds=$2 && shift ;;
	*) options="$options $1" ;;
	esac
	shift
done
[ $# -gt 1 ] || exit 2
shift

# tester NAME: its own lines, and one result
tester() {
	# shellcheck disable=SC2086 # words
	./stress -t "$each" $options >/tmp/output 2>&1
	status=$?
	grep -v -E '^(TAP version|1\.\.|ok |not ok )' /tmp/output
	if [ $status = 0 ] && grep -q '^ok ' /tmp/output; then
		result ok "$1: every answer was one of those that it may be"
	else
		result not_ok "$1: stress, status $status"
		dmesg | tail -n 5 | sed 's/^/# /'
	fi
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
! modprobe iommufd 2>/dev/null || echo "# with iommufd"
if load_modules "$@"; then
	result ok "modules load"
else
	result not_ok "modules load"
fi
each=$(((seconds + $# - 1) / $#))
for function in "$@"; do
	name=$(field "$function" name)
	describe "$function"
	if bind "$COHERENT_BDF" "$COHERENT_DRIVER"; then
		tester "$name"
	else
		result not_ok "$name: bind"
	fi
done
if remove_modules && nothing_left; then
	result ok "modules can be removed, and nothing is left"
else
	result not_ok "modules can be removed, and nothing is left"
fi
leaks_end
finish_tests
