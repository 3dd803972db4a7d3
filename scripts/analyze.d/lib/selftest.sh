# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# analyze --selftest: the lanes are alive. Sourced.

# flags LANE KERNEL: does it find in its fixture all that the file "expected" there
# says? Its words are in OUT. A fixture that expects nothing shows nothing.
flags() {
	local fixture=$LANE_DIR/fixtures/$1 pattern missing=''
	OUT=$("$0" --dir "$fixture" --kernel "$2" "$1" 2>&1) && missing=" exit-status"
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

# tool_failures: of what a tool ends with only "nothing" and "something found" are
# fine, in however many pieces xargs runs it
tool_failures() {
	local end
	for end in 'exit 0' 'exit 7'; do
		OUT=$end
		echo a b | xargs -n 1 "$LANE_DIR/lib/ran" 7 sh -c "$end" || return 1
	done
	# shellcheck disable=SC2016 # expanded by the sh that ends
	for end in 'exit 1' 'exit 123' 'exit 126' 'exit 127' 'exit 255' 'kill -SEGV $$'; do
		OUT=$end
		! echo a b | xargs -n 1 "$LANE_DIR/lib/ran" 7 sh -c "$end" 2>/dev/null || return 1
	done
}

selftest() {
	local lane run runs part status
	PASSED=0 FAILED=0 OUT=''
	for part in report sarif; do
		status=0
		OUT=$(in_root python3 "/repo/scripts/analyze.d/lib/test_$part.py" 2>&1) || status=$?
		result "the $part" "$status"
	done
	status=0
	tool_failures || status=$?
	result "a tool that crashes is a failure" "$status"
	# Run by run: what one finds must not hide that another looks no more
	for lane in "${RUN[@]}"; do
		runs=$(runs_of "$lane")
		for run in ${runs// /:}; do
			status=0
			flags "$lane" "${run#*:}" || status=$?
			result "$(tag "$lane" "${run%:*}") flags its fixture" "$status"
		done
	done
	[ -z "$ALL_LANES" ] || vendor_selftest
	echo "$PASSED passed, $FAILED failed"
	[ "$FAILED" = 0 ]
}
