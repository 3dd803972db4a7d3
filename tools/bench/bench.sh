#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh FUNCTION...: the benchmark, in the virtual machine, on each function
# that has coherent memory. FUNCTIONs as for functional.sh.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. /opt/selftests/common.sh
# shellcheck source=selftests/guest/function.sh
. /opt/selftests/function.sh

load_modules "$@" || exit 1
for function in "$@"; do
	[ -z "$(field "$function" pass)" ] || continue
	describe "$function"
	bind "$COHERENT_BDF" "$COHERENT_DRIVER" || exit 1
	echo
	echo "# $(field "$function" name), kernel $(uname -r)"
	./bench && ./bench_poison || exit 1
done
