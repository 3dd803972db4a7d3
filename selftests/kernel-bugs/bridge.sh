# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For the scripts of bugs: the host bridge of modules/bug_bridge.c, and its function, as
# sysfs has them. Sourced after failures.sh.

BRIDGE=/sys/devices/pci10000:00
BUS=/sys/class/pci_bus/10000:00
FUNCTION=/sys/bus/pci/devices/10000:00:00.0

bridge_is_there() {
	[ -e $BRIDGE ] && [ -e $BUS ] && [ -e $BUS/rescan ]
}

# It can be used, too: its configuration space can be read
function_is_there() {
	[ -e $FUNCTION ] && [ -e $BRIDGE/10000:00:00.0 ] && [ "$(cat $FUNCTION/vendor)" = 0x1234 ] &&
		[ "$(od -A n -t x2 -N 4 $FUNCTION/config | tr -d ' ')" = 12340001 ]
}

function_is_gone() {
	[ ! -e $FUNCTION ] && [ ! -L $FUNCTION ] && [ ! -e $BRIDGE/10000:00:00.0 ]
}

all_is_gone() {
	function_is_gone && [ ! -e $BRIDGE ] && [ ! -e $BUS ] && [ ! -L $BUS ]
}
