# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio libvirt-xml: a domain with the functions, to which disks and firmware are
# to be added; what libvirt has no word for goes to QEMU as it is. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio libvirt-xml [OPTION...] FUNCTION...
		  --name NAME          of the domain
	END
	machine_usage
}

# Attributes that a PCI address has in XML; buses and slots of our own are the guest's
host_address() (
	domain=${1%%:*}
	rest=${1#*:}
	bus=${rest%%:*}
	slot=${rest#*:}
	printf 'domain="0x%s" bus="0x%s" slot="0x%s" function="0x%s"' "$domain" "$bus" "${slot%.*}" "${slot#*.}"
)

# element INDENT TEXT
element() {
	printf '%*s%s\n' "$1" '' "$2"
}

# Controllers are numbered: root, then one bus for each SMMU, then a port for each function
bus_of() {
	[ "$SMMU" = yes ] && smmu_number "$1" && return
	echo 0
}

xml_smmus() {
	number=0
	for _ in $(smmus); do
		number=$((number + 1))
		element 4 "<controller type=\"pci\" index=\"$number\" model=\"pcie-expander-bus\">"
		element 6 "<target busNr=\"$(smmu_bus_number $number)\"/>"
		element 4 "</controller>"
		element 4 "<iommu model=\"smmuv3\">"
		element 6 "<driver pciBus=\"$number\" accel=\"on\"/>"
		element 4 "</iommu>"
	done
}

# xml_function NUMBER FUNCTION PORT: its port, and itself behind that
xml_function() {
	bus=$(printf '0x%02x' "$(bus_of "$2")")
	element 4 "<controller type=\"pci\" index=\"$3\" model=\"pcie-root-port\">"
	element 6 "<target chassis=\"$((100 + $1))\" port=\"$((16 + $1))\"/>"
	# What is on the root bus is placed by libvirt
	[ "$SMMU" = no ] ||
		element 6 "<address type=\"pci\" domain=\"0x0000\" bus=\"$bus\" slot=\"$(printf '0x%02x' "$1")\" function=\"0x0\"/>"
	element 4 "</controller>"
	element 4 "<hostdev mode=\"subsystem\" type=\"pci\" managed=\"no\">"
	element 6 "<source>"
	element 8 "<address $(host_address "$2")/>"
	element 6 "</source>"
	element 6 "<alias name=\"ua-gpu$1\"/>"
	element 6 "<rom bar=\"off\"/>"
	element 6 "<address type=\"pci\" domain=\"0x0000\" bus=\"$(printf '0x%02x' "$3")\" slot=\"0x00\" function=\"0x0\"/>"
	element 4 "</hostdev>"
}

# arg WORD...: for QEMU itself
arg() {
	for word; do
		element 4 "<qemu:arg value=\"$word\"/>"
	done
}

xml_args() {
	if ! window_is_enough; then
		case $ARCH in
		aarch64) arg -machine "highmem-mmio-size=$(qemu_size "$WINDOW")" ;;
		*)
			arg -global "q35-pcihost.pci-hole64-size=$(qemu_size "$WINDOW")"
			arg -fw_cfg "name=opt/ovmf/X-PciMmio64Mb,string=$((WINDOW / 1048576))"
			;;
		esac
	fi
	initiators arg ua-gpu
}

# A port reserves what is plugged in later as well
xml_overrides() {
	element 2 "<qemu:override>"
	port=$1
	for one in $FUNCTIONS; do
		element 4 "<qemu:device alias=\"pci.$port\">"
		element 6 "<qemu:frontend>"
		element 8 "<qemu:property name=\"pref64-reserve\" type=\"unsigned\" value=\"$(port_window "$(window_of "$one")")\"/>"
		element 6 "</qemu:frontend>"
		element 4 "</qemu:device>"
		port=$((port + 1))
	done
	element 2 "</qemu:override>"
}

xml_head() {
	kind=q35
	[ "$ARCH" != aarch64 ] || kind=virt
	echo '<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">'
	element 2 "<name>$NAME</name>"
	element 2 "<memory unit=\"KiB\">$((MEMORY / 1024))</memory>"
	element 2 "<vcpu>$CPUS</vcpu>"
	[ "$IOMMUFD" = no ] || element 2 '<iommufd enabled="yes"/>'
	element 2 "<os firmware=\"efi\">"
	element 4 "<type arch=\"$ARCH\" machine=\"$kind\">hvm</type>"
	element 2 "</os>"
	element 2 "<features>"
	element 4 "<acpi/>"
	# A memory error in the guest ends who touches it, and not the guest
	[ $kind != virt ] || element 4 '<gic version="3"/>'
	[ $kind != virt ] || element 4 '<ras state="on"/>'
	element 2 "</features>"
	element 2 '<cpu mode="host-passthrough">'
	[ $kind = virt ] || element 4 '<maxphysaddr mode="passthrough"/>'
	if [ "$NODES" != 0 ]; then
		element 4 "<numa>"
		element 6 "<cell id=\"0\" cpus=\"0-$((CPUS - 1))\" memory=\"$((MEMORY / 1024))\" unit=\"KiB\"/>"
		element 4 "</numa>"
	fi
	element 2 "</cpu>"
}

libvirt_xml() {
	xml_head
	element 2 "<devices>"
	element 4 '<controller type="pci" index="0" model="pcie-root"/>'
	first_port=1
	if [ "$SMMU" = yes ]; then
		xml_smmus
		first_port=$((number + 1))
	fi
	number=0
	for one in $FUNCTIONS; do
		xml_function $number "$one" $((first_port + number))
		number=$((number + 1))
	done
	element 2 "</devices>"
	if ! window_is_enough || [ "$NODES" != 0 ]; then
		element 2 "<qemu:commandline>"
		xml_args
		element 2 "</qemu:commandline>"
	fi
	xml_overrides $first_port
	echo "</domain>"
}

NAME=coherent
while [ $# -gt 0 ]; do
	case $1 in
	--name)
		[ $# -gt 1 ] || wrong_usage "--name needs a value"
		NAME=$2
		shift
		;;
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
case $NAME in
'' | *[!A-Za-z0-9._-]*) wrong_usage "--name $NAME: letters, digits, '.', '_' and '-'" ;;
esac
[ -n "$MEMORY" ] || MEMORY=$((4 * GIB))
machine_plan "$@"
libvirt_xml
