#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# soft.sh RAM GOOD SCENARIO...: functions that are software alone, on a machine
# without devices for us and perhaps without IOMMU. RAM is an address that the
# kernel uses, GOOD the start of 16 MiB that it does not.
#
# A SCENARIO is OPTIONS|PROGRAMS|FUNCTION|FUNCTION...: the functional tests on
# functions that the dummy makes with OPTIONS; FUNCTIONs as in function.sh.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

ram=$1 good=$2
shift 2

load() {
	modprobe vfio_iommu_type1 && modprobe nvgrace-coherent-vfio-pci &&
		modprobe dummy-coherent-vfio-pci "$@"
}

soft_functions() {
	for path in /sys/bus/pci/devices/1????:00:00.0; do
		[ ! -e "$path" ] || echo "${path##*/}"
	done
}

gone() {
	remove_modules && nothing_left && [ -z "$(soft_functions)" ] &&
		[ ! -e /sys/class/iommu/coherent-soft ] && ! grep -i 'coherent' /proc/iomem
}

# groups: which device is in which IOMMU group, but for ours
groups() {
	for path in /sys/bus/*/devices/*/iommu_group; do
		case $path in
		*/1????:00:00.0/*) ;;
		*) [ ! -e "$path" ] || echo "$path $(readlink "$path")" ;;
		esac
	done
}

# refused MESSAGE OPTION...: the module does not load and says why, once
refused() {
	message=$1
	shift
	before=$(($(dmesg -r | wc -l)))
	if modprobe dummy-coherent-vfio-pci "$@" 2>/dev/null; then
		echo "# it was loaded"
		return 1
	fi
	dmesg -r | tail -n "+$((before + 1))" | grep '^<3>' | grep -v 'probe with driver' >/tmp/errors
	if ! grep -qF "$message" /tmp/errors; then
		echo "# does not say '$message'"
		sed 's/^/# /' /tmp/errors
		return 1
	fi
	gone
}

# hold BDF: somebody opens it, and stays; $held is who
hold() {
	rm -f /tmp/held
	COHERENT_BDF=$1 ./hold >/tmp/held 2>&1 &
	held=$!
	if ! wait_until 60 grep -q held /tmp/held; then
		sed 's/^/# /' /tmp/held
		return 1
	fi
}

alone_behind_their_iommu() {
	groups >/tmp/groups.before
	load soft=2 soft_size=4M || return 1
	[ "$(soft_functions | wc -l)" = 2 ] || return 1
	groups >/tmp/groups.after
	cmp /tmp/groups.before /tmp/groups.after || return 1
	for path in /sys/class/iommu/coherent-soft/devices/*; do
		echo "${path##*/}"
	done >/tmp/behind
	soft_functions | cmp - /tmp/behind || return 1
	for bdf in $(soft_functions); do
		bound_to "$bdf" dummy_coherent_vfio_pci || return 1
		group=$(readlink "/sys/bus/pci/devices/$bdf/iommu_group")
		[ -c "/dev/vfio/${group##*/}" ] || return 1
		[ "$(find "/sys/kernel/iommu_groups/${group##*/}/devices" -type l | wc -l)" = 1 ] || return 1
	done
	gone
}

# What else comes to the machine is not for our IOMMU, and a scan finds no more of us
others_come_and_go() {
	load soft=1 soft_size=4M || return 1
	other=
	for path in /sys/bus/pci/devices/0000:*; do
		[ -e "$path/driver" ] || other=$path
	done
	if [ -z "$other" ]; then
		echo "# no device without a driver to take out"
		return 1
	fi
	echo 1 >"$other/remove" && [ ! -e "$other" ] || return 1
	echo 1 >/sys/bus/pci/rescan
	[ -e "$other" ] && [ "$(soft_functions | wc -l)" = 1 ] &&
		bound_to "$(soft_functions)" dummy_coherent_vfio_pci || return 1
	if [ -e "/sys/class/iommu/coherent-soft/devices/${other##*/}" ]; then
		echo "# ${other##*/} is behind our IOMMU"
		return 1
	fi
	gone
}

# held_then_killed DRIVER OPTION...: while it is open no module goes, not even
# one that is not the driver; when the process dies all do.
held_then_killed() {
	driver=$1
	shift
	load "$@" || return 1
	bdf=$(soft_functions | head -n 1)
	bound_to "$bdf" "$driver" && hold "$bdf" || return 1
	for module in nvgrace_coherent_vfio_pci dummy_coherent_vfio_pci; do
		[ "$module" = "$driver" ] || [ $module = dummy_coherent_vfio_pci ] || continue
		if rmmod $module 2>/dev/null; then
			echo "# $module was removed while the function was open"
			return 1
		fi
	done
	kill -9 "$held"
	wait "$held" 2>/dev/null
	gone
}

# What was allocated goes back, and takes what is known of its poison along
poison_is_forgotten() {
	load soft=1 soft_size=4M || return 1
	bdf=$(soft_functions)
	echo 0 >"/sys/kernel/debug/coherent-vfio/$bdf/inject_poison" || return 1
	[ "$(cat "/sys/bus/pci/devices/$bdf/coherent/poison_count")" = 1 ] || return 1
	gone
}

# ... but not that of a range that is there with or without us
poison_of_a_range_is_not() {
	load soft=1 "soft_aperture=$good+0x400000" || return 1
	bdf=$(soft_functions)
	echo 0 >"/sys/kernel/debug/coherent-vfio/$bdf/inject_poison" || return 1
	rmmod nvgrace_coherent_vfio_pci && rmmod dummy_coherent_vfio_pci || return 1
	if rmmod coherent_vfio_pci_core 2>/dev/null; then
		echo "# the core was removed with an error on record"
		return 1
	fi
	echo all >/sys/module/coherent_vfio_pci_core/parameters/poison_forget
	gone
}

# free_kib: what nobody has, also what each CPU keeps by itself to give it out again:
# with large pages that is much
free_kib() {
	awk '/^MemFree:/ { kib = $2 }
		/^KernelPageSize:/ && !page { page = $2 }
		/^ +count:/ { pages += $2 }
		END { print kib + pages * page }' /proc/meminfo /proc/self/smaps /proc/zoneinfo
}

memory_is_given_back() {
	load soft=4 soft_size=4M && gone || return 1
	before=$(free_kib)
	for _ in 1 2 3 4 5 6 7 8; do
		load soft=4 soft_size=4M && gone || return 1
	done
	# 32 times 4 MiB were taken: one of them each time would be 32 MiB
	after=$(free_kib)
	echo "# free before $before KiB, after $after KiB"
	[ $((before - after)) -lt 24576 ]
}

# made_while_allocations_fail: with each allocation that loading takes, and that
# making a function takes, failing once nothing stays, and nobody warns
made_while_allocations_fail() {
	modules=/lib/modules/$(uname -r)
	soft=$(find "$modules" -name coherent-vfio-pci-soft.ko)
	dummy=$(find "$modules" -name dummy-coherent-vfio-pci.ko)
	core=$(find "$modules" -name coherent-vfio-pci-core.ko)
	modprobe vfio_iommu_type1 && modprobe vfio_pci_core || return 1
	./load_nth "$core" && modprobe nvgrace-coherent-vfio-pci && ./load_nth "$soft" &&
		./load_nth -o coherent_vfio_pci_soft "$dummy" soft=1 soft_size=4M &&
		rmmod dummy_coherent_vfio_pci &&
		./load_nth -o coherent_vfio_pci_core "$dummy" soft=1 soft_size=4M &&
		rmmod dummy_coherent_vfio_pci &&
		./load_nth -o coherent_vfio_pci_soft "$dummy" soft=1 soft_identity=gb300 \
			"soft_aperture=$good+0x1000000" &&
		gone
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
modprobe vfio_iommu_type1
check "soft: alone behind an IOMMU of their own" alone_behind_their_iommu
check "soft: other devices come and go" others_come_and_go
check "soft: refused: too many" refused "at most 16" soft=17
check "soft: refused: size 0" refused "is no number of whole pages" soft=1 soft_size=0
check "soft: refused: no whole pages" refused "is no number of whole pages" soft=1 soft_size=1000
check "soft: refused: no number" refused "is no number of whole pages" soft=1 soft_size=large
check "soft: refused: more memory than there is" refused "no contiguous memory of soft_size=" soft=1 soft_size=256G
check "soft: refused: System RAM" refused "overlaps System RAM" soft=1 "soft_aperture=$ram+0x400000"
check "soft: refused: not to be divided" refused "cannot be divided" soft=3 "soft_aperture=$good+0x400000"
check "soft: refused: no range" refused "is not BASE+SIZE" soft=1 "soft_aperture=$good"
check "soft: refused: no base" refused "is not BASE+SIZE" soft=1 "soft_aperture=low+0x400000"
check "soft: refused: base 0" refused "is not BASE+SIZE" soft=1 "soft_aperture=0+0x400000"
check "soft: refused: no whole pages of a range" refused "cannot be divided" soft=1 "soft_aperture=$good+0x400800"
check "soft: refused: reserved part no number" refused "is not BASE+SIZE" soft=1 "soft_aperture=$good+0x400000/much"
check "soft: refused: no memory type" refused "is not BASE+SIZE" soft=1 "soft_aperture=$good+0x400000/0x100000/wb"
check "soft: refused: reserved as large as all" refused "smaller than its reserved part" soft=1 "soft_aperture=$good+0x400000/0x400000"
check "soft: refused: range for nobody" refused "need soft=" "soft_aperture=$good+0x400000"
check "soft: refused: identity for nobody" refused "need soft=" soft_identity=gb300
check "soft: refused: identity without range" refused "needs soft_aperture=" soft=1 soft_identity=gb300
check "soft: refused: no identity" refused "is none of" soft=1 soft_identity=gh100 "soft_aperture=$good+0x400000"
check "soft: refused: identity too small" refused "must be some whole MiB" soft=1 soft_identity=gb300 "soft_aperture=$good+0x100000"
check "soft: refused: identity and a layout" refused "is the backend's" soft=1 soft_identity=gb300 "soft_aperture=$good+0x400000/0x100000"
check "soft: refused: identity and an alignment" refused "is the backend's" soft=1 soft_identity=gb300 "soft_aperture=$good+0x400000/0/wc/0x200000"
check "soft: refused: identity of no whole MiB" refused "must be some whole MiB" soft=1 soft_identity=gb300 "soft_aperture=$good+0x480000"
check "soft: held open, killed, removed" held_then_killed dummy_coherent_vfio_pci soft=2 soft_size=4M
check "soft: ... over a range" held_then_killed dummy_coherent_vfio_pci soft=2 "soft_aperture=$good+0x800000/0x100000/wc"
check "soft: ... bound to another driver" held_then_killed nvgrace_coherent_vfio_pci soft=1 soft_identity=gb300 "soft_aperture=$good+0x1000000"
check "soft: poison in memory that goes back is forgotten" poison_is_forgotten
check "soft: ... in a range it is not" poison_of_a_range_is_not
check "soft: memory is given back" memory_is_given_back
if [ -e /proc/self/fail-nth ]; then
	check "soft: made while allocations fail" made_while_allocations_fail
else
	result ok "soft: made while allocations fail" "this kernel cannot inject failures"
fi
# Before the scenarios, which begin anew
leaks_end

status=0
for scenario in "$@"; do
	IFS='|'
	# shellcheck disable=SC2086 # split it
	set -- $scenario
	unset IFS
	options=$1 programs=$2
	shift 2
	DUMMY_OPTIONS=$options ./functional.sh -t "$programs" "$@" || status=1
done
finish_tests && [ $status = 0 ]
