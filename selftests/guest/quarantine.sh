#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# quarantine.sh BDF APERTURE OTHER: memory of a function goes to nobody else while
# another function, OTHER, may still write to it. BDF is the dummy's, with APERTURE
# (BASE+SIZE); OTHER has nothing to do with us. And the same with memory that a software
# function is made of.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

bdf=$1 aperture=$2 other=$3
base=${aperture%+*} size=${aperture#*+}
QUARANTINE=/sys/kernel/coherent_vfio/quarantine
DUMMY=dummy_coherent_vfio_pci NVGRACE=nvgrace_coherent_vfio_pci

check() {
	name=$1
	shift
	if "$@"; then
		result ok "quarantine: $name"
	else
		result not_ok "quarantine: $name"
	fi
	let_go
}

# hold_foreign ARG...: $held is who
hold() {
	rm -f /tmp/held
	./hold_foreign "$@" >/tmp/held 2>&1 &
	held=$!
	if ! wait_until 60 grep -q held /tmp/held; then
		sed 's/^/# /' /tmp/held
		return 1
	fi
}

let_go() {
	[ -z "$held" ] || kill -9 "$held"
	wait 2>/dev/null
	held=
}

# Who has claimed memory in /proc/iomem; the claim of a device ends with its name
claimed() {
	sed -n 's/^ *[0-9a-f]*-[0-9a-f]* : coherent //p' /proc/iomem
}

quarantined() {
	claimed | grep -q '(quarantine)$' && grep -q . $QUARANTINE
}

nothing_claimed() {
	cat $QUARANTINE >/dev/null
	[ -z "$(claimed)" ]
}

load() {
	modprobe vfio_iommu_type1 && modprobe nvgrace-coherent-vfio-pci &&
		modprobe dummy-coherent-vfio-pci aperture="$bdf@$aperture" "$@" &&
		bind "$other" "$NVGRACE"
}

unload() {
	let_go
	unbind "$bdf"
	unbind "$other"
	remove_modules && nothing_left
}

# expect CONDITION... or say what there is
expect() {
	"$@" && return
	echo "# not so: $*"
	claimed | sed 's/^/# claimed: /'
	sed 's/^/# quarantine: /' $QUARANTINE
	return 1
}

stays_while_another_has_it() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" type1 || return 1
	unbind "$bdf"
	expect quarantined || return 1
	grep -q "^$(printf '%#x+%#x' "$base" "$size") $bdf\$" $QUARANTINE || return 1
	# nobody gets it, and who keeps it from them cannot go
	rmmod "$DUMMY" || return 1
	! rmmod coherent_vfio_pci_core 2>/dev/null || return 1
	# the same function may have it again, and it is as it was
	modprobe dummy-coherent-vfio-pci aperture="$bdf@$aperture" && bind "$bdf" "$DUMMY" || return 1
	[ "$(claimed)" = "$bdf" ] && [ -z "$(cat $QUARANTINE)" ] || return 1
	unbind "$bdf"
	expect quarantined || return 1
	let_go
	expect nothing_claimed || return 1
	unload
}

# Nobody has to look: it is found out
ends_by_itself() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" type1 || return 1
	unbind "$bdf"
	expect quarantined || return 1
	let_go
	wait_until 60 sh -c '! grep -q "coherent .*(quarantine)" /proc/iomem' || return 1
	unload
}

administrator_lifts() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" type1 || return 1
	unbind "$bdf"
	expect quarantined || return 1
	! echo 0x1000+0x1000 2>/dev/null >$QUARANTINE || return 1
	! echo everything 2>/dev/null >$QUARANTINE || return 1
	expect quarantined && echo "$aperture" >$QUARANTINE || return 1
	expect nothing_claimed || return 1
	! echo all 2>/dev/null >$QUARANTINE || return 1
	unload
}

other_bounds_are_refused() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" type1 || return 1
	unbind "$bdf"
	rmmod "$DUMMY" && modprobe dummy-coherent-vfio-pci aperture="$bdf@$base+0x200000" || return 1
	before=$(($(dmesg | wc -l)))
	! bind "$bdf" "$DUMMY" || return 1
	dmesg | tail -n "+$((before + 1))" | grep -q 'is in quarantine' || return 1
	echo all >$QUARANTINE && bind "$bdf" "$DUMMY" || return 1
	unload
}

# Not where nobody has mapped it, nor where nobody else is there
only_where_needed() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" io || return 1
	unbind "$bdf"
	expect nothing_claimed || return 1
	bind "$bdf" "$DUMMY" && hold_and_let_go || return 1
	unbind "$bdf"
	expect nothing_claimed || return 1
	unload
}

hold_and_let_go() {
	let_go
	hold "$bdf" "$other" type1 && let_go
}

soft_bdf() {
	for path in /sys/bus/pci/devices/1????:00:00.0; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

# What is ordinary memory does not become that again
software_memory_is_kept() {
	load soft=1 soft_size=4M && hold "$(soft_bdf)" "$other" type1 || return 1
	rmmod "$DUMMY" || return 1
	expect quarantined || return 1
	! rmmod coherent_vfio_pci_core 2>/dev/null || return 1
	let_go
	expect nothing_claimed || return 1
	unload
}

iommufd_has_none() {
	load && bind "$bdf" "$DUMMY" && hold "$bdf" "$other" iommufd || return 1
	let_go
	unbind "$bdf"
	expect nothing_claimed || return 1
	unload
}

held=
echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
check "stays while another may write to it" stays_while_another_has_it
check "ends by itself" ends_by_itself
check "an administrator lifts it" administrator_lifts
check "other bounds are refused" other_bounds_are_refused
check "only where it is needed" only_where_needed
check "memory of a software function is kept" software_memory_is_kept
modprobe -q iommufd 2>/dev/null
if [ -e /dev/iommu ]; then
	check "iommufd maps none of it" iommufd_has_none
else
	result ok "quarantine: iommufd maps none of it" "this kernel has no iommufd"
fi
leaks_end
finish_tests
