# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio qemu-args: what QEMU is to be given for functions, beside what every
# guest needs. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio qemu-args [OPTION...] FUNCTION...
		  --words, --json      one word a line, or a JSON array; without: for a shell
	END
	machine_usage
	cat <<-'END'
		They go behind -machine and -accel; the guest's memory, disks and firmware are yours.
	END
}

# option NAME VALUE: two words
option() {
	case $FORMAT in
	words) printf '%s\n%s\n' "$1" "$2" ;;
	json)
		printf '%s%s,%s' "$COMMA" "$(json_string "$1")" "$(json_string "$2")"
		COMMA=,
		;;
	# A line each, joined by the one before
	text)
		printf '%s%s %s' "$COMMA" "$1" "$2"
		COMMA=' \
'
		;;
	esac
}

# Functions behind one SMMU of the host are behind one of the guest
qemu_smmus() {
	number=0
	for _ in $(smmus); do
		number=$((number + 1))
		option -device "pxb-pcie,id=smmu$number-bus,bus=pcie.0,bus_nr=$(smmu_bus_number $number)"
		option -device "arm-smmuv3,id=smmu$number,primary-bus=smmu$number-bus,accel=on"
	done
}

qemu_window() {
	window_is_enough && return
	case $ARCH in
	aarch64) option -machine "highmem-mmio-size=$(qemu_size "$WINDOW")" ;;
	*)
		option -global "q35-pcihost.pci-hole64-size=$(qemu_size "$WINDOW")"
		# UEFI decides by itself, and looks here
		option -fw_cfg "name=opt/ovmf/X-PciMmio64Mb,string=$((WINDOW / 1048576))"
		;;
	esac
}

# qemu_function NUMBER FUNCTION
qemu_function() {
	bus=pcie.0
	[ "$SMMU" = no ] || bus=smmu$(smmu_number "$2")-bus
	reserve=$(qemu_size "$(port_window "$(window_of "$2")")")
	option -device "pcie-root-port,id=gpu$1-port,bus=$bus,chassis=$((100 + $1)),pref64-reserve=$reserve"
	option -device "vfio-pci,host=$2,id=gpu$1,bus=gpu$1-port,rombar=0$([ "$IOMMUFD" = no ] || echo ,iommufd=iommufd0)"
}

# The guest's driver makes nodes of the memory: as many as there are on the host, linked
# to the function. Where there are nodes all of the guest's memory belongs to one.
qemu_nodes() {
	[ "$NODES" != 0 ] || return 0
	if [ -n "$MEMORY" ]; then
		option -object "memory-backend-ram,id=guest-memory,size=$((MEMORY / 1048576))M"
		option -numa "node,nodeid=0,memdev=guest-memory,cpus=0-$((CPUS - 1))"
	fi
	initiators option gpu
}

qemu_memory() {
	[ -n "$MEMORY" ] || return 0
	option -m "$((MEMORY / 1048576))M"
	option -smp "$CPUS"
}

qemu_args() {
	qemu_memory
	qemu_window
	[ "$IOMMUFD" = no ] || option -object iommufd,id=iommufd0
	[ "$SMMU" = no ] || qemu_smmus
	number=0
	for one in $FUNCTIONS; do
		qemu_function $number "$one"
		number=$((number + 1))
	done
	qemu_nodes
}

FORMAT=text COMMA=
while [ $# -gt 0 ]; do
	case $1 in
	--words) FORMAT=words ;;
	--json) FORMAT=json ;;
	-h | --help)
		command_usage
		exit 0
		;;
	-*)
		machine_option "$@" || wrong_usage "there is no option '$1'"
		[ "$TAKEN" = 1 ] || shift
		;;
	*) break ;;
	esac
	shift
done
machine_plan "$@"
[ "$NODES" = 0 ] || [ -n "$MEMORY" ] ||
	note "the guest has NUMA nodes then: give all of its memory to node 0 yourself, or give --memory and --cpus"
case $FORMAT in
json) printf '[' && qemu_args && printf ']\n' ;;
text) qemu_args && echo ;;
words) qemu_args ;;
esac
