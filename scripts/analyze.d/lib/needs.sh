# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a run will need, seen to before the first lane begins: one that ends after
# minutes with what it lacked from the start helps nobody. Sourced.

# writable FILE: or die; what is found would be lost there at the very end
writable() {
	[ -d "$(dirname -- "$1")" ] || die "there is no folder for $1"
	[ ! -d "$1" ] || die "$1 is a folder"
	[ ! -e "$1" ] || [ -w "$1" ] || die "$1 cannot be written to"
}

# wanted: what scripts/lab/setup has to have for these lanes and kernels. The tools
# and the newest source are there whatever it is asked for; "source" is that alone.
wanted() {
	local lane runs run tree
	echo source
	for lane in "${RUN[@]}"; do
		runs=$(runs_of "$lane")
		for run in ${runs// /:}; do
			tree=${run%:*}
			case $tree in
			-) ;;
			llvm-lts-*) echo source-lts ;;
			llvm-*) ;;
			*) echo "$tree" ;;
			esac
		done
	done
}

# set_up: costs nothing where all of it is there
set_up() {
	local want
	want=$(wanted | sort -u)
	# shellcheck disable=SC2086 # one word each
	"$TOP/scripts/lab/setup" $want
}
