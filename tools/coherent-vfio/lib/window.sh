# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# How much address space a guest must have for the BARs of functions. Sourced.

GIB=1073741824

# bar_sizes FUNCTION: the size of each BAR that a guest puts into its 64-bit window:
# those of the regions, and the 64-bit BARs of the function that no region hides
bar_sizes() (
	hidden=' '
	for region in $(regions_of "$1"); do
		bar_size=$(read_file "$DEVICES/$1/coherent/region${region}_bar_size")
		hidden="$hidden$region $((region + 1)) "
		echo $((bar_size))
	done
	bar=0
	# Start, end and flags of each resource; BARs are the first six
	head -n 6 "$DEVICES/$1/resource" | while read -r start end flags; do
		case $hidden in
		*" $bar "*) flags=0 ;;
		esac
		# Memory of 64 bits that may be prefetched
		if [ $((flags & 0x102200)) = $((0x102200)) ]; then
			echo $((end - start + 1))
		fi
		bar=$((bar + 1))
	done
)

# window_of FUNCTION...: bytes that these take together. BARs are powers of two, each at
# a multiple of its size: the largest first they leave no gap.
window_of() (
	total=0
	for function; do
		for bar_size in $(bar_sizes "$function"); do
			total=$((total + bar_size))
		done
	done
	echo $total
)

# port_window BYTES: what a port must reserve for that; firmware takes powers of two
port_window() {
	power_of_two "$1"
}

# machine_window BYTES: of the whole machine, with something for other devices
machine_window() {
	power_of_two $(($1 + GIB))
}

# qemu_size BYTES: a power of two as QEMU's options have it
qemu_size() (
	bytes=$1 unit=
	for next in K M G T; do
		if [ $((bytes % 1024)) != 0 ] || [ "$bytes" -lt 1024 ]; then
			break
		fi
		bytes=$((bytes / 1024)) unit=$next
	done
	printf '%d%s\n' "$bytes" "$unit"
)
