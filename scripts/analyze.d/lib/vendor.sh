# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The backend that Documentation/backend-guide.md shows, in a repository of its
# own as a vendor has it: clean under all lanes, and what is planted in one of
# its folders is said of the file by the name that it has there. Sourced.

# vendor_make DIR
vendor_make() {
	local fence='\x60\x60\x60'
	mkdir -p "$1/hw"
	sed -n "/^${fence}c\$/,/^$fence\$/p" "$TOP/Documentation/backend-guide.md" |
		sed "/^$fence/d" >"$1/driver.c"
	[ -s "$1/driver.c" ] || die "the guide shows no backend"
	printf '%s\n' '/* SPDX-License-Identifier: GPL-2.0-only */' \
		'int acme_revision(void);' >"$1/hw/hw.h"
	printf '%s\n' '// SPDX-License-Identifier: GPL-2.0-only' '' '#include "hw.h"' '' \
		'int acme_revision(void)' '{' $'\treturn 1;' '}' >"$1/hw/hw.c"
	# shellcheck disable=SC2016 # make's own
	printf '%s\n' 'ifndef CORE' '$(error CORE: where is coherent-vfio?)' 'endif' \
		'obj-m += acme.o' 'acme-y := driver.o hw/hw.o' \
		'ccflags-y += -I$(CORE)/include' >"$1/Kbuild"
}

# vendor_broken DIR: of a build that fails what is wrong is said, not what make says of it
vendor_broken() {
	local all=0
	sed -i "1i include \$(CORE)/acme-rules.mk" "$1/Kbuild"
	OUT=$("$0" --dir "$1" "${KERNEL_ARGS[@]}" w1 2>&1) && all=1
	grep -q 'the tool failed .*acme-rules.mk: No such file' <<<"$OUT" || all=1
	sed -i 1d "$1/Kbuild"
	return "$all"
}

# vendor_planted DIR: a fault in a file, and one in a file of the folder below
vendor_planted() {
	local all=0
	sed -i 's/return 1;/int unused;\n\treturn 1;/' "$1/hw/hw.c"
	printf '\nint acme_undeclared(void)\n{\n\treturn 0;\n}\n' >>"$1/driver.c"
	OUT=$("$0" --dir "$1" "${KERNEL_ARGS[@]}" --sarif "$1.sarif" w1 2>&1) && all=1
	grep -q '^hw/hw.c:7: w1: .*unused' <<<"$OUT" || all=1
	grep -q '^driver.c:[0-9]*: w1: .*acme_undeclared' <<<"$OUT" || all=1
	grep -q '"uri": "hw/hw.c"' "$1.sarif" || all=1
	grep -q '"ruleId": "w1/unused-variable"' "$1.sarif" || all=1
	grep -q '"startColumn": 6' "$1.sarif" || all=1
	! grep -q -E '^(coherent|include|backends)/' <<<"$OUT" || all=1
	return "$all"
}

vendor_selftest() {
	local dir status=0
	WORK=$(mktemp -d)
	trap 'rm -rf "$WORK"' EXIT
	dir=$WORK/acme
	vendor_make "$dir"
	OUT=$("$0" --dir "$dir" "${KERNEL_ARGS[@]}" 2>&1) || status=$?
	result "a backend of another repository is clean" "$status"
	status=0
	vendor_broken "$dir" || status=$?
	result "... and why its Kbuild fails is said" "$status"
	status=0
	vendor_planted "$dir" || status=$?
	result "... until something is planted in it" "$status"
}
