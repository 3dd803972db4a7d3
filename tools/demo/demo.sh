#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The demonstration, inside the virtual machine. BASE, SIZE and RESERVED of the
# GPU's memory come from run.
set -eu
# shellcheck source=selftests/guest/common.sh
. /opt/selftests/common.sh

bdf=0000:00:05.0
driver=nvgrace_coherent_vfio_pci
dir=/sys/bus/pci/devices/$bdf
demo=$(dirname "$0")/demo

n=0
step() {
	n=$((n + 1))
	printf '\n%d. %s\n' "$n" "$*"
}

said() {
	dmesg | grep "$1" | sed 's/^\[ *[0-9.]*\] /    kernel: /'
}

step "A stock Debian kernel has booted, and there is a GPU with memory that no BAR holds."
echo "    kernel: $(uname -r) ($(uname -m), pages of $(getconf PAGESIZE 2>/dev/null || echo 4096) bytes)"
echo "    function $bdf: $(cat "$dir/vendor" "$dir/device" | tr '\n' ' ')(NVIDIA GH200), ACPI $(cat "$dir/firmware_node/path")"
echo "    firmware says of it: coherent memory at $BASE, $((SIZE >> 20)) MiB. The kernel does not use it:"
grep -i 'System RAM' /proc/iomem | sed 's/^/    iomem: /' || :

step "The modules load."
modprobe vfio_iommu_type1
modprobe nvgrace-coherent-vfio-pci
modules_loaded | cut -d' ' -f1,2 | sed 's/^/    /; s/$/ bytes/'

step "The function is bound, and its memory laid out as GPU firmware and guest driver expect it."
bind "$bdf" "$driver"
said 'coherent_vfio_pci .*region [0-9]:'
grep coherent /proc/iomem | sed 's/^ */    iomem: /'

export COHERENT_BDF=$bdf COHERENT_DRIVER=$driver
usable=$((SIZE - RESERVED))
COHERENT_EXPECT_USEMEM=$BASE+$usable
COHERENT_EXPECT_RESMEM=$((BASE + usable))+$RESERVED
export COHERENT_EXPECT_USEMEM COHERENT_EXPECT_RESMEM COHERENT_EXPECT_READY=bar

step "What a user of /dev/vfio sees: the coherent memory as two 64-bit BARs."
"$demo" regions

step "Data, by both ways to it."
"$demo" data

step "How finely the page tables map it."
"$demo" granularity

step "First touch and bandwidth, beside ordinary memory."
"$demo" speed

step "A reset while the memory is mapped."
"$demo" reset

step "An ECC error: a page of the GPU's memory goes bad while a process uses it."
"$demo" error

step "That process is gone. Whoever opens the function next meets the same page, and not its error."
"$demo" still

step "What the administrator sees."
said 'poison at offset'
echo "    poison_count: $(cat "$dir/coherent/poison_count") page"
od -A n -t x8 "$dir/coherent/poison_ranges" |
	sed 's/^ */    poison_ranges: offset 0x/; s/ \+\([0-9a-f]*\)$/, length 0x\1/'
echo "    poison_policy: $(cat "$dir/coherent/poison_policy")"
rmmod nvgrace_coherent_vfio_pci
if rmmod coherent_vfio_pci_core 2>/dev/null; then
	echo "    NOT AS IT SHOULD BE: the core was removed, with a bad page on its list"
	exit 1
fi
echo "    the driver is removed; the core with its list is not, for as long as something is on it"
modprobe nvgrace-coherent-vfio-pci
bind "$bdf" "$driver"
echo "    the driver is back: poison_count: $(cat "$dir/coherent/poison_count")"

step "The memory was repaired: the administrator clears the list (echo all > poison_clear)."
"$demo" repaired

step "The function is given back, the modules are removed, nothing is left behind."
unbind "$bdf"
remove_modules
nothing_left
echo "    no module, no claim in /proc/iomem"
