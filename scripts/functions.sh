# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The sets of functions that the tests run on: arguments for scripts/lab/run
# (RUN_ARGS) and the descriptions that go to the script in the guest
# (FUNCTIONS). Sourced by host scripts (bash).
#
# What must be seen (use=, res=) is written down here and not computed the way
# the driver does it. Where apertures may lie:
#   amd64  ACPI integers have 32 bits and QEMU's low memory ends at 2 GiB, with
#          ACPI tables and initrd at its end; so all of firmware's apertures
#          of one machine are between 256 MiB and 1.8 GiB. Module parameters
#          may point above 4 GiB.
#   arm64  anywhere from 0x60000000 on; QEMU takes memory only as it is touched.
# Bases are multiples of 128 MiB, lengths of 64 KiB (for kernels with large
# pages), and not powers of two where there is a choice, so that BARs have a
# part that nothing backs.

# shellcheck source=scripts/functions-refused.sh
. scripts/functions-refused.sh
# shellcheck source=scripts/functions-cxl.sh
. scripts/functions-cxl.sh

# devices ARCH SET: fills RUN_ARGS and FUNCTIONS, or returns 1
devices() {
	RUN_ARGS=()
	FUNCTIONS=()
	case $1-$2 in
	amd64-main | arm64-main) devices_main "$1" ;;
	amd64-bench | arm64-bench) devices_bench "$1" ;;
	amd64-grace | arm64-grace) devices_grace "$1" ;;
	amd64-dummies | arm64-dummies) devices_dummies "$1" ;;
	amd64-variants | arm64-variants) devices_variants "$1" ;;
	amd64-refusals | arm64-refusals) devices_refusals "$1" ;;
	amd64-cxl | arm64-cxl) devices_cxl "$1" ;;
	amd64-cxl-mem) cxl_functions "$1" 1 ;;
	amd64-port) devices_port ;;
	amd64-patched) devices_patched ;;
	amd64-soft | arm64-soft) devices_soft "$1" && RUN_ARGS+=(--no-iommu) ;;
	amd64-soft-iommu) devices_soft "$1" ;;
	amd64-foreign) devices_foreign ;;
	amd64-egm | arm64-egm) devices_egm "$1" ;;
	amd64-binds) devices_binds ;;
	amd64-quarantine | arm64-quarantine) devices_quarantine "$1" ;;
	amd64-vm | arm64-vm) devices_vm "$1" ;;
	arm64-smmu) devices_smmu ;;
	arm64-scale) devices_scale ;;
	amd64-tool | arm64-tool) devices_tool "$1" ;;
	*) return 1 ;;
	esac
}

reserve() {
	RUN_ARGS+=(--reserve "$1")
}

device() {
	RUN_ARGS+=(--device "$1")
}

# GH200 with its two memory types, two kinds of dummy, and plain pass-through
devices_main() {
	local gh use res reserved=wc low high third large uncached from=
	case $1 in
	amd64)
		# There is struct page for these (RAM goes on in the same 128 MiB), so
		# the memory manager takes errors for its own
		from=,inject=debugfs:mce
		gh=0x10000000+0x64000000
		use=0x10000000+0x20000000 res=0x30000000+0x44000000
		low=0x180000000 high=0x190000000 third=uc uncached=0x198000000 large=0x1c0000000
		;;
	arm64)
		# 25 GiB and 128 MiB: nobody has to have as much
		gh=0x200000000+0x648000000
		use=0x200000000+0x600000000 res=0x800000000+0x48000000
		# Device memory would refuse the programs' unaligned accesses
		low=0x880000000 high=0x890000000 third=cached uncached=0x898000000 large=0x8c0000000
		;;
	esac
	reserve "$gh"
	device "model=gh200,slot=4,base=${gh%+*},size=${gh#*+}"
	FUNCTIONS+=("name=gh200,bdf=0000:00:04.0,driver=nvgrace,use=$use,res=$res,type=wc,ready=bar,limit=30000,peer=0000:00:08.0")

	# 63 MiB and 3 MiB: nothing is a power of two, the second part misaligned
	reserve "$low+0x4200000"
	device "model=plain,slot=5,bar2=0"
	FUNCTIONS+=("name=dummy,bdf=0000:00:05.0,driver=dummy,aperture=$low+0x4200000/0x300000/$reserved,use=$low+0x3f00000,res=$(printf '0x%x' $((low + 0x3f00000)))+0x300000,type=$reserved,peer=0000:00:08.0$from")

	# Behind a port; the usable part is rounded, its BAR is all backed
	reserve "$high+0x5010000"
	device "model=plain,slot=6,port=dummyport,bar2=0"
	FUNCTIONS+=("name=dummy-port,bdf=0000:01:00.0,driver=dummy,port=dummyport,aperture=$high+0x5010000/0x1010000/$third/0x400000,use=$high+0x4000000,res=$(printf '0x%x' $((high + 0x4000000)))+0x1010000,type=$third,peer=0000:00:08.0,without=test_poison*")

	# Where a mapping may not be accessed as one likes, file I/O still may
	reserve "$uncached+0x2010000"
	device "model=plain,slot=9,bar2=0"
	FUNCTIONS+=("name=dummy-uc,bdf=0000:00:09.0,driver=dummy,aperture=$uncached+0x2010000/0x1010000/uc,use=$uncached+0x1000000,res=$(printf '0x%x' $((uncached + 0x1000000)))+0x1010000,type=uc,programs=test_info:test_config:test_rdwr:test_poison_io$from")

	# Three GiB: 1 GiB page-table entries where the architecture has them
	reserve "$large+0xc0210000"
	device "model=plain,slot=10,bar2=0"
	FUNCTIONS+=("name=dummy-large,bdf=0000:00:0a.0,driver=dummy,aperture=$large+0xc0210000,use=$large+0xc0210000,programs=test_granularity:test_huge:test_vma:test_attack:test_poison_maps:test_poison_kernel$from")

	device "model=gh200,slot=7,prop=none"
	FUNCTIONS+=("name=gh200-pass,bdf=0000:00:07.0,driver=nvgrace,pass")
	device "model=plain,slot=8,prop=none"
	FUNCTIONS+=("name=dummy-pass,bdf=0000:00:08.0,driver=dummy,pass")
}

# A GH200 alone, for which the kernel has a driver of its own; on arm64 of the real size
devices_bench() {
	local gh use res
	case $1 in
	amd64) gh=0x10000000+0x64000000 use=0x10000000+0x20000000 res=0x30000000+0x44000000 ;;
	arm64) gh=0x200000000+0x1848000000 use=0x200000000+0x1800000000 res=0x1a00000000+0x48000000 ;;
	esac
	reserve "$gh"
	device "model=gh200,slot=4,base=${gh%+*},size=${gh#*+}"
	FUNCTIONS+=("name=gh200,bdf=0000:00:04.0,driver=nvgrace,use=$use,res=$res,type=wc,ready=bar,limit=30000")
}

# The same in two halves: the dummy's that all programs run on, and the rest
devices_dummies() {
	devices_main "$1"
	mapfile -t FUNCTIONS < <(printf '%s\n' "${FUNCTIONS[@]}" | grep -E '^name=dummy(-port)?,')
}

devices_grace() {
	devices_main "$1"
	mapfile -t FUNCTIONS < <(printf '%s\n' "${FUNCTIONS[@]}" | grep -v -E '^name=dummy(-port)?,')
}

# GH200 alone behind a port that knows errors on the link. The kernel never resets
# the bus of this GPU (quirk_no_bus_reset), so there is no way back from some.
devices_port() {
	# The other vendor's machine checks say how much is bad
	RUN_ARGS+=(--cpu vendor=GenuineIntel)
	reserve 0x10000000+0x64000000
	device "model=gh200,slot=4,port=gpuport,base=0x10000000,size=0x64000000"
	FUNCTIONS+=("name=gh200-port,bdf=0000:01:00.0,driver=nvgrace,port=gpuport,use=0x10000000+0x20000000,res=0x30000000+0x44000000,type=wc,ready=bar,limit=30000,programs=test_info:test_aer:test_poison")
}

# One that does not come back from an error on the link, and has readiness; one that
# comes back. Both with a peer that does DMA.
devices_patched() {
	local low=0x180000000
	reserve 0x10000000+0x64000000
	device "model=gh200,slot=4,port=gpuport,base=0x10000000,size=0x64000000"
	FUNCTIONS+=("name=gh200-port,bdf=0000:01:00.0,driver=nvgrace,port=gpuport,use=0x10000000+0x20000000,res=0x30000000+0x44000000,type=wc,ready=bar,limit=30000,inject=debugfs,peer=0000:00:08.0")
	reserve "$low+0x4000000"
	device "model=plain,slot=6,port=dummyport,bar2=0"
	FUNCTIONS+=("name=dummy-port,bdf=0000:02:00.0,driver=dummy,port=dummyport,aperture=$low+0x4000000,use=$low+0x4000000,inject=debugfs,peer=0000:00:08.0")
	device "model=plain,slot=8,prop=none"
}

# All memory usable; behind a port; CXL readiness; other kinds of reset
devices_variants() {
	local base
	case $1 in
	amd64) base=$((0x20000000)) ;;
	arm64) base=$((0x200000000)) ;;
	esac
	variant gb200 4 0x0a110000 "gi=1:2:3" "ready=bar,limit=30000,domains=1:2:3,without=test_poison*"
	variant gb300 5 0x08210000 "port=gpuport" "port=gpuport,ready=bar,limit=30000,without=test_poison*" 0000:01:00.0
	variant gb200-cxl 6 0x06010000 "cxl" "ready=cxl,limit=2000,slow,without=test_poison*"
	# The less there is to reset by, the more paths there are in the kernel
	variant gb200-noflr 7 0x04010000 "no-flr" "noflr,ready=bar,limit=30000,programs=test_info:test_config:test_reset:test_ready:test_lifetime"
	variant gb200-noreset 8 0x04000000 "no-reset" "noflr,noreset,ready=bar,limit=30000,programs=test_info:test_config:test_rdwr:test_reset:test_ready"
	cxl_functions "$1" 2
	# Beside virtio-iommu QEMU dies when it cannot tell a server of memory
	[ "$1" != amd64 ] || vanishing
	bad_from_firmware 9
}

# vanishing: two that are gone when their test is over; behind the one before
vanishing() {
	local at
	at=$(printf '0x%x' $((base - 0x8000000)))
	reserve "$at+0x2000000"
	device "model=gb200,slot=3,base=$at,size=0x1000000"
	FUNCTIONS+=("name=gb200-gone,bdf=0000:00:03.0,driver=nvgrace,use=$at+0x1000000,ready=bar,limit=30000,gone,programs=test_gone")
	at=$(printf '0x%x' $((base - 0x7000000)))
	device "model=gb300,slot=10,base=$at,size=0x1000000,cxl"
	FUNCTIONS+=("name=gb300-cxl-gone,bdf=0000:00:0a.0,driver=nvgrace,use=$at+0x1000000,ready=cxl,limit=2000,gone,programs=test_gone")
}

# bad_from_firmware SLOT: firmware knows of bad memory. Neighbours; not whole
# pages; one byte; past the end; and some that is none of the function's.
bad_from_firmware() {
	local size=0x1000000 at pairs='' offset range ranges=0x3000+0x2000
	at=$(printf '0x%x' "$base")
	ranges+=:0x5800+0x1000:0x800000+1:0xff0000+0x30000
	for range in ${ranges//:/ } -0x20000+0x10000; do
		offset=${range%+*}
		pairs+=${pairs:+:}$(printf '0x%x' $((base + offset))):${range#*+}
	done
	reserve "$at+$size"
	device "model=plain,slot=$1,bar2=0,prop=coherent,base=$at,size=$size,dsd.coherent,bad-pages=$pairs"
	FUNCTIONS+=("name=dummy-bad,bdf=0000:00:0$1.0,driver=dummy,use=$at+$size,bad=$ranges,programs=test_poison_backend")
}

# variant NAME SLOT SIZE MODEL-OPTIONS EXPECTATIONS [BDF]: apertures one behind the other
variant() {
	local at
	at=$(printf '0x%x' "$base")
	reserve "$at+$3"
	device "model=${1%%-*},slot=$2,base=$at,size=$3${4:+,$4}"
	FUNCTIONS+=("name=$1,bdf=${6:-0000:00:0$2.0},driver=nvgrace,use=$at+$3,$5")
	base=$((base + 0x10000000))
}

# For programs that map all of a BAR: all of it is backed. One with and one without
# a real BAR beside the fake one, each of a backend of its own.
devices_foreign() {
	local gb=0x20000000 low=0x180000000
	reserve "$gb+0x8000000"
	device "model=gb200,slot=4,base=$gb,size=0x8000000"
	FUNCTIONS+=("name=gb200,bdf=0000:00:04.0,driver=nvgrace,use=$gb+0x8000000,ready=bar,limit=30000")
	reserve "$low+0x4000000"
	device "model=plain,slot=5,bar2=0"
	FUNCTIONS+=("name=dummy,bdf=0000:00:05.0,driver=dummy,aperture=$low+0x4000000,use=$low+0x4000000")
}

# One whose memory is mapped for the DMA of another. FUNCTIONS are here the arguments of
# quarantine.sh.
devices_quarantine() {
	local base=0x180000000
	[ "$1" = amd64 ] || base=0x200000000
	reserve "$base+0x1000000"
	device "model=plain,slot=4,bar2=0,prop=none"
	device "model=plain,slot=5,bar2=0,prop=none"
	FUNCTIONS=(0000:00:04.0 "$base+0x1000000" 0000:00:05.0)
}

# For a machine in the machine. The usable part of the first ends 15 MiB into a block of
# 16 MiB, as it may on hardware; the second has more than a page table of a guest holds.
devices_vm() {
	local gh=0x10000000 use=0x30000000 low=0x180000000
	[ "$1" = amd64 ] || gh=0x200000000 use=0x220000000 low=0x280000000
	RUN_ARGS+=(--nested)
	reserve "$low+0x4200000"
	device "model=plain,slot=5,bar2=0"
	FUNCTIONS+=("name=dummy,bdf=0000:00:05.0,driver=dummy,aperture=$low+0x4200000/0x300000/wc,use=$low+0x3f00000,res=$(printf '0x%x' $((low + 0x3f00000)))+0x300000,type=wc")
	reserve "$gh+0x64000000"
	device "model=gh200,slot=4,base=$gh,size=0x64000000"
	FUNCTIONS+=("name=gh200,bdf=0000:00:04.0,driver=nvgrace,use=$gh+0x20000000,res=$use+0x44000000,type=wc,ready=bar,limit=30000")
}

# Sizes of real ones, each beginning at a GiB and ending in a page: 1, 96 and 480 GiB. Behind
# an SMMUv3, for virtio's IOMMU has no page tables that would cost anything.
devices_scale() {
	local base=$((0x200000000)) bus=1 gib at length
	RUN_ARGS+=(--smmu)
	for gib in 1 96 480; do
		at=$(printf '0x%x' $base)
		length=$(printf '0x%x' $(((gib << 30) + 0x210000)))
		reserve "$at+$length"
		device "model=qemu:edu,slot=$((bus + 3)),port=port$bus"
		FUNCTIONS+=("name=edu-${gib}g,bdf=0000:0$bus:00.0,driver=dummy,nomodel,noflr,iommu=smmu3,aperture=$at+$length,use=$at+$length")
		base=$((base + ((gib + 1) << 30))) bus=$((bus + 1))
	done
}

# Behind an SMMUv3, where no device of ours can be: QEMU's own "edu", which has neither
# 64-bit BARs nor a reset of its own.
devices_smmu() {
	local low=0x280000000
	RUN_ARGS+=(--nested --smmu)
	reserve "$low+0x4200000"
	device "model=qemu:edu,slot=5,port=eduport"
	FUNCTIONS+=("name=edu,bdf=0000:01:00.0,driver=dummy,nomodel,noflr,port=eduport,iommu=smmu3,aperture=$low+0x4200000/0x300000/wc,use=$low+0x3f00000,res=$(printf '0x%x' $((low + 0x3f00000)))+0x300000,type=wc")
}

# For the command coherent-vfio: see tool.sh for what each is called
devices_tool() {
	local gpu=0x20000000 late=0x30000000 low=0x180000000
	[ "$1" = amd64 ] || gpu=0x200000000 late=0x210000000 low=0x280000000
	RUN_ARGS+=(--nested)
	reserve "$gpu+0x0a110000"
	device "model=gb200,slot=4,base=$gpu,size=0x0a110000,gi=1:2:3"
	FUNCTIONS+=("name=gpu,bdf=0000:00:04.0,driver=nvgrace,use=$gpu+0x0a110000,domains=1:2:3")
	reserve "$late+0x1000000"
	device "model=gb200,slot=5,base=$late,size=0x1000000,cxl"
	FUNCTIONS+=("name=late,bdf=0000:00:05.0,driver=nvgrace,use=$late+0x1000000")
	reserve "$low+0x4200000"
	device "model=plain,slot=6,port=dummyport,bar2=0"
	FUNCTIONS+=("name=port,bdf=0000:01:00.0,driver=dummy,port=dummyport,aperture=$low+0x4200000/0x300000/wc,use=$low+0x3f00000,res=$(printf '0x%x' $((low + 0x3f00000)))+0x300000")
	device "model=plain,slot=8,bar2=0,prop=none"
	FUNCTIONS+=("name=pass,bdf=0000:00:08.0,driver=dummy,pass")
}

# Functions that are software alone; with no IOMMU, or beside one. FUNCTIONS are here the
# arguments of soft.sh, see there.
devices_soft() {
	local ram=0x2000000 good=0x200000000 all few own
	[ "$1" = amd64 ] || ram=0x48000000
	reserve "$good+0x70000000"
	all="test_info test_cdev test_config test_rdwr test_buffers test_mmap test_granularity test_huge"
	all+=" test_vma test_reset test_ready test_lifetime test_scrub test_attack test_poison test_poison_maps"
	all+=" test_poison_kernel test_poison_io test_poison_life test_poison_list"
	few=programs=test_info:test_cdev:test_config:test_mmap:test_reset
	# Whose memory it is, memory_failure() decides: errors come by debugfs
	own=driver=dummy,nomodel,inject=debugfs,scrub=open
	FUNCTIONS=("$ram" "$good"
		"soft=2 soft_size=33M|$all|name=soft,bdf=10000:00:00.0,$own,use=iomem+0x2100000|name=soft-second,bdf=10001:00:00.0,$own,use=iomem+0x2100000,$few"
		"soft=2 soft_aperture=$good+0x8420000/0x300000/wc|$all|name=soft-range,bdf=10000:00:00.0,driver=dummy,nomodel,inject=debugfs,use=$good+0x3f10000,res=0x203f10000+0x300000,type=wc|name=soft-range-second,bdf=10001:00:00.0,driver=dummy,nomodel,use=0x204210000+0x3f10000,res=0x208120000+0x300000,type=wc,$few"
		"soft=1 soft_identity=gh200 soft_aperture=$good+0x64100000|$all|name=soft-gh200,bdf=10000:00:00.0,driver=nvgrace,nomodel,inject=debugfs,use=$good+0x20000000,res=0x220000000+0x44000000,type=wc,ready=bar,limit=30000,programs=test_info:test_cdev:test_config:test_rdwr:test_mmap:test_reset:test_ready:test_lifetime:test_poison_life"
		"soft=1 soft_identity=gb300 soft_aperture=$good+0x8300000|$all|name=soft-gb300,bdf=10000:00:00.0,driver=nvgrace,nomodel,use=$good+0x8200000,ready=bar,limit=30000,$few"
		"soft=1 soft_identity=gb200-cxl soft_aperture=$good+0x8300000|$all|name=soft-gb200-cxl,bdf=10000:00:00.0,driver=nvgrace,nomodel,use=$good+0x8200000,ready=cxl,limit=2000,$few")
}

# Memory of a socket with two GPUs. FUNCTIONS are here the arguments of egm.sh. On amd64
# there is nothing of the kind; but what firmware says is the same.
devices_egm() {
	local base=0x20000000 size=0x4000000 end table properties slot
	# On arm64 it is a guest's memory, too
	[ "$1" = amd64 ] || base=0x200000000 size=0x24000000
	[ "$1" = amd64 ] || RUN_ARGS+=(--nested)
	end=$(printf '0x%x' $((base + size + 0x4000000)))
	table=$end
	reserve "$base+$(printf '0x%x' $((size + 0x5000000)))"
	properties="prop=none,dsd.nvidia,egm-pxm=4,dsd.nvidia,egm-base-pa=$base,dsd.nvidia,egm-size=$size"
	for slot in 4 5; do
		device "model=gb200,slot=$slot,$properties${table:+,dsd.nvidia,egm-retired-pages-data-base=$table}"
		table=''
	done
	# The second has no table, the third no size, and the fourth another size
	device "model=gb200,slot=6,prop=none,dsd.nvidia,egm-pxm=4,dsd.nvidia,egm-base-pa=$base"
	device "model=gb200,slot=8,prop=none,dsd.nvidia,egm-pxm=4,dsd.nvidia,egm-base-pa=$base,dsd.nvidia,egm-size=0x10000"
	device "model=plain,slot=7,bar2=0,prop=none"
	FUNCTIONS=("$base" "$size" "$end" 0000:00:04.0 0000:00:05.0 0000:00:07.0)
}

# One that the kernel has a driver of its own for
devices_binds() {
	reserve 0x10000000+0x64000000
	device "model=gh200,slot=4,base=0x10000000,size=0x64000000"
	FUNCTIONS=(0000:00:04.0)
}
