#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh: load the modules, built with their KUnit tests, and print what the
# kernel said of those. scripts/lab/ktap reads it.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

modprobe kunit || exit 1
leaks_begin
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
if [ -e "$KMEMLEAK" ]; then
	if nothing_leaks; then
		echo "ok 1 nothing leaks"
	else
		echo "not ok 1 nothing leaks"
		status=1
	fi
fi
exit $status
