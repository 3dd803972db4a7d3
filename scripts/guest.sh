# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs of selftests/ in a virtual machine: what a lane runs. Lanes source
# scripts/lib.sh before it.

# shellcheck source=scripts/functions.sh
. scripts/functions.sh

# In front of each script in the guest
GUEST_WRAPPER=()

# limit KERNEL: seconds that a machine may take; a debug kernel is slow
limit() {
	case $1 in
	*-debug | *-kcsan) echo 6000 ;;
	*) echo 1500 ;;
	esac
}

# guest KERNEL NAME SCRIPT [ARG...]: on the functions that RUN_ARGS make
guest() {
	local kernel=$1 name=$2 script=$3
	shift 3
	scripts/lab/run --kernel "$kernel" --timeout "$(limit "$kernel")" --log "$LANE_LOGS/$kernel-$name" \
		"${RUN_ARGS[@]}" -- "${GUEST_WRAPPER[@]}" "/opt/selftests/$script" "$@"
}

# functional KERNEL SET: all programs, on a set of functions.
functional() {
	local arch=${1#*-} command=(functional.sh)
	devices "${arch%%-*}" "$2"
	case $1-$2 in
	*-refusals) command=(refusals.sh) ;;
	# The one kernel whose KVM takes what we map
	new-arm64-main) command+=(-n test_poison_kvm) ;;
	esac
	guest "$1" "$2" "${command[@]}" "${FUNCTIONS[@]}"
}

# soft KERNEL: functions that are software. How they come and go on each kernel; the
# programs on them on one old, one new, and one that has iommufd.
soft() {
	local arch=${1#*-}
	devices "${arch%%-*}" soft
	case $1 in
	lts-amd64 | new-arm64 | src-amd64*) ;;
	*) FUNCTIONS=("${FUNCTIONS[@]:0:2}") ;;
	esac
	guest "$1" soft soft.sh "${FUNCTIONS[@]}"
}

# quarantine KERNEL: memory that another function may still write to
quarantine() {
	local arch=${1#*-}
	devices "${arch%%-*}" quarantine
	guest "$1" quarantine quarantine.sh "${FUNCTIONS[@]}"
}

# soft_beside KERNEL: the first of them on a machine that has an IOMMU
soft_beside() {
	devices amd64 soft-iommu
	guest "$1" soft-beside soft.sh "${FUNCTIONS[@]:0:3}"
}

# own KERNEL: what a kernel of our own must be able to run and the others cannot:
# allocations that fail, character devices of VFIO. On one function of each backend,
# the dummy's being one that has hot resets; a debug kernel, which takes ten times as
# long, on the one that can do more.
own() {
	devices amd64 main
	FUNCTIONS=("${FUNCTIONS[0]}" "${FUNCTIONS[2]}")
	[[ $1 != *-debug ]] || unset 'FUNCTIONS[1]'
	guest "$1" own functional.sh -t "test_failnth test_cdev" -n '*' "${FUNCTIONS[@]}"
}

# races KERNEL: what does many things at once, on a kernel that looks for data races.
races() {
	devices amd64 main
	guest "$1" races functional.sh -t "test_attack test_buffers test_reset test_ready test_lifetime
		test_poison_race test_poison_storm test_poison_life test_poison_backend" \
		"${FUNCTIONS[@]:0:2}"
}
