# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The descriptions of functions under test that functional.sh and tools/bench
# take. Sourced, after common.sh.
#
# A FUNCTION is a list of key=value, separated by commas (see scripts/functions.sh for
# who makes it):
#   name=WORD bdf=0000:00:04.0
#   driver=NAME                     of the backend NAME-coherent-vfio-pci: nvgrace, dummy...
#   use=BASE+LENGTH res=BASE+LENGTH type=wc|uc|cached    what must be seen
#   use=iomem+LENGTH                where the memory was allocated /proc/iomem tells
#   aperture=SPEC                   dummy: module parameter, without BDF@
#   ready=bar|cxl limit=MS          the backend waits for the device after resets
#   port=NAME                       behind a root port that QEMU knows by that name
#   pass noflr noreset slow nomodel        flags, see lib/expect.c
#   block=OFFSET                    where in BAR 0 the model's test block is, if not at 0
#   domains=A:B                     proximity domains that firmware has it in
#   cxl=ranges|decoders             its memory is CXL.mem, and decodes so
#   gone                            test_gone may make an end of it
#   inject=A:B                      only these sources of memory errors
#   bad=OFFSET+LENGTH:...           what firmware lists as bad, of the aperture
#   scrub=open|close                the default policy is this one, and not none
#   peer=0000:00:08.0               a device model that does DMA for it, passed through
#   iommu=smmu3                     it must be behind one of that kind
#   programs=A:B                    only these
#   without=PATTERN                 not those, which others try enough

# field FUNCTION KEY: the value of a key, or 1 for a flag; empty if absent
field() {
	rest=$1,
	while [ -n "$rest" ]; do
		item=${rest%%,*}
		rest=${rest#*,}
		case $item in
		"$2="*) echo "${item#*=}" && return ;;
		"$2") echo 1 && return ;;
		esac
	done
}

# inject_sources: who can tell of memory errors on this machine (lib/inject.h)
inject_sources() {
	echo debugfs
	case $(uname -m) in
	aarch64) echo ghes && echo arm ;;
	x86_64) echo mce ;;
	esac
	# Where the memory manager knows of memory without struct page
	! grep -qw register_pfn_address_space /proc/kallsyms || echo offline
}

# inject_list ONLY: the same as a list, cut down to ONLY (A:B) if that is given
inject_list() {
	inject_sources | while read -r source; do
		case ":${1:-$source}:" in
		*":$source:"*) printf '%s ' "$source" ;;
		esac
	done
}

# claim_base BDF: where the aperture of a bound function begins
claim_base() {
	sed -n "s/^ *\([0-9a-f]*\)-.* : coherent $1\$/0x\1/p" /proc/iomem
}

# describe FUNCTION: set what the programs read, see lib/expect.c
describe() {
	export COHERENT_BDF COHERENT_DRIVER COHERENT_MODEL COHERENT_SLOW
	export COHERENT_EXPECT_USEMEM COHERENT_EXPECT_RESMEM COHERENT_EXPECT_RESTYPE
	export COHERENT_EXPECT_PASS COHERENT_EXPECT_PORT COHERENT_EXPECT_NOFLR
	export COHERENT_EXPECT_NORESET COHERENT_EXPECT_READY COHERENT_READY_LIMIT
	export COHERENT_INJECT COHERENT_EXPECT_BAD COHERENT_EXPECT_HEALS
	COHERENT_BDF=$(field "$1" bdf)
	COHERENT_DRIVER=$(driver_name "$(field "$1" driver)")
	COHERENT_MODEL=1
	[ -z "$(field "$1" nomodel)" ] || COHERENT_MODEL=
	export COHERENT_TESTBLOCK
	COHERENT_TESTBLOCK=$(field "$1" block)
	COHERENT_SLOW=$(field "$1" slow)
	COHERENT_EXPECT_USEMEM=$(field "$1" use)
	case $COHERENT_EXPECT_USEMEM in
	iomem+*) COHERENT_EXPECT_USEMEM=$(claim_base "$COHERENT_BDF")+${COHERENT_EXPECT_USEMEM#*+} ;;
	esac
	COHERENT_EXPECT_RESMEM=$(field "$1" res)
	COHERENT_EXPECT_RESTYPE=$(field "$1" type)
	COHERENT_EXPECT_PASS=$(field "$1" pass)
	COHERENT_EXPECT_PORT=$(field "$1" port)
	COHERENT_EXPECT_NOFLR=$(field "$1" noflr)
	COHERENT_EXPECT_NORESET=$(field "$1" noreset)
	COHERENT_EXPECT_READY=$(field "$1" ready)
	COHERENT_READY_LIMIT=$(field "$1" limit)
	COHERENT_INJECT=$(inject_list "$(field "$1" inject)")
	COHERENT_EXPECT_BAD=$(field "$1" bad)
	COHERENT_EXPECT_HEALS=
	export COHERENT_EXPECT_SCRUB COHERENT_PEER
	COHERENT_PEER=$(field "$1" peer)
	COHERENT_EXPECT_SCRUB=$(field "$1" scrub)
	export COHERENT_EXPECT_DOMAINS
	COHERENT_EXPECT_DOMAINS=$(field "$1" domains | tr : ' ')
	export COHERENT_EXPECT_CXL
	COHERENT_EXPECT_CXL=$(field "$1" cxl)
	unset COHERENT_EXPECT_GONE
	[ -z "$(field "$1" gone)" ] || export COHERENT_EXPECT_GONE=1
}

# is_behind NAME: by the name that the kernel gives to that kind of IOMMU
is_behind() {
	readlink "/sys/bus/pci/devices/$COHERENT_BDF/iommu" | grep -q "/$1\."
}

# check_iommu FUNCTION: one result, where it says behind which kind it must be
check_iommu() {
	iommu=$(field "$1" iommu)
	[ -z "$iommu" ] || check "$(field "$1" name): is behind an $iommu" is_behind "$iommu"
}

# scrub_begin: the programs find again what they wrote before they closed the function;
# what is the policy otherwise is for test_scrub
scrub_begin() {
	export COHERENT_SCRUB_DEFAULT=
	policy=/sys/bus/pci/devices/$COHERENT_BDF/coherent/scrub
	[ -e "$policy" ] || return 0
	COHERENT_SCRUB_DEFAULT=$(sed 's/.*\[\(.*\)\].*/\1/' "$policy")
	echo none >"$policy"
}

# load_modules FUNCTION...: DUMMY_OPTIONS are for the dummy, soft=N for one
load_modules() {
	modprobe vfio_iommu_type1 && modprobe nvgrace-coherent-vfio-pci || return 1
	[ "$(uname -m)" != x86_64 ] || modprobe mce-inject || return 1
	for function in "$@"; do
		other=$(field "$function" driver)
		case $other in
		nvgrace | dummy | vfio) ;;
		*) modprobe "$other-coherent-vfio-pci" || return 1 ;;
		esac
	done
	apertures=
	for function in "$@"; do
		aperture=$(field "$function" aperture)
		[ -n "$aperture" ] || continue
		apertures=$apertures${apertures:+,}$(field "$function" bdf)@$aperture
	done
	# shellcheck disable=SC2086 # absent, not empty
	modprobe dummy-coherent-vfio-pci ${DUMMY_OPTIONS-} ${apertures:+aperture="$apertures"}
}
