#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# compare.sh [-t] ROUNDS FUNCTION [PATTERN]: the operations (ops.c) on one function, with the
# in-tree driver and with ours in turn. Lines "# result WHOSE|OP<tab>COUNT<tab>NANOSECONDS".
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. /opt/selftests/common.sh
# shellcheck source=selftests/guest/function.sh
. /opt/selftests/function.sh

timed=
if [ "$1" = -t ]; then
	timed=-t
	shift
fi
rounds=$1 function=$2 pattern=${3:-*}
THEIRS=nvgrace_gpu_vfio_pci

load_modules "$function" || exit 1
# What the kernel brings along of that name would be another build
insmod /opt/theirs/nvgrace-gpu-vfio-pci.ko || exit 1
describe "$function"
echo "# kernel $(uname -r) $(uname -m)"
round=0
while [ $round -lt "$rounds" ]; do
	for whose in theirs ours; do
		driver=$COHERENT_DRIVER
		[ $whose = ours ] || driver=$THEIRS
		unbind "$COHERENT_BDF"
		bind "$COHERENT_BDF" "$driver" || {
			echo "bench: $COHERENT_BDF cannot be bound to $driver" >&2
			exit 1
		}
		./ops ${timed:+"$timed"} "$pattern" >/tmp/ops || exit 1
		sed "s/^/# result $whose|/" /tmp/ops
	done
	round=$((round + 1))
done
