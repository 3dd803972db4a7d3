#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# curves.sh FUNCTION: what operations on one function cost, over what makes them more
# expensive (curves.c). Lines "# curve WHAT, OPERATION<tab>X<tab>NANOSECONDS".
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. /opt/selftests/common.sh
# shellcheck source=selftests/guest/function.sh
. /opt/selftests/function.sh

# curve WHAT X
curve() {
	./curves "$1" "$2" >/tmp/curve || exit 1
	sed 's/^/# curve /' /tmp/curve
}

function=$1
load_modules "$function" || exit 1
describe "$function"
bind "$COHERENT_BDF" "$COHERENT_DRIVER" || exit 1
echo "# kernel $(uname -r) $(uname -m)"

for n in 0 1 100 10000 100000; do
	curve bad "$n"
done
for n in 0 64 128 256; do
	curve mapped "$n"
done
for n in 1 2 4 8; do
	curve threads "$n"
done
mib=$(((${COHERENT_EXPECT_USEMEM#*+} + ${COHERENT_EXPECT_RESMEM#*+}) >> 20))
scrub=/sys/bus/pci/devices/$COHERENT_BDF/coherent/scrub
curve scrub 0
# What is cleared must be there: a large aperture has no memory until it is written to
if [ "$mib" -le 2048 ]; then
	echo open >"$scrub"
	curve scrub "$mib"
	echo none >"$scrub"
fi
for n in 1 4 16; do
	rmmod dummy_coherent_vfio_pci
	modprobe dummy-coherent-vfio-pci soft=$((n - 1)) soft_size=4M || exit 1
	curve functions "$n"
done
