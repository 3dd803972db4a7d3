# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What lanes share. A lane runs in the lab root and is given
#   SRC     a copy of the sources, of this repository or of the core with a backend
#   PREFIX  the part of it that is under analysis ('' for all)
#   BUILD   a folder that it may make
#   KDIR, ARCH, KARGS   the kernel to build against, and for which machine
#   KSRC    the source of a kernel, for its tools
# It writes "path:line: tool: message" to stdout, paths relative to SRC, or
# "path:line:column: tool: message" where the tool knows the column; anything
# else to stderr. Exit status: 0 when the tool has run, findings or not; else
# the tool has failed, which is as bad as a finding.
set -euo pipefail
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$SRC"
: "${BUILD:?}" "${KDIR:?}" "${ARCH:?}" "${KARGS?}" "${KSRC:?}" "${PREFIX?}"

# files PATTERN...: those under analysis whose names match (find -name)
files() {
	local pattern names=()
	for pattern in "$@"; do
		names+=(-o -name "$pattern")
	done
	find "./$PREFIX" -type f \( "${names[@]:1}" \) -printf '%P\n' | sed "s|^|$PREFIX|" | sort
}

# Sources of the kernel modules, and those of what runs in userspace
KERNEL_DIRS='^(coherent|include|backends|kunit|selftests/kernel-bugs/modules)/'

kernel_files() {
	files "$@" | "$LIB/ran" 1 grep -E "$KERNEL_DIRS"
}

user_files() {
	files "$@" | "$LIB/ran" 1 grep -v -E "$KERNEL_DIRS"
}

# Folders that kbuild is to build. One that Kbuild does not name, as "backends/",
# it passes over without a word.
kbuild_folders() {
	if [ -n "$PREFIX" ]; then
		echo "$PREFIX"
	else
		find coherent backends -name Kbuild -printf '%h/\n' | sort
	fi
}

# kbuild ARG...: compile the modules under analysis in a copy of their own. CORE is
# where the core is, as the Kbuild of a backend from elsewhere may call it.
kbuild() {
	local targets folders folder args status=0
	mapfile -t targets < <(kbuild_folders)
	folders=("${targets[@]}")
	read -r -a args <<<"$KARGS"
	# The tests are code, too; distributions' kernels have no KUnit
	if grep -qs '^CONFIG_KUNIT=' "$KDIR/include/config/auto.conf"; then
		args+=(CONFIG_COHERENT_VFIO_PCI_KUNIT_TEST=y)
		[ -n "$PREFIX" ] || folders+=(kunit/)
	fi
	cp -r "$SRC" "$BUILD"
	make -s -k -j "$JOBS" -C "$KDIR" M="$BUILD" CORE="$BUILD" "${args[@]}" "$@" "${targets[@]}" || status=$?
	for folder in "${folders[@]}"; do
		[ "$status" != 0 ] || find "$BUILD/$folder" -name '*.o' | grep -q . || {
			echo "error: nothing was compiled in $folder"
			status=2
		}
	done
	return "$status"
}

# compiler_findings TOOL: from the compiler's words, those about our files: named
# in full, or from where kbuild stands, which since 6.13 is among them
compiler_findings() {
	local line
	sed -n -E "s,^(($BUILD|$SRC|\.)/)?([^/:][^:]*:[0-9]+:)([0-9]+:)? (warning|error|fatal error): (.*),\3\4 $1: \6,p" |
		sed -E 's,^([^:]*/)?[^/:.]+/\.\./,\1,' | sort -u | while IFS= read -r line; do
		[ ! -e "$SRC/${line%%:*}" ] || printf '%s\n' "$line"
	done
}

# What a build says whether it fails or not, and make of whoever failed below it
NOISE='^make(\[[0-9]+\])?: (Entering|Leaving) directory|^make(\[[0-9]+\])?: \*\*\* (\[.*\] Error [0-9]+|Waiting for unfinished jobs)'
NOISE+='|^make(\[[0-9]+\])?: Target .* not remade|^  warning: the compiler differs|You are using:|The kernel was built by:'

# build_failed LOG: why, the first of it first
build_failed() {
	local said
	said=$(sed "s,$BUILD/$PREFIX,,g; s,$BUILD/,,g" "$1")
	grep -v -E "$NOISE" <<<"$said" | head -n 20 | grep . >&2 ||
		tail -n 20 <<<"$said" >&2
}

# build_lane TOOL ARG...: a build whose words are the findings. A build that
# fails without a word about our files has failed as a tool.
build_lane() {
	local tool=$1 status=0
	shift
	kbuild "$@" >"$SRC/../$tool.log" 2>&1 || status=$?
	compiler_findings "$tool" <"$SRC/../$tool.log" >"$SRC/../$tool.found"
	cat "$SRC/../$tool.found"
	[ "$status" = 0 ] || [ -s "$SRC/../$tool.found" ] || {
		build_failed "$SRC/../$tool.log"
		return 2
	}
}
