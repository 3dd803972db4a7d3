#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# packaged.sh VERSION DRIVER BASE: modules that packages have installed load, say that version,
# and functions have their memory: one of the dummy's, and one that is DRIVER's, over
# 132 MiB at BASE that the kernel does not use.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
version=$1 driver=$2 base=$3
bdf=10000:00:00.0

same_version() {
	for module in coherent_vfio_pci_core "$driver" dummy_coherent_vfio_pci coherent_vfio_pci_soft; do
		if [ "$(cat "/sys/module/$module/version")" != "$version" ]; then
			echo "# $module: $(cat "/sys/module/$module/version"), not $version"
			return 1
		fi
	done
}

check "the modules load" modprobe -a vfio_iommu_type1 "$driver"
check "the dummy loads" modprobe dummy-coherent-vfio-pci soft=1
check "they say their version" same_version
check "a function is bound" bound_to "$bdf" dummy_coherent_vfio_pci
check "its memory is claimed" grep -q "coherent $bdf" /proc/iomem
check "the dummy goes" rmmod dummy_coherent_vfio_pci
check "the dummy makes another's function" modprobe dummy-coherent-vfio-pci soft=1 soft_identity=gb300 \
	soft_aperture="$base+0x8300000"
check "... that $driver has" bound_to "$bdf" "$driver"
check "... with its memory" grep -q "coherent $bdf" /proc/iomem
check "they go" rmmod dummy_coherent_vfio_pci "$driver" coherent_vfio_pci_soft coherent_vfio_pci_core
check "nothing is left" nothing_left
finish_tests
