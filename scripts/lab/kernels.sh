# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the lab's kernels are: each has a file in kernels/, whose README.md says
# what is in it. Whoever wants to know something of a kernel asks here and looks
# at no name. Sourced by lib.sh.

LAB_KERNELS=$LAB_SCRIPTS/kernels

# kernel_names: all that there are, those of our own and the newest first
kernel_names() {
	find "$LAB_KERNELS" -type f ! -name '*.*' ! -name '*~' -printf '%f\n' | sort -r
}

# kernel_known NAME: or die, and say what there is
kernel_known() {
	[[ $1 != *[/.~]* && -f $LAB_KERNELS/$1 ]] ||
		die "no kernel is called '$1' (there are: $(kernel_names | sort | xargs))"
}

# kernel_fact NAME KEY: the words of a key, or nothing
kernel_fact() {
	kernel_known "$1"
	sed -n "s/^$2: *//p" "$LAB_KERNELS/$1"
}

# kernel_is NAME KEY [WORD]: is WORD (or "yes") among the words of the key?
kernel_is() {
	[[ " $(kernel_fact "$1" "$2") " == *" ${3:-yes} "* ]]
}

# kernels_with WORD KEY...: those that have the word in one of the keys
kernels_with() {
	local word=$1 name key
	shift
	for name in $(kernel_names); do
		for key; do
			! kernel_is "$name" "$key" "$word" || {
				echo "$name"
				break
			}
		done
	done
}

# kernel_with WORD KEY: the one that has it
kernel_with() {
	local names
	mapfile -t names < <(kernels_with "$@")
	[ ${#names[@]} = 1 ] ||
		die "one kernel is to have '$1' in '$2', not these: ${names[*]:-(none)}"
	echo "${names[0]}"
}

# kernel_arch NAME: its Debian architecture
kernel_arch() {
	kernel_fact "$1" arch
}

# kernel_source NAME: what it is built from, in $LAB_DIR/src, before our patches; nothing
# for those out of the archive
kernel_source() {
	case $(kernel_fact "$1" from) in
	source) echo linux ;;
	source-lts) echo linux-lts ;;
	esac
}

# kernel_is_ours NAME: built from source, and not out of the archive
kernel_is_ours() {
	[ -n "$(kernel_source "$1")" ]
}

# stock_kernels: those out of the archive
stock_kernels() {
	local name
	for name in $(kernel_names); do
		kernel_is_ours "$name" || echo "$name"
	done
}
