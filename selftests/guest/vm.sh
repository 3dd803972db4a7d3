#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vm.sh LIVES FUNCTION...: each function is given to a machine in this machine, once for
# each of LIVES: the arguments of test_vm, as in "type1-kvm iommufd-tcg-short"; where
# KVM runs it, once more with memory that goes bad; for "args-kvm", once more by what the
# command coherent-vfio says; and, for "nested-kvm", once more to be given on by that
# machine, if it is nvgrace's.
# Results are KTAP lines.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh
# shellcheck source=selftests/guest/programs.sh
. ./programs.sh
# shellcheck source=selftests/guest/nested.sh
. ./nested.sh

# As make install has laid it out
if [ -d /opt/tool ]; then
	cp -r /opt/tool/usr/share /usr/ && cp /opt/tool/usr/sbin/coherent-vfio /bin/
fi

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
lives=$1
shift
check "modules load" load_modules "$@"
modprobe -q iommufd
check "there is a machine to start" nested_initrd
for function in "$@"; do
	name=$(field "$function" name)
	describe "$function"
	check "$name: bind" bind "$COHERENT_BDF" "$COHERENT_DRIVER"
	check_iommu "$function"
	scrub_begin
	for life in $lives; do
		of=$name-$life
		# shellcheck disable=SC2046 # arguments
		set -- $(echo "$life" | tr - ' ')
		if [ "$1" = args ]; then
			coherent-vfio qemu-args --words "$COHERENT_BDF" >/tmp/nested.args ||
				result not_ok "$name: qemu-args"
			run test_vm_args "$of" "$2" /tmp/nested.args
			continue
		fi
		if [ "$1" = nested ]; then
			[ "$COHERENT_DRIVER" != "$(driver_name nvgrace)" ] ||
				run test_vm_nested "$of" type1
			continue
		fi
		run test_vm "$of" "$@"
		[ "$2" = tcg ] || run test_vm_poison "$of" "$@"
	done
done
check "modules can be removed while functions are bound" remove_modules
check "nothing is left behind" nothing_left
finish_tests
