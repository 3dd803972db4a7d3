#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh [-f FILTER] [MODULE...]: load the modules (all backends, if none is named),
# built with their KUnit tests, and print what the kernel said of those. FILTER is
# KUnit's for suites. scripts/lab/ktap reads it.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

filter=
if [ "${1-}" = -f ]; then
	filter=$2
	shift 2
fi
[ $# != 0 ] || set -- nvgrace-coherent-vfio-pci cxl-coherent-vfio-pci egm-coherent-vfio \
	dummy-coherent-vfio-pci
# shellcheck disable=SC2086 # absent, not empty
modprobe kunit ${filter:+filter_glob="$filter"} || exit 1
leaks_begin
dmesg -c >/dev/null
status=0
for module in "$@"; do
	modprobe "$module" || status=1
done
dmesg
for module in "$@" coherent-vfio-pci-core; do
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
