#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# egm.sh BASE SIZE TABLE GPU GPU PLAIN: memory of a socket that firmware describes for both
# GPUs, proximity domain 4; TABLE is where it says that a table of retired memory is, which
# is written by way of the function PLAIN.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh
# shellcheck source=selftests/guest/programs.sh
. ./programs.sh
# shellcheck source=selftests/guest/poison.sh
. ./poison.sh
# shellcheck source=selftests/guest/nested.sh
. ./nested.sh

base=$1 size=$2 table=$3 first=$4 second=$5 plain=$6
# Behind what a machine has of it
first_bad=$((size - 0xff0000)) second_bad=$((size - 0x700000))
EGM=/sys/class/egm/egm4
MODULE=egm_coherent_vfio

# write_table WORD...
write_table() {
	modprobe dummy-coherent-vfio-pci aperture="$plain@$table+0x10000" &&
		bind "$plain" dummy_coherent_vfio_pci &&
		echo none >"/sys/bus/pci/devices/$plain/coherent/scrub" &&
		./physmem "$plain" "$@" && unbind "$plain" && rmmod dummy_coherent_vfio_pci
}

egm_loads() {
	modprobe egm-coherent-vfio
}

egm_goes() {
	rmmod $MODULE
}

device_is_there() {
	[ -c /dev/egm4 ] && [ "$(stat -c %a /dev/egm4)" = 600 ] &&
		[ "$(cat $EGM/egm_size)" = "$size" ]
}

links_to() {
	[ "$EGM/$1" -ef "/sys/bus/pci/devices/$1" ]
}

is_claimed() {
	grep -q ' : coherent egm4$' /proc/iomem
}

# A file that is open keeps the module
busy_while_open() {
	exec 3<>/dev/egm4 || return 1
	! egm_goes 2>/dev/null
	busy=$?
	exec 3<&-
	return $busy
}

# With what the core asks for, and what the backend does
loads_nth() {
	egm=$(find "/lib/modules/$(uname -r)" -name egm-coherent-vfio.ko)
	modprobe coherent-vfio-pci-core && ./load_nth "$egm" && egm_goes &&
		./load_nth -o coherent_vfio_pci_core "$egm" && egm_goes
}

# Nobody knows of VFIO's devices yet, so who might have what is mapped is not known: only an
# administrator ends that
mapped_alone() {
	egm_loads && ./test_egm -t what_can_be_mapped >/tmp/mapped && egm_goes || return 1
	if ! grep -q 'coherent egm4 (quarantine)$' /proc/iomem; then
		echo "# not in quarantine:"
		sed 's/^/# /' /tmp/mapped
		return 1
	fi
	leaves_quarantine
}

# wrong_table COUNT: it is refused, and nothing stays
wrong_table() {
	write_table "$1" || return 1
	before=$(dmesg | wc -l)
	if egm_loads 2>/dev/null; then
		egm_goes
		return 1
	fi
	dmesg | tail -n "+$((before + 1))" | grep -q 'table of bad memory .* makes no sense' &&
		! is_claimed && [ ! -e /sys/class/egm ]
}

forget_retired() {
	echo "$base+$size" >$core/parameters/poison_forget && host_listed
}

# It does, and keeps the core, until an administrator forgets it
retired_is_known() {
	[ "$(pairs $host_list | grep -c .)" -ge 2 ] &&
		! rmmod coherent_vfio_pci_core 2>/dev/null && forget_retired
}

# Nobody has seen which devices were there: until an administrator says so
leaves_quarantine() {
	list=/sys/kernel/coherent_vfio/quarantine
	range=$(cut -d' ' -f1 <$list)
	[ -z "$range" ] || echo "$range" >$list
	! is_claimed
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
leaks_begin
modprobe vfio_iommu_type1
export COHERENT_EGM=/dev/egm4 COHERENT_EGM_BASE="$base" COHERENT_EGM_SIZE="$size"
export COHERENT_EGM_RETIRED="$first_bad $second_bad"
check "egm: it is mapped where no function is bound" mapped_alone
# Two of its memory, and one of somebody else's
check "egm: a table is written" write_table 3 $((base + first_bad)) $((base + second_bad + 0x800)) $((base - 0x10000))
check "egm: the module loads" egm_loads
check "egm: the device is there" device_is_there
check "egm: the memory is claimed" is_claimed
check "egm: it links to one GPU" links_to "$first"
check "egm: ... and to the other" links_to "$second"
run test_egm egm
run test_egm_attack egm
# A KVM that gives guests cacheable memory alone can make it their memory
if [ -d /opt/nested ] && [ "$(cat /sys/kernel/coherent_vfio/kvm_cacheable)" = yes ]; then
	COHERENT_INJECT=$(inject_list "") && export COHERENT_INJECT
	check "egm: there is a machine to start" nested_initrd
	run test_vm_egm egm
fi
check "egm: a file that is open keeps the module" busy_while_open
check "egm: the module goes" egm_goes
check "egm: what is retired stays on record" retired_is_known
check "egm: ... and so the claim" leaves_quarantine
rm -f /dev/egm4

check "egm: without entries" write_table 0
check "egm: ... it loads" modprobe egm-coherent-vfio shared=1
check "egm: ... and goes" egm_goes
if [ -e /proc/self/fail-nth ]; then
	check "egm: it loads when allocations fail" loads_nth
fi
check "egm: a count that is none" wrong_table 4097
check "egm: ... nor is this" wrong_table 0xffffffffffffffff
check "egm: modules can be removed" remove_modules
check "egm: nothing is left behind" nothing_left
leaks_end
finish_tests
