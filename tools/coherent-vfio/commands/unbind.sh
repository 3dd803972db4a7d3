# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio unbind: take a function from its VFIO driver and give it back to the
# driver that it has by itself, if there is one. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio unbind [--json] [--force] FUNCTION
		  --force   although somebody has it open: ask for it, and wait until it is given
	END
}

unbind_function() {
	if [ -e "$DEV/driver" ]; then
		write_file "$DEV/driver/unbind" "$FUNCTION" ||
			die "$(driver_of "$FUNCTION") does not give $FUNCTION away; see dmesg"
	fi
	# An empty line is none
	write_file "$DEV/driver_override" '' ||
		die "the kernel takes no driver_override for $FUNCTION"
	rm -f "/etc/driverctl.d/pci-$FUNCTION" ||
		note "/etc/driverctl.d/pci-$FUNCTION binds it again at the next boot"
	write_file "$PROBE" "$FUNCTION" || :
}

FORMAT=text FORCE=''
while [ $# -gt 0 ]; do
	case $1 in
	--json) FORMAT=json ;;
	--force) FORCE=1 ;;
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
before=$(driver_of "$FUNCTION") || before=
case $before in
'') ;;
*vfio*) ;;
*) die "$FUNCTION belongs to $before, which is no driver of VFIO's; nothing was done" ;;
esac
[ -n "$FORCE" ] || free_or_die "$FUNCTION"
unbind_function
after=$(driver_of "$FUNCTION") || after=
if [ "$FORMAT" = json ]; then
	printf '{"function":%s,"before":%s,"driver":%s}\n' "$(json_string "$FUNCTION")" \
		"$(json_or_null "$before")" "$(json_or_null "$after")"
elif [ -n "$after" ]; then
	echo "$FUNCTION is bound to $after"
else
	echo "$FUNCTION has no driver"
fi
