# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The machine: how much memory, where the reserved ranges lie in it, its devices,
# and QEMU's command line. Sourced by run.

GIB=$((1 << 30))
ARM64_RAM=$GIB			# where the virt machine's memory begins
X86_LOW=$((2 * GIB))		# end of q35's memory below 4 GiB, if it has more
X86_HIGH=$((4 * GIB))		# where the rest goes on

# bytes TEXT: a number with an optional K, M, G or T as a plain number.
bytes() {
	case $1 in
	*[!0-9a-fA-FxKMGTkmgt]* | '') die "'$1' is not a size or an address" ;;
	*[Kk]) echo $((${1%?} << 10)) ;;
	*[Mm]) echo $((${1%?} << 20)) ;;
	*[Gg]) echo $((${1%?} << 30)) ;;
	*[Tt]) echo $((${1%?} << 40)) ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# parse_reserve BASE+SIZE: adds FIRST-LAST (inclusive, hex) to RESERVED.
parse_reserve() {
	local base size
	[[ $1 == *?+?* ]] || die "--reserve $1: it is BASE+SIZE"
	base=$(bytes "${1%+*}")
	size=$(bytes "${1#*+}")
	base=$((base)) size=$((size))
	if [ "$base" -le 0 ] || [ "$size" -le 0 ] || [ $(((base | size) & 0xfff)) != 0 ]; then
		die "--reserve $1: base and size must be positive multiples of 4 KiB"
	fi
	RESERVED+=("$(printf '0x%x-0x%x' "$base" $((base + size - 1)))")
}

# plan_memory ARCH MEM: sets RAM (bytes that QEMU gives) and MEMORY_ARGS (what
# the kernel is told), from RESERVED and the caller's wish, if any. QEMU takes
# memory from this machine only as the guest touches it.
plan_memory() {
	local arch=$1 range first last end=0 lowest=0 least
	for range in "${RESERVED[@]}"; do
		first=$((${range%-*})) last=$((${range#*-}))
		[ "$last" -lt "$end" ] || end=$((last + 1))
		if [ $lowest = 0 ] || [ $first -lt $lowest ]; then
			lowest=$first
		fi
	done
	RAM=$((4 * GIB))
	case $arch in
	amd64)
		[ $end -le $X86_HIGH ] || RAM=$((end - X86_HIGH + X86_LOW))
		least=$RAM
		;;
	arm64)
		# A GiB above all of it, where UEFI puts the kernel and the initrd.
		[ $((end + GIB)) -le $((RAM + ARM64_RAM)) ] ||
			RAM=$((end + GIB - ARM64_RAM))
		least=$RAM
		;;
	esac
	RAM=$(((RAM + GIB - 1) / GIB * GIB))
	if [ -n "$2" ]; then
		RAM=$(($(bytes "$2")))
		[ $end = 0 ] || [ $RAM -ge "$least" ] ||
			die "--mem $2 is too little for the reserved ranges; leave it out, or give $((least >> 20))M or more"
	fi
	[ $RAM -ge $((GIB / 4)) ] || die "--mem: a guest needs 256M or more"

	MEMORY_ARGS=
	case $arch in
	amd64)
		for range in "${RESERVED[@]}"; do
			first=$((${range%-*})) last=$((${range#*-}))
			# The firmware's ACPI tables are in the last MiB of low memory.
			if [ $first -lt $X86_HIGH ] && [ $last -ge $((X86_LOW - (1 << 20))) ]; then
				die "reserved range $range: x86 guests have memory up to 0x7fefffff and from 0x100000000"
			fi
			MEMORY_ARGS+=" memmap=$((last + 1 - first))\$$first"
		done
		;;
	arm64)
		[ $lowest = 0 ] || [ $lowest -ge $((ARM64_RAM + GIB / 2)) ] ||
			die "reserved ranges on arm64 must be at 0x60000000 or above"
		[ $lowest = 0 ] || MEMORY_ARGS=" mem=$((lowest - ARM64_RAM))"
		;;
	esac
}

# read_devices ARCH SPEC...: sets DEVICE_QEMU to arguments for QEMU, DEVICE_MODELS
# to the options of each device model, DEVICE_DOMAINS to the proximity domains that
# devices are in, and DEVICE_TABLE to the source of the ACPI table, if there is one: see
# device.py.
read_devices() {
	local words=() word
	DEVICE_QEMU=() DEVICE_MODELS=() DEVICE_DOMAINS=() DEVICE_TABLE=
	[ $# -gt 1 ] || return 0
	mapfile -d '' -t words < <(in_root python3 /repo/scripts/lab/device.py "$@")
	# It has said what is wrong
	wait "$!" || exit "$LAB_DIE_STATUS"
	# shellcheck disable=SC2034 # for run
	for word in "${words[@]}"; do
		case $word in
		qemu=*) DEVICE_QEMU+=("${word#*=}") ;;
		domain=*) DEVICE_DOMAINS+=("${word#*=}") ;;
		model=*) DEVICE_MODELS+=("${word#*=}") ;;
		table=*) DEVICE_TABLE=${word#*=} ;;
		esac
	done
}

# qemu_command ARCH: sets QEMU to the whole command, with paths as seen inside.
qemu_command() {
	local arch=$1 append khz smmu domain table memory=,memory-backend=ram
	# A machine of domains names its memory's
	[ ${#DEVICE_DOMAINS[@]} = 0 ] || memory=
	append="nokaslr panic=-1 oops=panic ignore_loglevel printk.devkmsg=on"
	append+=" log_buf_len=4M mitigations=off sysrq_always_enabled rdinit=/init$MEMORY_ARGS"
	case $arch in
	amd64)
		[ "$WITH_IOMMU" != smmuv3 ] || die "--smmu: x86 machines have none"
		QEMU=(qemu-system-x86_64 -machine "q35$memory" -cpu "max${CPU:+,$CPU}")
		[ -z "$WITH_IOMMU" ] ||
			QEMU+=(-device "intel-iommu,intremap=on,caching-mode=on,aw-bits=48")
		append+=" console=ttyS0 earlycon=uart8250,io,0x3f8 intel_iommu=on"
		# At boot the kernel counts timer ticks against the CPU's speed, and
		# panics when a busy host lets too few through.
		append+=" no_timer_check"
		# From time to time it compares the CPUs' clocks, and may wait for the other
		# CPU forever: Documentation/kernel-bugs/clocksource-wait.md.
		append+=" tsc=nowatchdog"
		# It also measures that speed, and where a busy host stops it meanwhile
		# its clock is wrong by any factor from then on.
		# shellcheck disable=SC2016 # expanded inside
		khz=$(in_root bash -c 'gcc -O2 -o "$1/tsc" /repo/scripts/lab/tsc.c && "$1/tsc"' tsc "$RUN_INSIDE") ||
			die "cannot measure the CPU's time stamp counter"
		[ -z "$ICOUNT" ] || khz=1000000
		[ -z "$khz" ] || append+=" tsc_early_khz=$khz"
		for table in ssdt cedt; do
			[ ! -e "$RUN_DIR/$table.aml" ] || QEMU+=(-acpitable "file=$table.aml")
		done
		;;
	arm64)
		smmu=${WITH_IOMMU#1}
		# pauth-impdef: the architected algorithm is slow to emulate.
		: "${CPU_MODEL:=max,pauth-impdef=on}"
		QEMU=(qemu-system-aarch64
			-machine "virt$memory,gic-version=3,virtualization=on,ras=on${WITH_MTE:+,mte=on}${smmu:+,iommu=$smmu}"
			-cpu "$CPU_MODEL${CPU:+,$CPU}"
			-bios /usr/share/qemu-efi-aarch64/QEMU_EFI.fd)
		[ "$WITH_IOMMU" != 1 ] || QEMU+=(-device "virtio-iommu-pci,addr=0x1c")
		append+=" console=ttyAMA0 earlycon"
		;;
	esac
	[ -z "$ICOUNT" ] || QEMU+=(-icount shift=0) SMP=1
	QEMU+=(-accel tcg -smp "$SMP" -m "$((RAM >> 20))M"
		-object "memory-backend-ram,id=ram,size=$((RAM >> 20))M,reserve=off"
		-nodefaults -no-user-config -display none -no-reboot
		-chardev file,id=console,path=console.log,input-path=console.keys
		-serial chardev:console
		-device virtio-serial-pci,addr=0x1d
		-chardev socket,id=output,path=output.sock
		-device virtserialport,chardev=output,name=lab.out
		# QEMU's monitor, for guest programs, by way of vm.py.
		-chardev socket,id=qmp,path=qmp.sock,server=on,wait=off
		-mon chardev=qmp,mode=control
		-chardev socket,id=monitor,path=monitor.sock
		-device virtserialport,chardev=monitor,name=coherent.qmp
		-kernel "/lab/kernels/$KERNEL/vmlinuz" -initrd initrd
		-append "$append${APPEND:+ $APPEND}" "${DEVICE_QEMU[@]}")
	[ ${#DEVICE_DOMAINS[@]} = 0 ] ||
		QEMU+=(-numa "node,nodeid=0,memdev=ram,cpus=0-$((SMP - 1))")
	for domain in "${DEVICE_DOMAINS[@]}"; do
		QEMU+=(-numa "node,nodeid=$domain")
	done
	[ -z "$TERMINAL" ] ||
		QEMU+=(-chardev "socket,id=tty,path=tty.sock" -device "virtconsole,chardev=tty")
}
