#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Run the programs of this folder on a function with coherent memory.
#
#   run.sh                         on one that is software alone, which is made for it
#   COHERENT_BDF=... run.sh        on a function that is bound to its driver; what must be
#                                  seen of it is in COHERENT_EXPECT_*, see lib/expect.c
#
# PROGRAMS="test_rdwr test_mmap" runs only these. Errors of the link and those that firmware
# reports are made by QEMU: lib/monitor.c says how the machine gets a port for that.
set -u
cd "$(dirname "$0")" || exit 1

KSFT_SKIP=4
SOFT_SIZE=0x2100000

skip() {
	echo "1..0 # SKIP $1"
	exit $KSFT_SKIP
}

# What the kernel of this source tree has. On an arm64 CPU without FWB or DIC, say
# COHERENT_MACHINE_LACKS=cpu-caches.
has="kvm-tells-poison dmabuf-gate"
[ "$(uname -m)" != aarch64 ] || has="$has kvm-caches"
export COHERENT_KERNEL_HAS="${COHERENT_KERNEL_HAS-$has}"

[ "$(id -u)" = 0 ] || skip "must be run as root"

# soft_function: make one, and say what must be seen of it
soft_function() {
	modprobe -q vfio_iommu_type1
	modprobe -q dummy-coherent-vfio-pci soft=1 soft_size=$SOFT_SIZE ||
		skip "no module dummy-coherent-vfio-pci (CONFIG_COHERENT_VFIO_PCI_DUMMY)"
	made=1
	for path in /sys/bus/pci/drivers/dummy_coherent_vfio_pci/*:*; do
		COHERENT_BDF=${path##*/}
	done
	[ -e "/sys/bus/pci/devices/$COHERENT_BDF" ] || {
		echo "Bail out! the module has made no function"
		exit 1
	}
	base=$(sed -n "s/^ *\([0-9a-f]*\)-.* : coherent $COHERENT_BDF\$/0x\1/p" /proc/iomem)
	COHERENT_EXPECT_USEMEM=$base+$SOFT_SIZE
	COHERENT_DRIVER=dummy_coherent_vfio_pci
	export COHERENT_BDF COHERENT_DRIVER COHERENT_EXPECT_USEMEM
	export COHERENT_EXPECT_SCRUB=open
	export COHERENT_INJECT="${COHERENT_INJECT-debugfs }"
}

# leave: as it was before
# shellcheck disable=SC2317,SC2329 # called by the trap
leave() {
	echo "$COHERENT_SCRUB_DEFAULT" >"$scrub"
	[ -z "$made" ] || modprobe -q -r dummy-coherent-vfio-pci
	rm -f "$output"
}

made=
[ -n "${COHERENT_BDF-}" ] || soft_function
scrub=/sys/bus/pci/devices/$COHERENT_BDF/coherent/scrub
[ -e "$scrub" ] || skip "$COHERENT_BDF is bound to no driver of coherent memory"

n=0 failed=0
output=$(mktemp) || exit 1
COHERENT_SCRUB_DEFAULT=$(sed 's/.*\[\(.*\)\].*/\1/' "$scrub")
export COHERENT_SCRUB_DEFAULT
trap 'exit 1' INT TERM HUP
trap 'leave' EXIT
# The programs find what they wrote before they closed the function, so nothing is cleared
# meanwhile; test_scrub is told what the policy is
echo none >"$scrub"

programs=${PROGRAMS:-test_info test_cdev test_config test_rdwr test_buffers test_mmap
	test_granularity test_huge test_vma test_reset test_ready test_lifetime test_observe
	test_scrub test_attack test_poison test_poison_maps test_poison_kernel test_poison_io
	test_poison_life test_poison_list}
set --
for program in $programs; do
	# Built or not: one that is named must be there
	[ -z "${PROGRAMS-}" ] && [ ! -e "$program" ] || set -- "$@" "$program"
done
[ $# != 0 ] || skip "no test is built"
echo "TAP version 13"
echo "1..$#"
for program; do
	n=$((n + 1))
	"./$program" >"$output" 2>&1
	status=$?
	sed 's/^/# /' "$output"
	case $status in
	0) echo "ok $n $program" ;;
	"$KSFT_SKIP") echo "ok $n $program # SKIP" ;;
	*)
		echo "not ok $n $program"
		failed=1
		;;
	esac
done
exit $failed
