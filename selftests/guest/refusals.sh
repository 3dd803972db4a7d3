#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# refusals.sh STEP...: each way in which probe refuses a function, with the one
# message that says why. A STEP is
#   WHAT|NAME|BDF|nvgrace or dummy|APERTURE|MESSAGE
# bind      bind the function; MESSAGE must be said, or, if empty, it must work
# warned    bind the function; it must work, and MESSAGE be its one warning
# never     the same, while the device model is never ready
# later     the same, while it becomes ready after a while
# lockdown  the same with the kernel locked down; the last step, for good
# With APERTURE the dummy's module is loaded anew with this aperture=BDF@...
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

[ $# -gt 0 ] || {
	echo "usage: refusals.sh STEP..." >&2
	exit 2
}

# messages_since LINES LEVEL BDF: messages about the function, of its driver and
# not of the driver core, which has its own about every probe that failed
messages_since() {
	dmesg -r | tail -n "+$(($1 + 1))" | grep "^<$2>" | grep -F "$3" |
		grep -v 'probe with driver'
}

errors_since() {
	messages_since "$1" 3 "$2"
}

lines() {
	dmesg -r | wc -l
}

# expect NAME BDF DRIVER MESSAGE LINES-BEFORE
expect() {
	errors_since "$5" "$2" >/tmp/errors || :
	said=$(($(wc -l </tmp/errors)))
	if [ -z "$4" ]; then
		if bound_to "$2" "$3" && [ $said = 0 ]; then
			result ok "$1"
		else
			result not_ok "$1: should have been bound"
			sed 's/^/# /' /tmp/errors
		fi
		return
	fi
	if bound_to "$2" "$3"; then
		result not_ok "$1: was bound"
	elif [ $said != 1 ]; then
		result not_ok "$1: $said error messages, expected one"
		sed 's/^/# /' /tmp/errors
	elif ! grep -qF "$4" /tmp/errors; then
		result not_ok "$1: does not say '$4'"
		sed 's/^/# /' /tmp/errors
	else
		result ok "$1"
	fi
	# A refused function leaves no claim behind
	if grep -F "coherent $2" /proc/iomem; then
		result not_ok "$1: still claimed in /proc/iomem"
	fi
}

# expect_warning NAME BDF DRIVER MESSAGE LINES-BEFORE
expect_warning() {
	messages_since "$5" 4 "$2" >/tmp/warnings || :
	if ! bound_to "$2" "$3"; then
		result not_ok "$1: should have been bound"
	elif [ $(($(wc -l </tmp/warnings))) = 1 ] && grep -qF "$4" /tmp/warnings; then
		result ok "$1"
	else
		result not_ok "$1: does not say '$4' once"
		sed 's/^/# /' /tmp/warnings
	fi
}

# load_dummy BDF APERTURE: also with several, which name their functions themselves
load_dummy() {
	[ ! -e /sys/module/dummy_coherent_vfio_pci ] ||
		rmmod dummy_coherent_vfio_pci || return 1
	case $2 in
	'') modprobe dummy-coherent-vfio-pci ;;
	*@*) modprobe dummy-coherent-vfio-pci "aperture=$2" ;;
	*) modprobe dummy-coherent-vfio-pci "aperture=$1@$2" ;;
	esac
}

# load BACKEND BDF APERTURE
load() {
	case $1 in
	dummy) load_dummy "$2" "$3" ;;
	*) modprobe "$1-coherent-vfio-pci" ;;
	esac
}

lock_down() {
	mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
	[ -w /sys/kernel/security/lockdown ] || return 1
	grep -q '\[integrity\]' /sys/kernel/security/lockdown ||
		echo integrity >/sys/kernel/security/lockdown
}

step() {
	what=$1 name=$2 bdf=$3 driver=$(driver_name "$4") aperture=$5 message=$6
	if ! load "$4" "$bdf" "$aperture"; then
		result not_ok "$name: module does not load"
		return
	fi
	case $what in
	never) testblock "$bdf" ready never || what=broken ;;
	later) testblock "$bdf" ready 1500 || what=broken ;;
	lockdown)
		if ! lock_down; then
			result ok "$name" "this kernel has no lockdown"
			return
		fi
		;;
	esac
	if [ "$what" = broken ]; then
		result not_ok "$name: the device model does not answer"
		return
	fi
	before=$(lines)
	bind "$bdf" "$driver" || :
	if [ "$what" = warned ]; then
		expect_warning "$name" "$bdf" "$driver" "$message" "$before"
		unbind "$bdf"
		return
	fi
	expect "$name" "$bdf" "$driver" "$message" "$before"
	# Only one that was bound keeps what it has, to be in somebody's way
	[ -z "$message" ] || unbind "$bdf"
	if [ "$what" = later ]; then
		unbind "$bdf"
		if [ "$(testblock "$bdf" ready)" = 0 ]; then
			result ok "$name: probe waited"
		else
			result not_ok "$name: bound before the device was ready"
		fi
	fi
	[ "$4" != dummy ] || unbind "$bdf"
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
if modprobe nvgrace-coherent-vfio-pci; then
	result ok "modules load"
else
	result not_ok "modules load"
fi
# dmesg is the witness: it must not have dropped what it saw
for line in "$@"; do
	IFS='|'
	# shellcheck disable=SC2086 # split it, keeping empty fields
	set -- $line ''
	unset IFS
	step "$@"
done
for path in /sys/bus/pci/drivers/*coherent*/0*; do
	[ ! -e "$path" ] || unbind "${path##*/}"
done
if remove_modules; then
	result ok "modules can be removed"
else
	result not_ok "modules can be removed"
fi
if nothing_left; then
	result ok "nothing is left behind"
else
	result not_ok "nothing is left behind"
fi
leaks_end
finish_tests
