# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio bind: give a function to its driver of coherent-vfio, or to another one
# of VFIO's. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio bind [OPTION...] FUNCTION
		  --driver NAME  not the driver that is meant for it, but this one
		  --this-boot    not again after the next boot
		  --force        although somebody has it open
		Where driverctl(8) is installed it makes the binding last.
	END
}

# needs_iommu: VFIO has no use for a function that is behind no IOMMU
needs_iommu() {
	[ -e "$DEV/iommu_group" ] ||
		die "$FUNCTION is behind no IOMMU, and VFIO gives it to nobody: coherent-vfio doctor says how to turn it on"
}

# warn_of_neighbours: functions of the same group that somebody else drives
warn_of_neighbours() {
	for path in "$DEV"/iommu_group/devices/*; do
		neighbour=${path##*/}
		[ "$neighbour" != "$FUNCTION" ] || continue
		holder=$(driver_of "$neighbour") || continue
		case $holder in
		*vfio* | pci-stub | pcieport) ;;
		*) note "$neighbour is in the same IOMMU group, and its driver is $holder: VFIO refuses to open $FUNCTION while that is so" ;;
		esac
	done
}

# say_why_not BEFORE: what the log has since then, and what to do about it
say_why_not() {
	note "$FUNCTION was not bound to $DRIVER"
	messages_since "$FUNCTION" "$1" | tail -n 4 | while IFS= read -r text; do
		printf '    kernel: %s\n' "$text" >&2
		advice=$(advice_for "$text")
		[ -z "$advice" ] || printf '    do:     %s\n' "$advice" >&2
	done
	if holder=$(driver_of "$FUNCTION"); then
		note "its driver is $holder"
	else
		note "it has no driver now; coherent-vfio unbind $FUNCTION gives it back"
	fi
	exit 1
}

# bind_for_now: until the next boot
bind_for_now() {
	if [ -e "$DEV/driver" ]; then
		write_file "$DEV/driver/unbind" "$FUNCTION" ||
			die "$(driver_of "$FUNCTION") does not give $FUNCTION away; see dmesg"
	fi
	write_file "$DEV/driver_override" "$DRIVER" ||
		die "the kernel takes no driver_override for $FUNCTION"
	write_file "$PROBE" "$FUNCTION" || :
	[ "$(driver_of "$FUNCTION")" = "$DRIVER" ]
}

# bind_for_good: driverctl does the same, writes it down, and does it at boot
bind_for_good() {
	driverctl set-override "$FUNCTION" "$DRIVER" || :
	[ "$(driver_of "$FUNCTION")" = "$DRIVER" ]
}

bind_function() {
	before=$(messages_of "$FUNCTION" | wc -l)
	if [ -n "$LASTS" ]; then
		bind_for_good || say_why_not "$before"
	else
		bind_for_now || say_why_not "$before"
	fi
	# What it warns of is of interest as well
	messages_since "$FUNCTION" "$before" | grep -v ': vfio_pci: ' | sed 's/^/    kernel: /' >&2
}

# make_it_last: a binding that is there already. driverctl would take it away first, also
# from somebody who has it open.
make_it_last() {
	kept=/etc/driverctl.d/pci-$FUNCTION
	[ "$(read_file "$kept")" != "$DRIVER" ] || return 0
	{ mkdir -p /etc/driverctl.d && write_file "$kept" "$DRIVER"; } || die "cannot write $kept"
}

say_result() {
	if [ "$FORMAT" = json ]; then
		printf '{"function":%s,"driver":%s,"changed":%s,"lasts":%s}\n' "$(json_string "$FUNCTION")" \
			"$(json_string "$DRIVER")" "$1" "${LASTS:-false}"
	elif [ "$1" = false ]; then
		echo "$FUNCTION is bound to $DRIVER already"
	else
		echo "$FUNCTION is bound to $DRIVER"
		[ -n "$LASTS$THIS_BOOT" ] ||
			note "until the next boot: install driverctl to have it bound by itself"
	fi
}

FORMAT=text DRIVER='' FORCE='' THIS_BOOT='' LASTS=''
while [ $# -gt 0 ]; do
	case $1 in
	--json) FORMAT=json ;;
	--force) FORCE=1 ;;
	--this-boot) THIS_BOOT=1 ;;
	--driver)
		[ $# -gt 1 ] || wrong_usage "--driver needs a name"
		DRIVER=$2
		shift
		;;
	-h | --help)
		command_usage
		exit 0
		;;
	-*) wrong_usage "there is no option '$1'" ;;
	*) break ;;
	esac
	shift
done
[ $# = 1 ] || wrong_usage "it takes one FUNCTION"
need_root
need_function "$1"
if [ -z "$DRIVER" ]; then
	modules_are_there || die "coherent-vfio's modules are not installed for this kernel, $(uname -r)"
	DRIVER=$(driver_for "$FUNCTION") ||
		die "no driver of coherent-vfio is for $FUNCTION ($(read_file "$DEV/vendor"), $(read_file "$DEV/device")); to take one all the same: --driver NAME"
fi
DRIVER=$(load_driver "$DRIVER") || exit
[ -n "$THIS_BOOT" ] || ! has driverctl || LASTS=true
if [ "$(driver_of "$FUNCTION")" = "$DRIVER" ]; then
	[ -z "$LASTS" ] || make_it_last
	say_result false
	exit 0
fi
needs_iommu
[ -n "$FORCE" ] || free_or_die "$FUNCTION"
bind_function
warn_of_neighbours
say_result true
