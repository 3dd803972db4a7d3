#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# foreign.sh FUNCTION...: the kernel's own tests, on each function twice: bound to
# vfio-pci and bound to its driver of ours. What passes on the first must pass on
# the second. FUNCTIONs as for functional.sh; programs are in /opt/bin, and
# /opt/foreign/exceptions says what cannot pass, and why.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh

BIN=/opt/bin
EXCEPTIONS=/opt/foreign/exceptions

# cases FILE: what is in a program's output: a line for each, "pass|fail|skip CASE".
# One that dies has the case that it was in fail, and the program as such.
cases() {
	awk '
	/^#  RUN / { running = $3 }
	/^(ok|not ok) [0-9]+ / {
		word = $1 == "ok" ? "pass" : "fail"
		name = $1 == "ok" ? $3 : $4
		if (/ # SKIP/) word = "skip"
		print word, name
		seen[name] = 1
	}
	END { if (running && !(running in seen)) print "fail", running }' "$1"
}

# program NAME BDF REGION: run one, its cases to stdout
program() {
	case $1 in
	pfnmap) timeout 120 $BIN/pfnmap -- "vfio:$2:$3" ;;
	*) timeout 300 "$BIN/$1" "$2" ;;
	esac >/tmp/output 2>&1 </dev/null
	status=$?
	cases /tmp/output
	# A program that skips itself has nothing else to say
	case $status in
	0 | 1) ;;
	4) echo "skip $1" ;;
	*) echo "fail $1" ;;
	esac
	sed "s/^/# $1: /" /tmp/output >>"/tmp/log.$4"
}

# suite BDF DRIVER REGION FILE: all of them, as driver of BDF is DRIVER
suite() {
	: >"$4"
	: >"/tmp/log.$2"
	if ! bind "$1" "$2"; then
		echo "fail bind bind" >"$4"
		return
	fi
	for path in "$BIN"/*; do
		test=${path##*/}
		program "$test" "$1" "$3" "$2" | while read -r word case; do
			echo "$word $test $case"
		done >>"$4"
	done
}

# excepted NAME PROGRAM CASE: is it on the list?
excepted() {
	grep -v '^#' $EXCEPTIONS | while read -r function program case reason; do
		[ "$function" = "*" ] || [ "$function" = "$1" ] || continue
		[ "$program $case" != "$2 $3" ] || echo "${reason:-no reason}"
	done | grep .
}

# compare NAME: /tmp/theirs with /tmp/ours, a result for each case
compare() {
	while read -r word program case; do
		ours=$(grep " $program $case\$" /tmp/ours | head -n 1)
		ours=${ours%% *}
		id="$1/$program: $case"
		reason=$(excepted "$1" "$program" "$case" || :)
		case $word-${ours:-absent} in
		pass-pass | fail-pass | skip-pass)
			if [ -n "$reason" ]; then
				result not_ok "$id: passes, and is on the list of those that cannot"
			else
				result ok "$id"
			fi
			;;
		fail-* | skip-skip) result ok "$id" "$word on vfio-pci as well" ;;
		*)
			if [ -n "$reason" ]; then
				result ok "$id" "$reason"
			else
				result not_ok "$id: $word on vfio-pci, ${ours:-absent} on ours"
				grep "^# $program: " "/tmp/log.$COHERENT_DRIVER" | tail -n 12
			fi
			;;
		esac
	done </tmp/theirs
	grep '^fail' /tmp/ours | while read -r _ program case; do
		grep -q " $program $case\$" /tmp/theirs ||
			result not_ok "$1/$program: $case: fails, and is unknown on vfio-pci"
	done
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
modprobe iommufd
modprobe vfio_iommu_type1
modprobe vfio-pci || exit 1
# For the cases that map huge pages for DMA
echo 16 >/proc/sys/vm/nr_hugepages
if load_modules "$@"; then
	result ok "modules load"
else
	result not_ok "modules load"
fi
for function in "$@"; do
	name=$(field "$function" name)
	describe "$function"
	suite "$COHERENT_BDF" vfio-pci 0 /tmp/theirs
	suite "$COHERENT_BDF" "$COHERENT_DRIVER" 4 /tmp/ours
	echo "# $name: vfio-pci passes $(grep -c '^pass' /tmp/theirs) of $(wc -l </tmp/theirs), ours $(grep -c '^pass' /tmp/ours) of $(wc -l </tmp/ours)"
	for path in "$BIN"/*; do
		program=${path##*/}
		case $program in
		# They want a device of a certain make, or SR-IOV, and skip all
		vfio_pci_driver_test | vfio_pci_sriov_uapi_test) continue ;;
		esac
		if ! grep -q "^pass $program " /tmp/theirs; then
			result not_ok "$name/$program: there is something to compare"
			grep "^# $program: " /tmp/log.vfio-pci
		fi
	done
	compare "$name"
done
if remove_modules; then
	result ok "modules can be removed"
else
	result not_ok "modules can be removed"
fi
finish_tests
