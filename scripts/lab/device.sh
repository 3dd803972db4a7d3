# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# --device SPEC of scripts/lab/run: what it means for the device model, for
# QEMU and for the ACPI table that describes all devices of a run. Sourced.
#
#   model=gh200|gb200|gb300|plain   the function (required); model=qemu:DRIVER is one
#                         of QEMU's own devices instead, other keys its properties
#   slot=N                PCI device number on the root bus, 1 to 27
#   port=NAME             put it behind a root port of that id, at this slot
#   base=, size=          the aperture, as _DSD properties
#   prop=nvidia|coherent|none       how these are called (default: nvidia)
#   dsd.KEY=VALUE         any other property, or another value for one of the
#                         above: an integer, integers with colons between them
#                         (a list), a "string", or nothing (left out)
#   KEY[=VALUE]           all else goes to the model, as --KEY[=VALUE]

# For run: arguments for QEMU, command lines of models, bodies of the table.
DEVICE_QEMU=()
DEVICE_MODELS=()
DEVICE_ACPI=

# bytes TEXT: a number with an optional K, M, G or T as a plain number.
bytes() {
	case $1 in
	*[!0-9a-fA-FxKMGTkmgt]* | '') die "'$1' is not a size or an address" ;;
	*[Kk]) echo $((${1%?} << 10)) ;;
	*[Mm]) echo $((${1%?} << 20)) ;;
	*[Gg]) echo $((${1%?} << 30)) ;;
	*[Tt]) echo $((${1%?} << 40)) ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# acpi_value ARCH KEY VALUE
acpi_value() {
	local items=() item list=
	case $3 in
	'"'*'"') ;;
	*:*)
		IFS=: read -r -a items <<<"$3"
		for item in "${items[@]}"; do
			item=$(acpi_value "$1" "$2" "$item") || exit
			list+=${list:+, }$item
		done
		printf 'Package () { %s }\n' "$list"
		return
		;;
	*[!0-9a-fA-FxX]* | '') die "_DSD property $2: '$3' is neither an integer nor a \"string\"" ;;
	*)
		# 64-bit shell arithmetic is signed: test the upper half's bits.
		# QEMU's x86 DSDT is of revision 1, which cuts all integers
		# to 32 bits, silently.
		[ "$1" = arm64 ] || [ $((($3 >> 32) & 0xffffffff)) = 0 ] ||
			die "_DSD property $2: $3 does not fit in the 32 bits that x86 guests have for it"
		;;
	esac
	printf '%s\n' "$3"
}

# acpi_scope SLOT BEHIND-PORT: the node of that function. QEMU's own table has
# one for each function that is plugged; a second one with the same _ADR would
# be ignored, so properties are added to QEMU's.
acpi_scope() {
	printf '\\_SB.PCI0.S%02X' $(($1 << 3))
	[ -z "$2" ] || printf '.S00'
}

# device_add ARCH SPEC
device_add() {
	local arch=$1 spec=$2 item key value prefix
	local model='' slot='' port='' base='' size='' prop=nvidia
	local rest=() items=() index=${#DEVICE_MODELS[@]} bus=pcie.0 addr scope props='' pending=''
	local -A dsd=()
	IFS=, read -r -a items <<<"$spec"
	for item in "${items[@]}"; do
		# Names of properties have commas in them.
		item=$pending$item pending=
		if [[ $item == dsd.* && $item != *=* ]]; then
			pending=$item,
			continue
		fi
		key=${item%%=*}
		value=${item#"$key"}
		value=${value#=}
		case $key in
		model) model=$value ;;
		slot) slot=$value ;;
		port) port=$value ;;
		base) base=$(bytes "$value") ;;
		size) size=$(bytes "$value") ;;
		prop) prop=$value ;;
		dsd.?*) dsd[${key#dsd.}]=$value ;;
		'') die "--device $spec: an empty item" ;;
		*) rest+=("$item") ;;
		esac
	done
	[ -z "$pending" ] || die "--device $spec: ${pending%,} has no value"
	[ -n "$model" ] || die "--device $spec: model= is missing"
	[[ $slot =~ ^([1-9]|1[0-9]|2[0-7])$ ]] ||
		die "--device $spec: slot= must be 1 to 27"

	case $prop in
	nvidia) prefix=nvidia,gpu-mem ;;
	coherent) prefix=coherent,mem ;;
	none) prefix= ;;
	*) die "--device $spec: prop= is nvidia, coherent or none" ;;
	esac
	if [ -n "$prefix" ]; then
		[ -z "$base" ] || : "${dsd[$prefix-base-pa]=$base}"
		[ -z "$size" ] || : "${dsd[$prefix-size]=$size}"
	fi
	for key in "${!dsd[@]}"; do
		[ -n "${dsd[$key]}" ] || continue
		value=$(acpi_value "$arch" "$key" "${dsd[$key]}")
		props+="Package () { \"$key\", $value },"$'\n'
	done
	if [ -n "$props" ]; then
		DEVICE_ACPI+=$(
			scope=$(acpi_scope "$slot" "$port")
			echo "External ($scope, DeviceObj)"
			echo "Scope ($scope) {"
			echo 'Name (_DSD, Package () {'
			echo 'ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"), Package () {'
			printf '%s} }) }\n' "$props"
		)$'\n'
	fi

	addr=$(printf '0x%x' "$slot")
	if [ -n "$port" ]; then
		DEVICE_QEMU+=(-device
			"pcie-root-port,x-speed=5,id=$port,bus=pcie.0,addr=$addr,chassis=$slot,slot=$slot")
		bus=$port
		addr=0x0
	fi
	case $model in
	qemu:*)
		DEVICE_QEMU+=(-device "$(
			IFS=,
			echo "${model#qemu:},bus=$bus,addr=$addr${rest[*]:+,${rest[*]}}"
		)")
		;;
	*)
		DEVICE_MODELS+=("--socket=model-$index.sock --model=$model ${rest[*]/#/--}")
		DEVICE_QEMU+=(-device
			"{\"driver\":\"vfio-user-pci\",\"bus\":\"$bus\",\"addr\":\"$addr\",\"socket\":{\"type\":\"unix\",\"path\":\"model-$index.sock\"}}")
		;;
	esac
}

# device_table: the whole SSDT as source text, nothing if no device has properties.
device_table() {
	[ -n "$DEVICE_ACPI" ] || return 0
	echo 'DefinitionBlock ("", "SSDT", 2, "LAB", "DEVICES", 1)'
	echo '{'
	printf '%s}\n' "$DEVICE_ACPI"
}
