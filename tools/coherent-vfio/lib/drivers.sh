# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Which driver is for a function: what depmod has written of the modules of this
# kernel. Sourced.

MODULES=/lib/modules/$(uname -r)

# module_word NAME: as the kernel calls it
module_word() {
	printf '%s' "$1" | tr - _
}

# our_modules: modules that depend on the core; names with underscores
our_modules() {
	[ -r "$MODULES/modules.dep" ] || return 0
	# Those that it depends on stand behind the colon
	sed -n 's|^\([^:]*\):.*coherent-vfio-pci-core\.ko.*|\1|p' "$MODULES/modules.dep" |
		sed 's|.*/||; s|\.ko.*||; y/-/_/'
}

# our_aliases: lines "PATTERN MODULE" by which VFIO drivers of ours are found
our_aliases() (
	ours=" $(our_modules | tr '\n' ' ')"
	[ -n "${ours# }" ] || return 0
	sed -n 's/^alias \(vfio_pci:[^ ]*\) \(.*\)/\1 \2/p' "$MODULES/modules.alias" 2>/dev/null |
		while read -r pattern module; do
			case $ours in
			*" $module "*) printf '%s %s\n' "$pattern" "$module" ;;
			esac
		done
)

# alias_matches TEXT ALIASES: the module of the first pattern that matches
alias_matches() (
	printf '%s\n' "$2" | while read -r pattern module; do
		# shellcheck disable=SC2254 # a pattern
		case $1 in
		$pattern)
			printf '%s\n' "$module"
			break
			;;
		esac
	done | grep .
)

# driver_for FUNCTION: the driver of ours that is meant for it; fails if none is
driver_for() {
	modalias=$(read_file "$DEVICES/$1/modalias") || return 1
	alias_matches "vfio_$modalias" "$(our_aliases)"
}

# modules_are_there: is the core there for this kernel, built in or loaded also?
modules_are_there() {
	[ -d "$CORE" ] || [ -d "$HOST" ] ||
		grep -q 'coherent-vfio-pci-core\.ko' "$MODULES/modules.dep" 2>/dev/null
}

# load_driver NAME: its module; then its name among PCI drivers
load_driver() {
	load_name=$(module_word "$1")
	if [ ! -d "/sys/module/$load_name" ]; then
		load_said=$(modprobe "$load_name" 2>&1) ||
			die "the module $load_name does not load: ${load_said:-no reason given; see dmesg}"
	fi
	# vfio_pci's driver is called vfio-pci
	for load_driver in "$1" "$load_name" "$(printf '%s' "$load_name" | tr _ -)"; do
		if [ -d "$DRIVERS/$load_driver" ]; then
			printf '%s\n' "$load_driver"
			return
		fi
	done
	die "the module $load_name has no PCI driver"
}
