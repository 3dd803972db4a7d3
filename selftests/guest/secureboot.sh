#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# secureboot.sh VERSION DRIVER: a machine with Secure Boot, whose owner has enrolled DKMS's key:
# our modules load because they are signed with it, and only then.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
version=$1 driver=$2
core=$(modinfo -n coherent-vfio-pci-core)

locked_down() {
	grep -q -e '\[integrity\]' -e '\[confidentiality\]' /sys/kernel/security/lockdown
}

# without_signature: the core's module as it was built. At its end are the signature, 12
# bytes of which the last 4 are its size, and 28 more.
without_signature() {
	case $core in
	*.xz) xz -dc "$core" ;;
	*) cat "$core" ;;
	esac >/tmp/signed.ko
	size=$(stat -c %s /tmp/signed.ko)
	signature=$((0x$(tail -c 32 /tmp/signed.ko | head -c 4 | od -A n -t x1 | tr -d ' ')))
	head -c $((size - 40 - signature)) /tmp/signed.ko >/tmp/unsigned.ko
}

refused() {
	! insmod "$1" && dmesg | tail -n 5 | grep -i -e 'unsigned module' -e 'is rejected'
}

same_version() {
	[ "$(cat /sys/module/coherent_vfio_pci_core/version)" = "$version" ]
}

check "the kernel is locked down" locked_down
check "what the core needs loads" modprobe -a vfio_iommu_type1 vfio-pci-core
without_signature
check "the core without its signature is refused" refused /tmp/unsigned.ko
check "the modules load with theirs" modprobe "$driver"
check "... of the version that was installed" same_version
check "so does the dummy" modprobe dummy-coherent-vfio-pci soft=1
check "... and makes a function that is bound" bound_to 10000:00:00.0 dummy_coherent_vfio_pci
finish_tests
