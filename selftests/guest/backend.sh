#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# backend.sh FUNCTION [WRONG=SENTENCE]...: the backend of FUNCTION (function.sh), built in
# a repository of its own (/opt/right), takes it; each module /opt/WRONG/*.ko, which was
# built with other headers than the core, does not, and the core says why: SENTENCE is a
# part of it.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh

function=$1
shift
describe "$function"

# refused MODULE SENTENCE: it loads, takes nothing, and goes
refused() {
	dmesg -c >/dev/null
	insmod "$1" || return 1
	if bind "$COHERENT_BDF" "$COHERENT_DRIVER"; then
		echo "# it was bound"
		return 1
	fi
	dmesg >/tmp/said
	if ! grep -q "$COHERENT_DRIVER $COHERENT_BDF: .*refused: .*$2" /tmp/said; then
		sed 's/^/# /' /tmp/said
		return 1
	fi
	unbind "$COHERENT_BDF"
	rmmod "$COHERENT_DRIVER"
}

taken() {
	insmod /opt/right/*.ko || return 1
	if ! bind "$COHERENT_BDF" "$COHERENT_DRIVER"; then
		dmesg | tail -n 5 | sed 's/^/# /'
		return 1
	fi
	[ $(($(claim_base "$COHERENT_BDF"))) = $((${COHERENT_EXPECT_USEMEM%+*})) ]
}

echo "TAP version 13"
modprobe coherent-vfio-pci-core || exit 1
for wrong; do
	check "built with $(echo "${wrong%%=*}" | tr - ' '), it is refused" \
		refused "/opt/${wrong%%=*}/"*.ko "${wrong#*=}"
done
check "built with the core's headers, it takes the function" taken
unbind "$COHERENT_BDF"
check "modules can be removed" remove_modules
check "nothing is left behind" nothing_left
finish_tests
