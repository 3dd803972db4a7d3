# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio poison: what is listed is what was recorded. Sourced by tool.sh.

# 64 KiB are whole pages for every kernel
PIECE=$((0x10000))

poison_is_listed() {
	gpu=$(bdf_of gpu) function=$(role gpu)
	use=$(field "$function" use)
	tool poison list "$gpu" && says out "$gpu: 0 pages (0 B) poisoned, policy auto" || return 1
	tool poison add "$gpu" 0x20000+64K && says out "$gpu: $((PIECE / $(page))) page" &&
		tool poison add "$gpu" 1M && tool poison list "$gpu" &&
		says out "offset 0x20000, length 0x10000: region 4 at 0x20000, address $(printf '0x%x' $((${use%+*} + 0x20000)))" &&
		says out "offset 0x100000, length $(printf '0x%x' "$(page)"): region 4" || return 1
	shows json poison poison list --json && says out '"offset":131072,"length":65536,"region":4' &&
		tool list "$gpu" && says out " $((PIECE / $(page) + 1)) " || return 1
	tool poison list --host && says out "address $(printf '0x%x' $((${use%+*} + 0x100000)))" &&
		shows json poison-host poison list --json --host && says out "\"length\":65536"
}

page() {
	awk '/^KernelPageSize:/ { print $2 * 1024; exit }' /proc/self/smaps
}

# In the second region, behind the first
poison_in_the_other_region() {
	port=$(bdf_of port) function=$(role port)
	use=$(field "$function" use)
	offset=$((${use#*+} + PIECE))
	tool poison add "$port" "$offset" && tool poison list "$port" &&
		says out "offset $(printf '0x%x' $offset), length $(printf '0x%x' "$(page)"): region 2 at 0x10000" &&
		tool poison clear "$port" "$offset+$PIECE" && says out ': 0 pages are'
}

poison_is_cleared() {
	gpu=$(bdf_of gpu)
	tool poison clear "$gpu" 1M+64K && says out "$((PIECE / $(page))) page" &&
		tool poison clear "$gpu" all && says out ': 0 pages' &&
		tool poison add "$gpu" 0 && tool poison clear --host all && says out 'nothing is poisoned' &&
		[ "$(cat "/sys/bus/pci/devices/$gpu/coherent/poison_count")" = 0 ]
}

nonsense_is_refused() {
	gpu=$(bdf_of gpu)
	refuses 1 'is not OFFSET+LENGTH' poison add "$gpu" 1 &&
		refuses 1 'is not OFFSET+LENGTH' poison add "$gpu" all &&
		refuses 1 'is not OFFSET+LENGTH' poison add "$gpu" 0+0 &&
		refuses 1 'the kernel refuses' poison add "$gpu" 1T+64K &&
		refuses 1 'the kernel refuses' poison clear "$gpu" 1T+64K &&
		refuses 1 'is not OFFSET+LENGTH' poison clear "$gpu" 0x10000 &&
		refuses 1 'is no policy' poison policy "$gpu" never &&
		refuses 1 'is no policy' poison policy --default never &&
		refuses 1 'shows no coherent memory' poison list "$(bdf_of pass)" &&
		refuses 1 'shows no coherent memory' poison add "$(bdf_of late)" 0 &&
		refuses 2 'usage' poison add "$gpu" &&
		refuses 2 'usage' poison &&
		refuses 2 'usage' poison wash || return 1
	# The kernel knows no "all" of this
	! echo all 2>/dev/null >"/sys/bus/pci/devices/$gpu/coherent/poison_add"
}

policies_are_set() {
	gpu=$(bdf_of gpu)
	tool poison policy "$gpu" isolate && says out "$gpu: isolate" &&
		grep -q '\[isolate\]' "/sys/bus/pci/devices/$gpu/coherent/poison_policy" &&
		shows json policy poison policy --json && says out "\"$gpu\":\"isolate\"" &&
		tool poison policy "$gpu" auto &&
		tool poison policy --default keep && says err '/etc/modprobe.d' &&
		[ "$(cat /sys/module/coherent_vfio_pci_core/parameters/poison_policy)" = keep ] &&
		shows json policy-default poison policy --default --json && says out '"default":"keep"' &&
		tool poison policy --default auto
}

tests_poison() {
	check "poison add, list" poison_is_listed
	check "... in the second region" poison_in_the_other_region
	check "poison clear" poison_is_cleared
	check "poison: nonsense is refused" nonsense_is_refused
	check "poison policy" policies_are_set
}
