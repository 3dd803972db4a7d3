# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's kunit.py, in the lab. Sourced, after lib.sh.

# In memory that nobody else uses: what suites show as device memory
# shellcheck disable=SC2016,SC2034 # the kernel's syntax; for who sources this
MEMMAP='memmap=64M$0x20000000'

# It prefers KVM where there is a /dev/kvm, working or not.
# shellcheck disable=SC2016 # expanded inside
KUNIT_PY='
[ ! -e /dev/kvm ] || mount --bind /dev/null /dev/kvm
cd "$1"
shift
exec python3 tools/testing/kunit/kunit.py "$@"
'

# kunit_py TREE ARG...: TREE as it is called in the lab
kunit_py() {
	in_root bash -c "$KUNIT_PY" kunit.py "$@" </dev/null
}
