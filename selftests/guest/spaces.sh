#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# spaces.sh: what of memory without struct page can be registered with the memory
# manager, on a kernel with our patches.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh

echo "TAP version 13"
check "ranges are registered, refused and removed" insmod /opt/modules/pfn_spaces.ko
dmesg | sed -n 's/.*pfn_spaces: \(.*, expected\)/# \1/p'
finish_tests
