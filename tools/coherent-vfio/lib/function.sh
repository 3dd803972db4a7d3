# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A PCI function as sysfs has it; Documentation/ABI/testing/ says what is in its
# directory "coherent". Sourced.

DEVICES=/sys/bus/pci/devices
DRIVERS=/sys/bus/pci/drivers
# shellcheck disable=SC2034 # for the commands
PROBE=/sys/bus/pci/drivers_probe
# shellcheck disable=SC2034 # for the commands
HOST=/sys/kernel/coherent_vfio
CORE=/sys/module/coherent_vfio_pci_core

# function_address TEXT: as the kernel writes it; 01:00.0 is in domain 0000. Fails if
# it is no address of a function that there is.
function_address() {
	address=$(printf '%s' "$1" | tr A-F a-f)
	case $address in
	*:*:*.*) ;;
	*:*.*) address=0000:$address ;;
	*) return 1 ;;
	esac
	case $address in
	*/*) return 1 ;;
	esac
	[ -e "$DEVICES/$address" ] || return 1
	printf '%s\n' "$address"
}

# need_function TEXT: sets FUNCTION and DEV, its directory; or dies
need_function() {
	FUNCTION=$(function_address "$1") ||
		die "there is no PCI function '$1'; coherent-vfio list shows those that matter"
	DEV=$DEVICES/$FUNCTION
}

# need_memory TEXT: the same for one that has coherent memory and is bound
need_memory() {
	need_function "$1"
	[ -d "$DEV/coherent" ] ||
		die "$FUNCTION shows no coherent memory: $(why_no_memory)"
}

# why_no_memory: of DEV
why_no_memory() {
	driver=$(driver_of "$FUNCTION") || driver=
	case $driver in
	'') echo "it has no driver (coherent-vfio bind $FUNCTION)" ;;
	*)
		if driver_is_ours "$driver"; then
			echo "firmware describes none, so all of it is passed through as by vfio-pci"
		else
			echo "its driver is $driver (coherent-vfio bind $FUNCTION)"
		fi
		;;
	esac
}

# driver_of FUNCTION: the name of its driver, or nothing and failure
driver_of() {
	link_name "$DEVICES/$1/driver"
}

# driver_is_ours DRIVER: is it a driver of coherent-vfio?
driver_is_ours() {
	module=$(link_name "$DRIVERS/$1/module") || return 1
	[ -e "$CORE/holders/$module" ]
}

# state_of FUNCTION: one word
state_of() {
	if read_file "$DEVICES/$1/coherent/state"; then
		return
	fi
	state_driver=$(driver_of "$1") || {
		echo unbound
		return
	}
	if driver_is_ours "$state_driver"; then
		echo passed-through
	else
		echo other-driver
	fi
}

# functions_with_memory: bound ones
functions_with_memory() {
	for path in "$DEVICES"/*/coherent; do
		[ -d "$path" ] || continue
		path=${path%/coherent}
		printf '%s\n' "${path##*/}"
	done
}

# functions_all: bound ones, those of our drivers that have no coherent memory, and
# those that one of our drivers would take
functions_all() {
	aliases=$(our_aliases)
	for path in "$DEVICES"/*; do
		if [ -d "$path/coherent" ]; then
			printf '%s\n' "${path##*/}"
			continue
		fi
		driver=$(link_name "$path/driver") || driver=
		if [ -n "$driver" ] && driver_is_ours "$driver"; then
			printf '%s\n' "${path##*/}"
			continue
		fi
		[ -n "$aliases" ] || continue
		IFS= read -r modalias <"$path/modalias" || continue
		if alias_matches "vfio_$modalias" "$aliases" >/dev/null; then
			printf '%s\n' "${path##*/}"
		fi
	done
}

# regions_of FUNCTION: the numbers of its regions
regions_of() {
	for path in "$DEVICES/$1"/coherent/region*_length; do
		[ -e "$path" ] || continue
		path=${path##*/region}
		printf '%s\n' "${path%_length}"
	done
}

# group_of FUNCTION: the number of its IOMMU group
group_of() {
	link_name "$DEVICES/$1/iommu_group"
}

# functions_given TEXT...: the addresses, or those of functions_all if there are none
functions_given() {
	if [ $# = 0 ]; then
		functions_all
		return
	fi
	for text; do
		function_address "$text" ||
			die "there is no PCI function '$text'; coherent-vfio list shows those that matter"
	done
}
