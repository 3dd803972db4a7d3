#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# functional.sh [-t "PROGRAM..."] [-n PROGRAM] FUNCTION...: run the functional tests
# in the virtual machine, on each function that is described, and print KTAP lines.
# -n: a test of this program (a pattern) that is skipped has failed: this kernel must
# be able to run it.
#
# What a FUNCTION is: function.sh.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh
# shellcheck source=selftests/guest/poison.sh
. ./poison.sh
# shellcheck source=selftests/guest/programs.sh
. ./programs.sh

PROGRAMS="test_info test_config test_rdwr test_buffers test_mmap test_granularity test_huge
test_vma test_cdev test_dmabuf test_dma test_dma_gate test_reset test_ready test_stuck test_power test_sleep test_lifetime test_observe test_fastpath test_scrub test_attack test_aer
test_poison test_poison_maps test_poison_kernel test_poison_io test_poison_life test_poison_list
test_poison_storm test_poison_race test_kvm test_poison_kvm test_poison_backend test_cxl test_gone"
if [ "${1-}" = -t ]; then
	PROGRAMS=$2
	shift 2
fi
if [ "${1-}" = -n ]; then
	NO_SKIP=$2
	shift 2
fi
if [ $# = 0 ]; then
	echo "usage: functional.sh [-t \"PROGRAM...\"] [-n PROGRAM] FUNCTION..." >&2
	exit 2
fi

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
check "modules load" load_modules "$@"

for function in "$@"; do
	name=$(field "$function" name)
	describe "$function"
	echo "# function $name: $function"
	if ! bind "$COHERENT_BDF" "$COHERENT_DRIVER"; then
		result not_ok "$name: bind"
		dmesg | tail -n 8 | sed 's/^/# /'
		continue
	fi
	result ok "$name: bind"
	check_iommu "$function"
	[ -z "$COHERENT_PEER" ] || bind "$COHERENT_PEER" "$(driver_name dummy)" ||
		result not_ok "$name: bind its peer"
	scrub_begin
	programs=$(field "$function" programs | tr : ' ')
	if [ -z "$programs" ]; then
		programs=$PROGRAMS
		[ -z "$COHERENT_EXPECT_PASS" ] || programs=test_info
	fi
	without=$(field "$function" without)
	for program in $programs; do
		# shellcheck disable=SC2254 # a pattern
		case $program in
		${without:-none}) continue ;;
		esac
		case $program in
		test_dma | test_dma_gate) [ -n "$COHERENT_PEER" ] || continue ;;
		esac
		for wanted in $PROGRAMS; do
			[ "$program" != "$wanted" ] || run "$program" "$name"
		done
	done
done

case " $PROGRAMS " in
*" test_poison_backend "*) poison_and_modules "$@" ;;
esac

# Functions are still bound: removing the drivers unbinds them.
check "modules can be removed while functions are bound" remove_modules
for function in "$@"; do
	unbind "$(field "$function" bdf)"
done
check "nothing is left behind" nothing_left
leaks_end
finish_tests
