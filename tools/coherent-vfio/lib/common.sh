# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What all commands share: messages, numbers, sizes for people. Sourced.
#
# Variables in capitals belong to the whole program, others to the function that
# sets them; a function that must not touch its caller's has its body in ( ).

note() {
	printf 'coherent-vfio: %s\n' "$*" >&2
}

die() {
	note "$*"
	exit 1
}

# wrong_usage TEXT: of the command that runs
wrong_usage() {
	printf 'coherent-vfio %s: %s\n' "$COMMAND" "$*" >&2
	command_usage >&2
	exit 2
}

need_root() {
	[ "$(id -u)" = 0 ] || die "$COMMAND needs root"
}

# read_file FILE: its first line, or nothing; status tells whether it could be read
read_file() {
	line=
	[ -r "$1" ] || return 1
	# Reading may fail where opening did not: an attribute that says so
	IFS= read -r line 2>/dev/null <"$1" || [ -n "$line" ] || return 1
	printf '%s\n' "$line"
}

# write_file FILE TEXT: the kernel's answer is the status
write_file() {
	printf '%s\n' "$2" 2>/dev/null >"$1"
}

# link_name LINK: the last part of what it points to, or nothing
link_name() {
	target=$(readlink "$1" 2>/dev/null) || return 1
	printf '%s\n' "${target##*/}"
}

# chosen FILE: the word in brackets, as in "auto [isolate] keep"
chosen() {
	choices=$(read_file "$1") || return 1
	choices=${choices#*\[}
	printf '%s\n' "${choices%%\]*}"
}

# number TEXT: 4096, 0x1000, 4K or 1G as a plain number; fails if it is none
number() {
	factor=1 digits=$1
	case $digits in
	*[Kk]) factor=1024 ;;
	*[Mm]) factor=1048576 ;;
	*[Gg]) factor=1073741824 ;;
	*[Tt]) factor=1099511627776 ;;
	esac
	[ $factor = 1 ] || digits=${digits%?}
	# 18 digits, or 15 of hexadecimal, fit into 64 bits with a sign. No leading
	# zero: to the shell that is octal.
	case $digits in
	0x | 0x*[!0-9a-fA-F]* | 0x????????????????*) return 1 ;;
	0x*) ;;
	'' | *[!0-9]* | 0?* | ???????????????????*) return 1 ;;
	esac
	product=$((digits * factor))
	[ "$product" -ge 0 ] && [ $((product / factor)) -eq $((digits)) ] || return 1
	printf '%d\n' "$product"
}

# size BYTES: for people, with one decimal where there is something to say
size() (
	unit=B bytes=$1 rest=0
	for next in KiB MiB GiB TiB; do
		[ "$bytes" -ge 1024 ] || break
		rest=$((bytes % 1024 * 10 / 1024))
		bytes=$((bytes / 1024))
		unit=$next
	done
	if [ "$rest" != 0 ]; then
		printf '%d.%d %s\n' "$bytes" "$rest" "$unit"
	else
		printf '%d %s\n' "$bytes" "$unit"
	fi
)

# plural N WORD: "1 page", "2 pages"
plural() {
	if [ "$1" = 1 ]; then
		printf '%s %s\n' "$1" "$2"
	else
		printf '%s %ss\n' "$1" "$2"
	fi
}

hex() {
	printf '0x%x\n' "$1"
}

# power_of_two BYTES: the smallest one that is as large
power_of_two() (
	power=1
	while [ "$power" -lt "$1" ]; do
		power=$((power * 2))
	done
	echo $power
)

page_size() {
	# getconf is not everywhere
	awk '/^KernelPageSize:/ { print $2 * 1024; exit }' /proc/self/smaps
}

# has PROGRAM
has() {
	command -v "$1" >/dev/null 2>&1
}

# count_words WORD...
count_words() {
	echo $#
}
