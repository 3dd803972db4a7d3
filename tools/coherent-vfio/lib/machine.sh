# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What a guest's machine must have for functions: QEMU's command line and libvirt's
# domain say the same in two languages. Sourced.

# What is asked for; the commands' options change it
IOMMUFD='' SMMU='' QEMU='' ARCH=$(uname -m)
# shellcheck disable=SC2034 # for the commands
MEMORY='' CPUS=1 FIRST_NODE=1

machine_usage() {
	cat <<-'END'
		  --iommufd, --type1   how VFIO is used; without: iommufd where the kernel has it
		  --smmu, --no-smmu    arm64: the functions behind SMMUs of the guest that the host's
		                       accelerates; without: where kernel, host and QEMU can
		  --memory SIZE        of the guest, as 64G; functions with proximity domains need it
		  --cpus N             of the guest
		  --first-node N       NUMA node of the first proximity domain (1)
		  --qemu PROGRAM       to ask what it can do (qemu-system of this architecture)
	END
}

# machine_option OPTION [VALUE]: takes it, and sets TAKEN to the number of words; fails
# if it is none
# shellcheck disable=SC2034 # for the commands
machine_option() {
	TAKEN=1
	case $1 in
	--iommufd) IOMMUFD=yes ;;
	--type1) IOMMUFD=no ;;
	--smmu) SMMU=yes ;;
	--no-smmu) SMMU=no ;;
	--memory | --cpus | --first-node | --qemu)
		[ $# -gt 1 ] || wrong_usage "$1 needs a value"
		TAKEN=2
		;;
	*) return 1 ;;
	esac
	case $1 in
	--memory) MEMORY=$(number "$2") || wrong_usage "--memory $2: it is a size, as 64G" ;;
	--cpus) CPUS=$(number "$2") && [ "$CPUS" != 0 ] || wrong_usage "--cpus $2: it is a number from 1 on" ;;
	--first-node) FIRST_NODE=$(number "$2") || wrong_usage "--first-node $2: it is a number" ;;
	--qemu) QEMU=$2 ;;
	esac
}

# smmu_fits: can the guest's SMMUs be the host's? They must be SMMUv3, be reached by
# iommufd, and QEMU must have the option.
smmu_fits() {
	[ "$ARCH" = aarch64 ] && [ "$IOMMUFD" = yes ] || return 1
	for one in $FUNCTIONS; do
		case $(iommu_of "$one") in
		smmu3.*) ;;
		*) return 1 ;;
		esac
	done
	"${QEMU:-qemu-system-$ARCH}" -device arm-smmuv3,help 2>/dev/null | grep -q '^ *accel='
}

# machine_plan FUNCTION...: decides what was left open; sets FUNCTIONS and WINDOW
machine_plan() {
	[ $# -gt 0 ] || wrong_usage "it takes one FUNCTION or more"
	FUNCTIONS=
	for text; do
		need_memory "$text"
		one=${DEV##*/}
		case " $FUNCTIONS " in
		*" $one "*) die "$one is named twice" ;;
		esac
		FUNCTIONS="$FUNCTIONS${FUNCTIONS:+ }$one"
	done
	if [ -z "$IOMMUFD" ]; then
		IOMMUFD=no
		! has_iommufd || IOMMUFD=yes
	fi
	if [ -z "$SMMU" ]; then
		SMMU=no
		! smmu_fits || SMMU=yes
	fi
	[ "$SMMU" = no ] || [ "$IOMMUFD" = yes ] ||
		die "an accelerated SMMU needs iommufd; leave out --type1, or give --no-smmu"
	[ "$SMMU" = no ] || [ "$ARCH" = aarch64 ] || die "--smmu: only arm64 machines have one"
	# shellcheck disable=SC2086 # a list
	WINDOW=$(machine_window "$(window_of $FUNCTIONS)")
	NODES=0
	for one in $FUNCTIONS; do
		# shellcheck disable=SC2046 # a list
		NODES=$((NODES + $(count_words $(domains_of "$one"))))
	done
}

# domains_of FUNCTION: firmware's proximity domains that it is an initiator of
domains_of() {
	read_file "$DEVICES/$1/coherent/proximity_domains"
}

# smmus: the host's SMMUs that the functions are behind, each once
smmus() {
	for one in $FUNCTIONS; do
		iommu_of "$one"
	done | awk '!seen[$0]++'
}

# smmu_number FUNCTION: which of these, from 1 on
smmu_number() {
	smmus | grep -n -x -F "$(iommu_of "$1")" | cut -d: -f1
}

# smmu_bus_number NUMBER: of the root bus in front of that one. The 256 of a segment are
# shared out.
smmu_bus_number() {
	share=$((256 / ($(smmus | wc -l) + 1)))
	[ $share -le 32 ] || share=32
	echo $(($1 * share))
}

# What a machine has by itself for 64-bit BARs
window_of_machine() {
	case $ARCH in
	aarch64) echo $((512 * GIB)) ;;
	*) echo $((32 * GIB)) ;;
	esac
}

# window_is_enough: need not be said
window_is_enough() {
	[ "$WINDOW" -le "$(window_of_machine)" ]
}

# initiators EMIT PREFIX: the NUMA nodes that the functions' memory will be, as options
# for QEMU by EMIT; function N is the device PREFIX followed by N
initiators() {
	node=$FIRST_NODE
	while [ "$node" -lt $((FIRST_NODE + NODES)) ]; do
		"$1" -numa "node,nodeid=$node"
		node=$((node + 1))
	done
	node=$FIRST_NODE number=0
	for one in $FUNCTIONS; do
		for _ in $(domains_of "$one"); do
			"$1" -object "acpi-generic-initiator,id=gpu$number-node$node,pci-dev=$2$number,node=$node"
			node=$((node + 1))
		done
		number=$((number + 1))
	done
}
