#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coverage.sh COMMAND [ARG...]: run it, and print after it
# what the kernel has counted of our modules: a tar archive in base64, each line
# after "gcda ". For scripts/coverage.
set -u

# Under lockdown nobody reads the counts
export COHERENT_COUNTED=1
"$@"
status=$?

data=/sys/kernel/debug/gcov
if [ ! -e $data/reset ]; then
	echo "Bail out! this kernel does not count"
	exit 1
fi
# Sizes in debugfs are not known before the files are read: tar wants copies
mkdir -p /tmp/gcov && cd $data || exit 1
find . -name '*.gcda' | while read -r file; do
	mkdir -p "/tmp/gcov/${file%/*}"
	cat "$file" >"/tmp/gcov/$file"
done
tar -C /tmp/gcov -c . | gzip | base64 | sed 's/^/gcda /'
exit $status
