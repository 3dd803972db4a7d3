#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The boot itself is the test: cpu_detect(), which identify_cpu() calls when it has
# cleared what it knows of the boot CPU, is so slow that an interrupt arrives in it.
# Here there is only left to see whether the CPU is one with five levels of page tables,
# and the kernel uses them: otherwise nothing was tried.
if ! grep -qw la57 /proc/cpuinfo; then
	echo "# no 5-level paging"
	exit 1
fi
echo "ok 1 the boot CPU was identified"
