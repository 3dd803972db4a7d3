# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Functions whose memory is CXL.mem: those that the tests run on, and those that must be
# refused. Sourced by functions.sh.

# cxl_functions ARCH BUS: on that bus and the next. By two ranges, of which one ends at no power of two; and by two
# decoders, where the last program ends it
cxl_functions() {
	local base=$((0x180000000)) first=$2 second decoders
	local programs=test_info:test_config:test_rdwr:test_mmap:test_ready:test_lifetime:test_poison:test_cxl
	[ "$1" = amd64 ] || base=$((0x380000000))
	second=$(hex $((base + 0x10000000))) decoders=$(hex $((base + 0x40000000)))
	base=$(hex "$base")
	RUN_ARGS+=(--cxl-window "$base+0x80000000")
	reserve "$base+0x60000000"
	device "model=plain,slot=11,port=cxlport,bar2=0,prop=none,cxl,cxl-range=$base+0x10000000,cxl-range=$second+0x20000000"
	FUNCTIONS+=("name=cxl,bdf=0000:0$first:00.0,driver=cxl,port=cxlport,use=$base+0x30000000,ready=cxl,limit=2000,cxl=ranges,without=test_poison_*")
	second=$(hex $((decoders + 0x10000000)))
	device "model=plain,slot=12,port=hdmport,bar2=0,prop=none,cxl,cxl-decoder=$decoders+0x10000000,cxl-decoder=$second+0x10000000"
	FUNCTIONS+=("name=cxl-decoders,bdf=0000:0$((first + 1)):00.0,driver=cxl,use=$decoders+0x20000000,ready=cxl,limit=2000,cxl=decoders,programs=$programs")
}

hex() {
	printf '0x%x' "$1"
}

# What firmware, or the function, can say wrong of such memory. FUNCTIONS are here the steps
# of refusals.sh.
devices_cxl() {
	local slot=3 bus=0 base=$((0x180000000)) gpu=0x20000000 good second two other far
	[ "$1" = amd64 ] || base=$((0x380000000)) gpu=0x200000000
	good=$(hex $base) second=$(hex $((base + 0x10000000))) far=$(hex $((base + 0x20000000)))
	two=$(hex $((base + 0x40000000))) other=$(hex $((base + 0x80000000)))
	RUN_ARGS+=(--cxl-window "$good+0x40000000" --cxl-window "$two+0x40000000/2")
	reserve "$gpu+0x1000000"
	reserve "$good+0x90000000"

	cxl_root bind "a restricted device" "cxl-range=$good+0x10000000" "restricted CXL devices (RCD)"
	cxl bind "CXL.mem not enabled" "cxl-range=$good+0x10000000,cxl-disabled" \
		"firmware has not enabled the function's CXL.mem"
	cxl bind "media with an error" "cxl-range=$good+0x10000000,cxl-media=2" "an error of its media"
	cxl bind "media disabled" "cxl-range=$good+0x10000000,cxl-media=3" "media is disabled"
	cxl bind "interleaved by a decoder" "cxl-decoder=$good+0x10000000:1" \
		"interleaved with other devices' memory"
	cxl bind "interleaved by a window" "cxl-range=$two+0x10000000" \
		"interleaved over several host bridges"
	cxl bind "decoders with a gap" "cxl-decoder=$good+0x10000000,cxl-decoder=$far+0x10000000" \
		"decoders leave a gap"
	cxl bind "ranges with a gap" "cxl-range=$good+0x10000000,cxl-range=$far+0x10000000" \
		"ranges leave a gap"
	cxl bind "no BAR left" "cxl-range=$good+0x10000000,bar2=64K,bar4=64K" "none is left to show it"
	cxl bind "no size told" "cxl-range=$good+0x10000000,cxl-valid-ms=never" \
		"does not say how large its CXL memory is"
	cxl bind "no size at all" "cxl-range=$good+0" "its CXL memory has size 0"
	cxl warned "in no window" "cxl-range=$other+0x10000000" \
		"of CXL memory, and firmware does not say where"

	# Nothing wrong: media that is ready, the one BAR that is left, and no memory by CXL
	cxl bind "decoders, ready media" "cxl-decoder=$good+0x10000000,cxl-decoder=$second+0x10000000,cxl-media=1" ""
	cxl bind "BAR 2 is left" "cxl-range=$far+0x20000000,bar4=64K,bar2=0" ""
	cxl bind "no CXL memory" "cxl-range=$good+0x10000000,cxl-cap=0x10" ""
	slot=$((slot + 1))
	device "model=gb200,slot=$slot,base=$gpu,size=0x1000000,cxl,cxl-cap=0x13"
	FUNCTIONS+=("bind|a GPU whose CXL DVSEC has no memory, and BAR 0 is ready|$(printf '0000:00:%02x.0' $slot)|nvgrace||")
}

# cxl_root WHAT NAME MODEL-OPTIONS MESSAGE
cxl_root() {
	slot=$((slot + 1))
	device "model=plain,slot=$slot,bar2=0,prop=none,cxl,$3"
	FUNCTIONS+=("$1|$2|$(printf '0000:00:%02x.0' "$slot")|cxl||$4")
}

# cxl WHAT NAME MODEL-OPTIONS MESSAGE: behind a port, as such functions are
cxl() {
	slot=$((slot + 1)) bus=$((bus + 1))
	device "model=plain,slot=$slot,port=port$bus,bar2=0,prop=none,cxl,$3"
	FUNCTIONS+=("$1|$2|$(printf '0000:%02x:00.0' "$bus")|cxl||$4")
}
