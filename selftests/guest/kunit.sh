#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh: load the modules, built with their KUnit tests, and print what the
# kernel said of those. scripts/lab/ktap reads it.
modprobe kunit || exit 1
dmesg -c >/dev/null
status=0
for module in nvgrace-coherent-vfio-pci dummy-coherent-vfio-pci; do
	modprobe "$module" || status=1
done
dmesg
for module in nvgrace_coherent_vfio_pci dummy_coherent_vfio_pci coherent_vfio_pci_core; do
	if ! rmmod "$module"; then
		echo "$module cannot be removed"
		status=1
	fi
done
exit $status
