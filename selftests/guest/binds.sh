#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# binds.sh BDF theirs|ours: a function that both the kernel's own driver and ours are for
# is given to VFIO by the rules of tools that choose the driver: whose is it then?
# "theirs" where ours has a name of its own; "ours" where it is the drop-in.
#
# The rules of libvirt (virPCIDeviceFindBestVFIOVariant, from 10.0 on) and of NVIDIA's
# go-nvlib (nvpassthrough.FindBestVFIOVariant; NVIDIA's DRA driver uses
# it) are the same:
#  - of the device's modalias, and of each line of modules.alias that begins with
#    "alias vfio_pci:", the seven values are compared; "*" stands for any;
#  - of the lines that match, that with the fewest "*" is taken, and of several the first;
#  - that module is loaded. The driver to bind is called as the module, or the same with
#    dashes for underscores where there is no such driver.
# NVIDIA's GPU operator (its validator) then accepts the names vfio-pci and
# nvgrace_gpu_vfio_pci alone.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

bdf=$1 whose=$2
modules=/lib/modules/$(uname -r)

# candidates: "stars module" of each line that matches, in the order of the file
candidates() {
	alias=$(cat "/sys/bus/pci/devices/$bdf/modalias")
	# Digits are upper case; what is lower case stands between values
	awk -v device="${alias#pci:}" '
	BEGIN { split(device, has, /[a-z]+/) }
	$1 == "alias" && sub(/^vfio_pci:/, "", $2) {
		stars = 0
		count = split($2, wants, /[a-z]+/)
		for (i = 2; i <= count; i++)
			if (wants[i] == "*")
				stars++
			else if (wants[i] != has[i])
				next
		print stars, $3
	}' "$modules/modules.alias"
}

# best: the module that tools take. sort -s leaves the first of several first.
best() {
	candidates | sort -s -n -k 1,1 | head -n 1 | cut -d ' ' -f 2
}

# as_good_as_best MODULE: it is a line as good as that
as_good_as_best() {
	candidates | grep -qx "$(candidates | sort -n | head -n 1 | cut -d ' ' -f 1) $1"
}

# driver_of MODULE
driver_of() {
	if [ -e "/sys/bus/pci/drivers/$1" ]; then
		echo "$1"
	else
		echo "$1" | tr _ -
	fi
}

is_ours() {
	[ -e "/sys/bus/pci/devices/$bdf/coherent" ]
}

is_theirs() {
	! is_ours
}

accepted() {
	link=$(readlink "/sys/bus/pci/devices/$bdf/driver")
	case ${link##*/} in
	vfio-pci | nvgrace_gpu_vfio_pci) ;;
	*) return 1 ;;
	esac
}

# one_file NAME WHERE: modprobe knows one file of that name, and it is there
one_file() {
	[ "$(grep -o "^[^:]*/$1\.ko:" "$modules/modules.dep" | cut -d / -f 1)" = "$2" ]
}

candidates | sed 's/^/# candidate: /'
check "the kernel has a driver of its own" \
	test -n "$(find "$modules/kernel" -name nvgrace-gpu-vfio-pci.ko)"
check "tools choose it by that name" test "$(best)" = nvgrace_gpu_vfio_pci
case $whose in
theirs)
	check "ours is as good" as_good_as_best nvgrace_coherent_vfio_pci
	check "the module is the kernel's" one_file nvgrace-gpu-vfio-pci kernel
	;;
ours)
	check "the module is ours" one_file nvgrace-gpu-vfio-pci updates
	check "there is no other of ours" test -z "$(find "$modules" -name nvgrace-coherent-vfio-pci.ko)"
	;;
esac

modprobe vfio_iommu_type1
chosen=$(best)
check "it loads" modprobe "$chosen"
check "it binds" bind "$bdf" "$(driver_of "$chosen")"
check "the driver is $whose" "is_$whose"
check "the name is one that the GPU operator accepts" accepted
unbind "$bdf"
rmmod "$chosen"
[ "$whose" = theirs ] || check "the core goes, too" rmmod coherent_vfio_pci_core
check "nothing is left" nothing_left
finish_tests
