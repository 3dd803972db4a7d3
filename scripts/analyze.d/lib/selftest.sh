# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# analyze --selftest: the lanes are alive. Sourced.

# flags LANE: does it find in its fixture all that the file "expected" there says?
# Its words are in OUT. A fixture that expects nothing shows nothing.
flags() {
	local fixture=$LANE_DIR/fixtures/$1 pattern missing=''
	OUT=$("$0" --dir "$fixture" "${KERNEL_ARGS[@]}" "$1" 2>&1) && missing=" exit-status"
	while read -r pattern; do
		grep -q -E -- "$pattern" <<<"$OUT" || missing+=" '$pattern'"
	done <"$fixture/expected"
	[ -s "$fixture/expected" ] || missing+=" expectations"
	[ -z "$missing" ] || OUT="missing:$missing"$'\n'"$OUT"
	[ -z "$missing" ]
}

# result NAME STATUS: one line for scripts/check, and what was said if it is bad
result() {
	if [ "$2" = 0 ]; then
		echo "ok - $1"
		PASSED=$((PASSED + 1))
	else
		printf '# %s\n' "${OUT//$'\n'/$'\n'# }"
		echo "not ok - $1"
		FAILED=$((FAILED + 1))
	fi
}

selftest() {
	local lane status
	PASSED=0 FAILED=0 OUT=''
	status=0
	OUT=$(in_root python3 /repo/scripts/analyze.d/lib/test_report.py 2>&1) || status=$?
	result "the report" "$status"
	for lane in "${RUN[@]}"; do
		status=0
		flags "$lane" || status=$?
		result "$lane flags its fixture" "$status"
	done
	[ -z "$ALL_LANES" ] || vendor_selftest
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ]
}
