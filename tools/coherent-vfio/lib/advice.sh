# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What the kernel's log says of a function, and what to do about it. Sourced.

# messages_of FUNCTION: all that drivers have said, without time stamps
messages_of() {
	dmesg 2>/dev/null | sed 's/^\[[^]]*\] //' | grep -F " $1: "
}

# messages_since FUNCTION COUNT: the same without the first COUNT
messages_since() {
	messages_of "$1" | tail -n "+$(($2 + 1))"
}

# advice_for TEXT: what to do where the log says that; or nothing
advice_for() {
	case $1 in
	*'does not answer'*) echo "power-cycle it; or remove it and rescan the bus" ;;
	*'the link to the memory is down'*) echo "power-cycle the machine, and look at the firmware's log" ;;
	*'did not become ready'*) echo "reset or power-cycle it, then bind again" ;;
	*"firmware's list of bad memory"*) echo "a bug of the firmware: report it to the vendor" ;;
	*'firmware gives '* | *'is no number'* | *'wraps around'* | *'beyond the last physical'*)
		echo "a bug of the firmware: report it to the vendor"
		;;
	*'multiple of the page size'*) echo "use a kernel with pages of 4 KiB; or it is a bug of the firmware" ;;
	*'overlaps System RAM'*) echo "the kernel uses that memory itself: reserve it at boot, or, on real hardware, report a bug of the firmware" ;;
	*'in quarantine'*) echo "end the program that has the other device, or write the range to $HOST/quarantine" ;;
	*'in use, see /proc/iomem'*) echo "unbind who has that memory: grep coherent /proc/iomem" ;;
	*'which tells readiness, is in use'*) echo "another driver holds the registers: unbind it" ;;
	*'kernel lockdown forbids'*) echo "boot without lockdown, or let firmware describe the memory" ;;
	*'of CXL memory, and firmware does not say where'*) echo "update the firmware: it must describe the memory" ;;
	*'KVM on this kernel cannot'*) echo "on arm64: Linux 6.17 or newer, and a CPU with FWB and DIC" ;;
	*'can crash this host'*) echo "where guests are not trusted: coherent-vfio poison policy FUNCTION isolate" ;;
	esac
}
