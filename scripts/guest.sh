# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs of selftests/ in a virtual machine: what a lane runs. Lanes source
# scripts/lib.sh before it.

# shellcheck source=scripts/functions.sh
. scripts/functions.sh
# shellcheck source=scripts/lab/lib.sh
. scripts/lab/lib.sh
# shellcheck source=scripts/lab/bugmodules.sh
. scripts/lab/bugmodules.sh

# In front of each script in the guest
GUEST_WRAPPER=()

# limit KERNEL: seconds that a machine may take; a debug kernel is slow
limit() {
	if kernel_is "$1" slow; then
		echo 6000
	else
		echo 1500
	fi
}

# guest KERNEL NAME SCRIPT [ARG...]: on the functions that RUN_ARGS make; LACKS: what their
# machine has not
guest() {
	local kernel=$1 name=$2 script=$3
	local has=() words
	shift 3
	words=$(kernel_fact "$kernel" has)
	has=(env "COHERENT_KERNEL_HAS=$words" "COHERENT_MACHINE_LACKS=${LACKS-}")
	scripts/lab/run --kernel "$kernel" --timeout "${GUEST_LIMIT:-$(limit "$kernel")}" --log "$LANE_LOGS/$kernel-$name" \
		"${RUN_ARGS[@]}" -- "${has[@]}" "${GUEST_WRAPPER[@]}" "/opt/selftests/$script" "$@"
}

# functional KERNEL SET: all programs, on a set of functions.
functional() {
	local command=(functional.sh)
	devices "$(kernel_arch "$1")" "$2"
	case $2 in
	refusals | cxl) command=(refusals.sh) ;;
	main | grace) ! kernel_is "$1" kvm || command+=(-n test_poison_kvm) ;;
	esac
	guest "$1" "$2" "${command[@]}" "${FUNCTIONS[@]}"
}

# soft KERNEL: functions that are software. How they come and go on each kernel; the
# programs on them on one old, one new, and one that has iommufd.
soft() {
	devices "$(kernel_arch "$1")" soft
	kernel_is "$1" soft all || FUNCTIONS=("${FUNCTIONS[@]:0:2}")
	guest "$1" soft soft.sh "${FUNCTIONS[@]}"
}

# quarantine KERNEL: memory that another function may still write to
quarantine() {
	devices "$(kernel_arch "$1")" quarantine
	guest "$1" quarantine quarantine.sh "${FUNCTIONS[@]}"
}

# egm KERNEL: memory that a character device shows, and where there is KVM a machine that
# has it
egm() {
	local GUEST_LIMIT=1800
	devices "$(kernel_arch "$1")" egm
	guest "$1" egm egm.sh "${FUNCTIONS[@]}"
}

# with_tool KERNEL: the machine has the command coherent-vfio, as it is installed
with_tool() {
	in_root make -s -C /repo/tools/coherent-vfio install "DESTDIR=/lab/build/$1/tool"
	in_root make -s -C /repo/tools/monitoring install "DESTDIR=/lab/build/$1/tool"
	RUN_ARGS+=(--files "$LAB_DIR/build/$1/tool")
}

# tool_setup KERNEL...: what else scripts/lab/setup must have for that
tool_setup() {
	local kernel
	for kernel; do
		echo "observers-$(kernel_arch "$kernel")"
		echo "nested-$(kernel_arch "$kernel")"
	done | sort -u
}

# tool KERNEL: the command coherent-vfio as it is installed, with driverctl beside it; and
# what it prints for programs, as programs read it
tool() {
	local status=0
	devices "$(kernel_arch "$1")" tool
	with_tool "$1"
	RUN_ARGS+=(--files "$LAB_DIR/driverctl" --files Documentation
		--files "$LAB_DIR/observers/$(kernel_arch "$1")/observers")
	guest "$1" tool tool.sh "${FUNCTIONS[@]}" >"$LANE_LOGS/$1-tool.out" || status=$?
	cat "$LANE_LOGS/$1-tool.out"
	in_root /repo/scripts/tool-output <"$LANE_LOGS/$1-tool.out" || status=1
	return $status
}

# binds KERNEL: which driver tools take that choose one for themselves, on a kernel that has
# its own for the same functions: beside it, and with ours in its place
binds() {
	local status=0
	devices "$(kernel_arch "$1")" binds
	guest "$1" binds binds.sh "${FUNCTIONS[0]}" theirs || status=1
	scripts/lab/build --dropin "$1" || return 1
	RUN_ARGS+=(--dropin)
	guest "$1" binds-dropin binds.sh "${FUNCTIONS[0]}" ours || status=1
	return $status
}

# soft_beside KERNEL: the first of them on a machine that has an IOMMU
soft_beside() {
	devices "$(kernel_arch "$1")" soft-iommu
	guest "$1" soft-beside soft.sh "${FUNCTIONS[@]:0:3}"
}

# own KERNEL: what a kernel of our own must be able to run and the others cannot:
# allocations that fail, character devices of VFIO. On one function of each backend,
# the dummy's being one that has hot resets; a slow kernel, which takes ten times as
# long, on the one that can do more.
own() {
	devices "$(kernel_arch "$1")" main
	FUNCTIONS=("${FUNCTIONS[0]}" "${FUNCTIONS[2]}")
	! kernel_is "$1" slow || unset 'FUNCTIONS[1]'
	guest "$1" own functional.sh -t "test_failnth test_cdev" -n '*' "${FUNCTIONS[@]}"
}

# cxl_mem KERNEL: what else a kernel must be able to run, or finds, on functions whose memory
# is CXL.mem: allocations that fail, many things at once, and random operations. The function
# with decoders has a list of programs of its own: of these it runs test_ready, test_lifetime
# and test_cxl, and the random operations.
cxl_mem() {
	local status=0
	devices "$(kernel_arch "$1")" cxl-mem
	guest "$1" cxl-mem functional.sh -t "test_failnth test_attack test_buffers test_reset test_ready
		test_lifetime test_cxl" "${FUNCTIONS[@]}" || status=1
	guest "$1" cxl-mem-stress stress.sh -t 20 -- "${FUNCTIONS[@]}" || status=1
	return $status
}

# patched KERNEL: what our patches of the kernel (patches/) are for. A test of that must
# not be skipped for want of KVM or iommufd.
patched() {
	local programs="test_poison test_poison_kernel" never=none status=0
	if kernel_is "$1" kvm; then
		programs+=" test_poison_kvm test_kvm" never=test_poison_kvm
	fi
	if kernel_is "$1" has dmabuf-gate && kernel_is "$1" arch amd64; then
		programs="test_cdev test_dmabuf test_dma test_dma_gate test_poison_kernel" never=test_dma
		devices amd64 patched
	else
		devices "$(kernel_arch "$1")" main
		FUNCTIONS=("${FUNCTIONS[@]:0:2}")
	fi
	guest "$1" patched functional.sh -t "$programs" -n "$never" "${FUNCTIONS[@]}" || status=1
	if kernel_is "$1" has mcelog || kernel_is "$1" has sea; then
		patched_hit "$1" || status=1
	fi
	! kernel_is "$1" has kvm-caches || patched_refuses "$1" || status=1
	[ "$(kernel_fact "$1" patches)" != linux-lts ] || patched_spaces "$1" || status=1
	return $status
}

# patched_hit KERNEL: errors that a process hits, on a CPU whose errors the kernel survives
patched_hit() {
	local args=("${RUN_ARGS[@]}")
	local RUN_ARGS=("${args[@]}")
	! kernel_is "$1" arch amd64 || RUN_ARGS+=(--cpu vendor=GenuineIntel)
	guest "$1" patched-hit functional.sh -t test_poison_hit -n test_poison_hit "${FUNCTIONS[@]}"
}

# patched_spaces KERNEL: what the memory manager lets be registered, and what not
patched_spaces() {
	RUN_ARGS=(--files "$LAB_DIR/build/$1-patched/modules")
	small_modules "$1" patched patched && guest "$1" patched-spaces spaces.sh
}

# patched_refuses KERNEL: what it is to refuse, on a CPU that wants its caches to be
# maintained, and in memory with tags
patched_refuses() {
	local LACKS=cpu-caches status=0 args=("${RUN_ARGS[@]}")
	local RUN_ARGS=("${args[@]}" --old-cpu)
	guest "$1" patched-old-cpu functional.sh -t test_kvm "${FUNCTIONS[0]}" || status=1
	LACKS='' RUN_ARGS=("${args[@]}" --mte)
	guest "$1" patched-mte functional.sh -t test_kvm "${FUNCTIONS[0]}" || status=1
	return $status
}

# bugs KERNEL: the bugs of the kernel, which this one has no more
bugs() {
	BUGS_PREPARED=1 scripts/bugs --log "$LANE_LOGS/$1-bugs"
}

# bugs_setup KERNEL...: what else scripts/lab/setup must have for that
bugs_setup() {
	[ $# = 0 ] || scripts/bugs --kernels
}

# races KERNEL: what does many things at once, on a kernel that looks for data races.
races() {
	devices "$(kernel_arch "$1")" main
	guest "$1" races functional.sh -t "test_attack test_buffers test_reset test_ready test_lifetime
		test_poison_race test_poison_storm test_poison_life test_poison_backend" \
		"${FUNCTIONS[@]:0:2}"
}

# scale KERNEL: functions with as much memory as real ones have, and more
scale() {
	local GUEST_LIMIT=3600
	devices "$(kernel_arch "$1")" scale
	guest "$1" scale functional.sh -t test_scale "${FUNCTIONS[@]}"
}

# vm_lives KERNEL [short]: how a function is given to a machine in the machine, and who
# runs that; with "short" one whole life of those that are emulated twice is enough.
# KVM would run on the emulated AMD as well; but what exits while an interrupt is on its
# way is told wrongly there, and the guest stopped for it at some access or other.
vm_lives() {
	local accelerator=tcg short=${2:+-short}
	! kernel_is "$1" arch arm64 || accelerator=kvm short=''
	echo "type1-$accelerator"
	! kernel_is_ours "$1" || echo "iommufd-$accelerator$short"
	[ $accelerator = tcg ] || echo args-kvm
	! kernel_is "$1" also nested || ! kernel_is "$1" arch arm64 || echo nested-kvm
}

# vm_setup KERNEL...: what else scripts/lab/setup must have for machines in those machines
vm_setup() {
	local kernel
	for kernel; do
		echo "nested-$(kernel_arch "$kernel")"
	done | sort -u
}

# vm KERNEL: one life of a machine in the machine that has the function
vm() {
	local life
	life=$(vm_lives "$1" | grep -v -E 'nested|args' | tail -n 1)
	devices "$(kernel_arch "$1")" vm
	with_tool "$1"
	guest "$1" vm vm.sh "${life/tcg/tcg-short}$(vm_lives "$1" | sed -n 's/^args/ &/p')" "${FUNCTIONS[0]}"
}

# vm_long KERNEL [short]: all lives, and with KVM a function with more memory
vm_long() {
	# Some eight minutes for a life that is emulated twice
	local GUEST_LIMIT=3600
	devices "$(kernel_arch "$1")" vm
	with_tool "$1"
	kernel_is "$1" arch arm64 || FUNCTIONS=("${FUNCTIONS[0]}")
	guest "$1" vm-long vm.sh "$(vm_lives "$1" "${2-}" | xargs)" "${FUNCTIONS[@]}"
}

# vm_smmu KERNEL: the same of a function behind an SMMUv3
vm_smmu() {
	local life
	life=$(vm_lives "$1" | grep -v -E 'nested|args' | tail -n 1)
	devices "$(kernel_arch "$1")" smmu
	guest "$1" vm-smmu vm.sh "$life" "${FUNCTIONS[@]}"
}
