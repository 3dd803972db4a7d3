# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio poison: memory that is bad. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio poison list [--json] [--host | FUNCTION...]
		       coherent-vfio poison add FUNCTION OFFSET[+LENGTH]
		       coherent-vfio poison clear FUNCTION all|OFFSET+LENGTH
		       coherent-vfio poison clear --host all|ADDRESS+LENGTH
		       coherent-vfio poison policy [--json] [FUNCTION [auto|isolate|keep]]
		       coherent-vfio poison policy --default [auto|isolate|keep]
		  --host      of the whole host, by physical address, also what no bound function shows
		  --default   for functions that are bound for the first time from now on
		OFFSET and LENGTH are in bytes, from the start of the function's memory, as 0x1000 or 4K.
	END
}

# pairs FILE: a list of ranges, "FIRST LENGTH" a line
pairs() {
	od -A n -v -t x8 -w16 "$1" 2>/dev/null | while read -r first length; do
		echo "0x$first 0x$length"
	done
}

# ranges_of FUNCTION: the same as it was at one moment; a read gives a page at a time
ranges_of() (
	directory=$DEVICES/$1/coherent
	for _ in 1 2 3 4 5; do
		count=$(read_file "$directory/poison_count")
		ranges=$(pairs "$directory/poison_ranges")
		[ "$(read_file "$directory/poison_count")" != "$count" ] || break
	done
	[ -z "$ranges" ] || printf '%s\n' "$ranges"
)

# aperture_of FUNCTION: its first and its last address, as the core has claimed them. Regions
# need not fill it.
aperture_of() {
	sed -n "s/^ *\([0-9a-f]*\)-\([0-9a-f]*\) : coherent $1\$/0x\1 0x\2/p" /proc/iomem
}

# place FUNCTION OFFSET: "REGION OFFSET-IN-IT ADDRESS" of an offset in the aperture; "- -"
# where no region shows it
place() (
	found='' aperture=$(aperture_of "$1")
	[ -n "$aperture" ] || return
	address=$((${aperture% *} + $2))
	for region in $(regions_of "$1"); do
		at=$DEVICES/$1/coherent/region$region
		into=$((address - $(read_file "${at}_base")))
		[ $into -ge 0 ] && [ $into -lt $(($(read_file "${at}_length"))) ] && found="$region $into"
	done
	echo "${found:-- -} $address"
)

# bytes_in: of a list of ranges on standard input
bytes_in() (
	bytes=0
	while read -r first length; do
		bytes=$((bytes + length))
	done
	echo $bytes
)

list_text() {
	directory=$DEVICES/$1/coherent
	ranges=$(ranges_of "$1")
	printf '%s: %s (%s) poisoned, policy %s\n' "$1" "$(plural "$(read_file "$directory/poison_count")" page)" \
		"$(size "$(printf '%s' "${ranges:+$ranges
}" | bytes_in)")" "$(chosen "$directory/poison_policy")"
	[ -z "$ranges" ] || printf '%s\n' "$ranges" | while read -r offset length; do
		# shellcheck disable=SC2046 # three words
		set -- "$1" $(place "$1" "$offset")
		[ $# = 4 ] || continue
		case $2 in
		-) where="in no region" ;;
		*) where="region $2 at $(hex "$3")" ;;
		esac
		printf '    offset %s, length %s: %s, address %s\n' "$(hex "$offset")" \
			"$(hex "$length")" "$where" "$(hex "$4")"
	done
}

list_json() (
	comma=
	printf '{"function":%s,"pages":%s,"policy":%s,"ranges":[' "$(json_string "$1")" \
		"$(json_number "$(read_file "$DEVICES/$1/coherent/poison_count")")" \
		"$(json_string "$(chosen "$DEVICES/$1/coherent/poison_policy")")"
	ranges_of "$1" | {
		while read -r offset length; do
			# shellcheck disable=SC2046 # three words
			set -- "$1" $(place "$1" "$offset")
			[ $# = 4 ] || continue
			printf '%s{"offset":%d,"length":%d,"region":%s,"region_offset":%s,"address":%s}' \
				"$comma" "$offset" "$length" "$(json_number "${2#-}")" \
				"$(json_number "${3#-}")" "$(json_number "$4")"
			comma=,
		done
	}
	printf ']}'
)

host_text() {
	ranges=$(pairs "$HOST/poison_ranges")
	if [ -z "$ranges" ]; then
		echo "nothing is poisoned"
		return
	fi
	printf '%s\n' "$ranges" | while read -r address length; do
		printf 'address %s, length %s\n' "$(hex "$address")" "$(hex "$length")"
	done
}

host_json() (
	comma=
	printf '['
	pairs "$HOST/poison_ranges" | {
		while read -r address length; do
			printf '%s{"address":%d,"length":%d}' "$comma" "$address" "$length"
			comma=,
		done
	}
	printf ']\n'
)

# only_with_memory: of the functions on standard input
only_with_memory() {
	while read -r one; do
		[ ! -d "$DEVICES/$one/coherent" ] || printf '%s\n' "$one"
	done
}

poison_list() {
	if [ -n "$WHOLE_HOST" ]; then
		[ $# = 0 ] || wrong_usage "--host is about all functions"
		[ -e "$HOST/poison_ranges" ] || die "coherent-vfio-pci-core is not loaded"
		"host_$FORMAT"
		return
	fi
	if [ $# = 0 ]; then
		functions=$(functions_with_memory)
	else
		for text; do
			need_memory "$text"
		done
		functions=$(functions_given "$@" | only_with_memory)
	fi
	case $FORMAT in
	text)
		for one in $functions; do
			list_text "$one"
		done
		[ -n "$functions" ] || note "no bound function has coherent memory; --host lists what is on record all the same"
		;;
	json)
		comma=
		printf '['
		for one in $functions; do
			printf '%s' "$comma"
			list_json "$one"
			comma=,
		done
		printf ']\n'
		;;
	esac
}

# range TEXT: OFFSET+LENGTH as the kernel takes it
range() (
	case $1 in
	*+*) ;;
	*) exit 1 ;;
	esac
	first=$(number "${1%%+*}") && length=$(number "${1#*+}") || exit
	page=$(page_size)
	[ $((first % page)) = 0 ] && [ $((length % page)) = 0 ] && [ "$length" != 0 ] || exit
	printf '0x%x+0x%x\n' "$first" "$length"
)

# need_range TEXT: the same, or dies
need_range() {
	range "$1" || die "'$1' is not OFFSET+LENGTH, in whole pages of $(page_size) bytes"
}

# need_text_range TEXT: "all" as well
need_text_range() {
	case $1 in
	all) echo all ;;
	*) need_range "$1" ;;
	esac
}

# refused_by_kernel TEXT: dies, and says how much there is
refused_by_kernel() {
	aperture=$(aperture_of "$FUNCTION")
	[ -n "$aperture" ] || die "the kernel refuses $1: $FUNCTION shows no coherent memory any more"
	die "the kernel refuses $1: the memory of $FUNCTION has $(hex $((${aperture#* } - ${aperture% *} + 1))) bytes"
}

poison_add() {
	[ $# = 2 ] || wrong_usage "poison add takes a FUNCTION and an OFFSET, or OFFSET+LENGTH"
	need_memory "$1"
	case $2 in
	*+*) text=$2 ;;
	*) text=$2+$(page_size) ;;
	esac
	text=$(need_range "$text") || exit
	write_file "$DEV/coherent/poison_add" "$text" ||
		refused_by_kernel "$text"
	say_count
}

say_count() {
	count=$(read_file "$DEV/coherent/poison_count")
	case $count in
	1) echo "$FUNCTION: 1 page is poisoned" ;;
	*) echo "$FUNCTION: $count pages are poisoned" ;;
	esac
}

poison_clear() {
	if [ -n "$WHOLE_HOST" ]; then
		[ $# = 1 ] || wrong_usage "poison clear --host takes ADDRESS+LENGTH, or all"
		[ -d "$CORE" ] || die "coherent-vfio-pci-core is not loaded"
		text=$(need_text_range "$1") || exit
		write_file "$CORE/parameters/poison_forget" "$text" || die "the kernel refuses $text"
		host_text
		return
	fi
	[ $# = 2 ] || wrong_usage "poison clear takes a FUNCTION, and all or OFFSET+LENGTH"
	need_memory "$1"
	text=$(need_text_range "$2") || exit
	write_file "$DEV/coherent/poison_clear" "$text" ||
		refused_by_kernel "$text"
	say_count
}

need_policy() {
	case $1 in
	auto | isolate | keep) ;;
	*) die "'$1' is no policy; they are auto, isolate and keep, see coherent-vfio(8)" ;;
	esac
}

policy_default() {
	[ -d "$CORE" ] || die "coherent-vfio-pci-core is not loaded"
	if [ $# = 1 ]; then
		need_policy "$1"
		write_file "$CORE/parameters/poison_policy" "$1" || die "the kernel refuses $1"
		note "until the module is removed; for longer: echo options coherent-vfio-pci-core poison_policy=$1 >/etc/modprobe.d/coherent-vfio.conf"
	fi
	policy=$(read_file "$CORE/parameters/poison_policy")
	case $FORMAT in
	text) echo "default: $policy" ;;
	json) printf '{"default":%s}\n' "$(json_string "$policy")" ;;
	esac
}

policy_show() {
	case $FORMAT in
	text)
		for one; do
			echo "$one: $(chosen "$DEVICES/$one/coherent/poison_policy")"
		done
		;;
	json)
		comma=
		printf '{'
		for one; do
			printf '%s%s:%s' "$comma" "$(json_string "$one")" \
				"$(json_string "$(chosen "$DEVICES/$one/coherent/poison_policy")")"
			comma=,
		done
		printf '}\n'
		;;
	esac
}

poison_policy() {
	if [ -n "$DEFAULT" ]; then
		[ $# -le 1 ] || wrong_usage "poison policy --default takes a policy, or nothing"
		need_policy "${1-auto}"
		policy_default "$@"
		return
	fi
	[ $# -le 2 ] || wrong_usage "poison policy takes a FUNCTION, and perhaps a policy"
	if [ $# = 0 ]; then
		# shellcheck disable=SC2046 # a list
		policy_show $(functions_with_memory)
		return
	fi
	need_memory "$1"
	if [ $# = 2 ]; then
		need_policy "$2"
		write_file "$DEV/coherent/poison_policy" "$2" || die "the kernel refuses $2"
	fi
	policy_show "$FUNCTION"
}

FORMAT=text WHOLE_HOST='' DEFAULT=''
case ${1-} in
list | add | clear | policy)
	ACTION=$1
	shift
	;;
-h | --help)
	command_usage
	exit 0
	;;
*) wrong_usage "it takes list, add, clear or policy" ;;
esac
while [ $# -gt 0 ]; do
	case $1 in
	--json) FORMAT=json ;;
	--host) WHOLE_HOST=1 ;;
	--default) DEFAULT=1 ;;
	-h | --help)
		command_usage
		exit 0
		;;
	-*) wrong_usage "there is no option '$1'" ;;
	*) break ;;
	esac
	shift
done
need_root
"poison_$ACTION" "$@"
