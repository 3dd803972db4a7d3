# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio list: functions with coherent memory, those of our drivers without, and
# those that one of our drivers is for. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio list [--json] [FUNCTION...]
		  --json   all that is known, for programs
	END
}

# A column that is as wide as what is in it
LIST_FORMAT='%-13s %-26s %-14s %5s %10s %5s  %s\n'

# memory_of FUNCTION: bytes of all its regions
memory_of() (
	total=0
	for region in $(regions_of "$1"); do
		total=$((total + $(read_file "$DEVICES/$1/coherent/region${region}_length")))
	done
	echo $total
)

# nodes_of FUNCTION: NUMA nodes of its memory
nodes_of() {
	for region in $(regions_of "$1"); do
		read_file "$DEVICES/$1/coherent/region${region}_numa_node"
	done | sort -n -u | tr '\n' ' ' | sed 's/ $//'
}

list_one() {
	directory=$DEVICES/$1/coherent
	driver=$(driver_of "$1") || driver=-
	memory=- bad=- nodes=-
	if [ -d "$directory" ]; then
		memory=$(size "$(memory_of "$1")")
		bad=$(read_file "$directory/poison_count")
		nodes=$(nodes_of "$1")
	fi
	pids=$(vfio_users "$1")
	users=
	# shellcheck disable=SC2086 # a list
	[ -z "$pids" ] || users=$(processes $pids)
	# shellcheck disable=SC2059 # the same for all lines
	printf "$LIST_FORMAT" "$1" "$driver" "$(state_of "$1")" "$nodes" "$memory" "$bad" "$users"
	for region in $(regions_of "$1"); do
		printf '    region %d: %s, %s in a BAR of %s\n' "$region" \
			"$(read_file "$directory/region${region}_memory_type")" \
			"$(size "$(($(read_file "$directory/region${region}_length")))")" \
			"$(size "$(($(read_file "$directory/region${region}_bar_size")))")"
	done
}

list_text() {
	# shellcheck disable=SC2059 # the same for all lines
	[ -z "$FUNCTIONS" ] || printf "$LIST_FORMAT" FUNCTION DRIVER STATE NODE MEMORY BAD 'OPEN IN'
	for one in $FUNCTIONS; do
		list_one "$one"
	done
	[ -n "$FUNCTIONS" ] || note "no function here has coherent memory, nor is there one that a driver of coherent-vfio is for"
}

json_region() {
	at=$DEVICES/$1/coherent/region$2
	printf '{"region":%d,"memory_type":%s,"base":%s,"length":%s,"bar_size":%s,"numa_node":%s}' "$2" \
		"$(json_string "$(read_file "${at}_memory_type")")" \
		"$(json_number "$(read_file "${at}_base")")" \
		"$(json_number "$(read_file "${at}_length")")" \
		"$(json_number "$(read_file "${at}_bar_size")")" \
		"$(json_number "$(read_file "${at}_numa_node")")"
}

json_regions() (
	comma=
	printf '['
	for region in $(regions_of "$1"); do
		printf '%s' "$comma"
		json_region "$1" "$region"
		comma=,
	done
	printf ']'
)

json_users() (
	comma=
	printf '['
	for pid in $(vfio_users "$1"); do
		printf '%s{"pid":%d,"name":%s}' "$comma" "$pid" "$(json_string "$(process_name "$pid")")"
		comma=,
	done
	printf ']'
)

# json_memory FUNCTION: what only those have that have coherent memory
json_memory() {
	directory=$DEVICES/$1/coherent
	printf ',"regions":%s' "$(json_regions "$1")"
	# shellcheck disable=SC2046 # a list
	printf ',"proximity_domains":%s' "$(json_list number $(read_file "$directory/proximity_domains"))"
	printf ',"poison":{"pages":%s,"policy":%s}' \
		"$(json_number "$(read_file "$directory/poison_count")")" \
		"$(json_string "$(chosen "$directory/poison_policy")")"
	printf ',"scrub":%s' "$(json_string "$(chosen "$directory/scrub")")"
	for counter in readiness_failures link_errors link_recoveries link_failures; do
		printf ',"%s":%s' "$counter" "$(json_number "$(read_file "$directory/$counter")")"
	done
}

json_function() {
	at=$DEVICES/$1
	printf '{"function":%s,"driver":%s,"state":%s,"vendor":%s,"device":%s,"iommu_group":%s,"numa_node":%s' \
		"$(json_string "$1")" "$(json_or_null "$(driver_of "$1")")" \
		"$(json_string "$(state_of "$1")")" \
		"$(json_string "$(read_file "$at/vendor")")" "$(json_string "$(read_file "$at/device")")" \
		"$(json_number "$(group_of "$1")")" "$(json_number "$(read_file "$at/numa_node")")"
	[ ! -d "$at/coherent" ] || json_memory "$1"
	printf ',"users":%s}' "$(json_users "$1")"
}

list_json() {
	comma=
	printf '['
	for one in $FUNCTIONS; do
		printf '%s\n' "$comma"
		json_function "$one"
		comma=,
	done
	printf '\n]\n'
}

FORMAT=text
while [ $# -gt 0 ]; do
	case $1 in
	--json) FORMAT=json ;;
	-h | --help)
		command_usage
		exit 0
		;;
	-*) wrong_usage "there is no option '$1'" ;;
	*) break ;;
	esac
	shift
done
FUNCTIONS=$(functions_given "$@") || exit
remember_open_files
"list_$FORMAT"
