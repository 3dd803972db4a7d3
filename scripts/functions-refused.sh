# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Functions, and module parameters, that must be refused. Sourced by functions.sh.

# Each way of being refused. FUNCTIONS are here the steps of refusals.sh, see there.
devices_refusals() {
	local ram=0x2000000 good=0x10000000 slot=3
	[ "$1" = amd64 ] || ram=0x48000000 good=0x200000000
	local other=$((good + 0x40000000)) plain policy
	reserve "$good+0x60000000"

	# What firmware can say wrong; one function for each
	refused "link down" gh200 "base=$good,size=0" "size is 0: the link to the memory is down"
	refused "base unaligned" gh200 "base=$((good + 0x800)),size=0x60000000" \
		"not a multiple of the page size"
	refused "size unaligned" gb200 "base=$good,size=0x8000800" \
		"not a multiple of the page size"
	refused "smaller than the reserved part" gh200 "base=$good,size=0x40000000" \
		"smaller than its reserved part"
	refused "nothing usable" gh200 "base=$good,size=0x50000000" "nothing usable is left"
	refused "over System RAM" gb200 "base=$ram,size=0x8000000" "overlaps System RAM"
	refused "base without size" gb200 "base=$good" \
		"nvidia,gpu-mem-base-pa without nvidia,gpu-mem-size"
	refused "size without base" gb200 "size=0x8000000" \
		"nvidia,gpu-mem-size without nvidia,gpu-mem-base-pa"
	refused "size no number" gb200 "base=$good,dsd.nvidia,gpu-mem-size=\"8 GiB\"" "is no number"
	refused "base no number" gb200 "size=0x01000000,dsd.nvidia,gpu-mem-base-pa=\"low\"" "is no number"
	refused "no BAR 0 to ask for readiness" gb200 "base=$good,size=0x8000000,bar0=0" \
		"cannot map BAR 0"
	[ "$1" = amd64 ] || refused "wrapping" gb200 \
		"base=0xffffffffffff0000,size=0x8000000" "wraps around the address space"

	# Passed through, as there is no property; but there is memory
	slot=$((slot + 1))
	device "model=gb200,slot=$slot,prop=none,cxl"
	FUNCTIONS+=("warned|CXL memory that nobody says where it is|$(printf '0000:00:%02x.0' "$slot")|nvgrace||of CXL memory, and firmware does not say where")

	# The dummy's firmware may say more
	for policy in 'reserved-memtype="wb"' 'reserved-size="much"' 'usable-align="well"'; do
		slot=$((slot + 1))
		device "model=plain,slot=$slot,bar2=0,prop=coherent,base=$good,size=0x400000,dsd.coherent,$policy"
		FUNCTIONS+=("bind|${policy%=*} of no sense|$(printf '0000:00:%02x.0' $slot)|dummy||makes no sense")
	done

	# Two that claim the same memory: the first one gets it
	refused "one of two" gb200 "base=$other,size=0x8000000" ""
	refused "the other of two" gb200 "base=$((other + 0x7ff0000)),size=0x8000000" "in use"

	# Not ready in time, by either way of asking; and ready after a while
	other=$((other + 0x10000000))
	slow never "never ready, CXL" gb200 "base=$other,size=0x1000000,cxl" \
		"did not become ready within"
	other=$((other + 0x1000000))
	slow later "ready after a while, CXL" gb200 \
		"base=$other,size=0x1000000,cxl,cxl-active-timeout=2" ""
	other=$((other + 0x1000000))
	slow later "ready after a while, BAR 0" gb200 "base=$other,size=0x1000000" ""
	other=$((other + 0x1000000))
	slow never "never ready, BAR 0" gb200 "base=$other,size=0x1000000" \
		"did not become ready within"

	# What a module parameter can say wrong; one function, many apertures
	slot=$((slot + 1))
	device "model=plain,slot=$slot,bar2=0,prop=none"
	plain=$(printf '0000:00:%02x.0' "$slot")
	good=$(printf '0x%x' "$good")
	parameter "no aperture at all" 0x1000 "is not BDF@BASE+SIZE"
	parameter "no number" "$good+large" "is not BDF@BASE+SIZE"
	parameter "no base" "low+0x400000" "is not BDF@BASE+SIZE"
	parameter "reserved part no number" "$good+0x400000/much" "is not BDF@BASE+SIZE"
	parameter "no such memory type" "$good+0x400000/0x100000/wb" "is not BDF@BASE+SIZE"
	parameter "trailing junk" "$good+0x400000/0x100000/wc/0x10000/7" "is not BDF@BASE+SIZE"
	parameter "size 0" "$good+0" "size is 0"
	parameter "wrap" "0xffffffffffff0000+0x100000" "wraps around the address space"
	parameter "parts unaligned" "$good+0x400000/0x800" \
		"not a multiple of the page size"
	parameter "alignment" "$good+0x400000/0x100000/wc/0x300000" "is not a power of two"
	parameter "reserved as large as all" "$good+0x400000/0x400000" \
		"smaller than its reserved part"
	parameter "rounded to nothing" "$good+0x400000/0x100000/wc/0x800000" \
		"nothing usable is left"
	parameter "System RAM" "$ram+0x400000" "overlaps System RAM"
	parameter "half System RAM" "$(printf '0x%x' $((good - 0x200000)))+0x400000" \
		"overlaps System RAM"
	if [ "$1" = amd64 ]; then
		parameter "beyond physical addresses" 0x10000000000000+0x400000 \
			"beyond the last physical address"
	else
		parameter "more than VFIO can address" 0x10000000000+0x18000000000 \
			"BAR larger than the 1 TiB"
	fi
	parameter "none of it" "$good+0x4200000/0x300000/wc" ""
	# Others' are passed over, also where the name only begins alike
	parameter "none of it, among others" \
		"0000:00:1f.7@$ram+0x400000,${plain}0@$ram+0x400000,$plain@$good+0x400000" ""
	# The very last: there is no way back
	FUNCTIONS+=("lockdown|kernel lockdown|$plain|dummy|$good+0x400000|kernel lockdown forbids")
}

# refused NAME MODEL DEVICE-OPTIONS MESSAGE
refused() {
	slot=$((slot + 1))
	device "model=$2,slot=$slot,$3"
	FUNCTIONS+=("bind|$1|$(printf '0000:00:%02x.0' "$slot")|nvgrace||$4")
}

# slow never|later NAME MODEL DEVICE-OPTIONS MESSAGE
slow() {
	slot=$((slot + 1))
	device "model=$3,slot=$slot,$4"
	FUNCTIONS+=("$1|$2|$(printf '0000:00:%02x.0' "$slot")|nvgrace||$5")
}

# parameter NAME APERTURE MESSAGE
parameter() {
	FUNCTIONS+=("bind|parameter: $1|$plain|dummy|$2|$3")
}
