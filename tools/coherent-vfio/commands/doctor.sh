# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio doctor: what this host lacks, each with what to do about it. The
# questions are in the order in which they matter. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio doctor [--json]
		Says of each thing that coherent memory needs whether it is there: "ok", "note" (some
		will miss it), "warn" (it will hurt somebody), "fail" (nothing works without it). Exits
		with 1 if something fails.
	END
}

FAILED=0 WARNED=0

# told STATUS NAME WHAT [DO]: one result
told() {
	case $1 in
	fail) FAILED=$((FAILED + 1)) ;;
	warn) WARNED=$((WARNED + 1)) ;;
	esac
	case $FORMAT in
	text)
		printf '%-4s  %-21s %s\n' "$1" "$2" "$3"
		[ -z "${4-}" ] || printf '      %-21s -> %s\n' '' "$4"
		;;
	json)
		[ -z "$FIRST" ] || printf ',\n'
		FIRST=no
		printf '{"status":"%s","name":%s,"what":%s,"do":%s}' "$1" "$(json_string "$2")" \
			"$(json_string "$3")" "$(json_or_null "${4-}")"
		;;
	esac
}
FIRST=

check_modules() {
	loaded=$(our_modules_loaded)
	if [ -n "$loaded" ]; then
		told ok modules "loaded: $loaded"
	elif modules_are_there; then
		told note modules "installed for kernel $(uname -r), and not loaded" \
			"coherent-vfio bind FUNCTION loads them; to have errors counted from boot on, list coherent-vfio-pci-core in /etc/modules-load.d"
	else
		told fail modules "there are none for kernel $(uname -r)" \
			"install coherent-vfio-dkms and the headers of this kernel, or build them: make && make modules_install && depmod"
	fi
}

our_modules_loaded() {
	[ -d "$CORE" ] || return 0
	echo coherent_vfio_pci_core "$(find "$CORE/holders" -mindepth 1 2>/dev/null | sed 's|.*/||' | sort | xargs)"
}

check_iommu() {
	groups=$(find /sys/kernel/iommu_groups -mindepth 1 -maxdepth 1 2>/dev/null | wc -l)
	kinds=$(find /sys/class/iommu -mindepth 1 -maxdepth 1 2>/dev/null | sed 's|.*/||' | tr '\n' ' ')
	if [ "$groups" -gt 0 ]; then
		told ok IOMMU "$groups groups${kinds:+, by ${kinds% }}"
	elif is_arm64; then
		told fail IOMMU "there is none, and VFIO gives nothing to anybody" \
			"enable the SMMU in the firmware's setup; then this kernel's log has lines with arm-smmu-v3"
	else
		told fail IOMMU "there is none, and VFIO gives nothing to anybody" \
			"enable VT-d or AMD-Vi in the firmware's setup; for Intel boot with intel_iommu=on"
	fi
}

check_interrupts() {
	is_arm64 && return
	[ "$groups" -gt 0 ] || return
	if grep -q 'IR-' /proc/interrupts; then
		told ok interrupts "remapped by the IOMMU"
	elif [ "$(read_file /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts)" = Y ]; then
		told warn interrupts "not remapped, and allow_unsafe_interrupts is set: a guest can send interrupts to the host" \
			"enable interrupt remapping in the firmware's setup"
	else
		told fail interrupts "not remapped: VFIO refuses devices that could send any" \
			"enable interrupt remapping (x2APIC) in the firmware's setup"
	fi
}

# option STATUS NAME WITHOUT: an option of the kernel, if that can be told
option() {
	if has_option "$2"; then
		HAVE="$HAVE $2"
	else
		told "$1" "CONFIG_$2" "this kernel has it not: $3" "use a kernel with CONFIG_$2"
	fi
}

check_options() {
	HAVE=
	if ! CONFIG=$(kernel_config); then
		told note "kernel options" "the configuration of $(uname -r) is not to be found" \
			"compare it yourself: VFIO_PCI_CORE, VFIO_IOMMU_TYPE1 or IOMMUFD, MEMORY_FAILURE, ACPI_APEI_GHES"
		return
	fi
	option fail VFIO_PCI_CORE "without it there is no VFIO for PCI"
	option fail MEMORY_FAILURE "without it no process hears of memory errors"
	if ! has_option VFIO_IOMMU_TYPE1 && ! has_option IOMMUFD; then
		told fail "kernel options" "neither VFIO_IOMMU_TYPE1 nor IOMMUFD: nobody can open a device" \
			"use a kernel with one of them"
	fi
	if is_arm64; then
		option warn ACPI_APEI_GHES "memory errors that firmware finds are lost"
	else
		option warn X86_MCE "memory errors that the CPU finds are lost"
	fi
	option note PCIEAER "errors on the link are not recovered from"
	[ -z "$HAVE" ] || told ok "kernel options" "it has$HAVE"
}

check_kvm() {
	if [ ! -e /dev/kvm ]; then
		told note KVM "there is no /dev/kvm: guests would be emulated" \
			"enable virtualization in the firmware's setup, and load kvm"
		return
	fi
	case $(read_file "$HOST/kvm_cacheable") in
	yes) told ok KVM "gives guests cached memory as such" ;;
	no)
		told warn KVM "cannot give guests cached memory of a device: the first unaligned access ends a guest" \
			"use Linux 6.17 or newer, on a CPU with FWB and DIC (Grace has both)"
		;;
	none) told note KVM "the core sees no KVM that it knows on this kernel" ;;
	*) told note KVM "whether it can give guests cached memory is known once coherent-vfio-pci-core is loaded" \
		"modprobe coherent-vfio-pci-core" ;;
	esac
}

check_iommufd() {
	if has_iommufd; then
		told ok iommufd "VMMs can open functions by /dev/iommu"
	else
		told note iommufd "this kernel has it not, or no character devices of VFIO: VMMs use type1 groups; no accelerated SMMU in guests" \
			"use a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV"
	fi
}

check_dmabuf() {
	# shellcheck disable=SC2034 # has_option reads it
	if CONFIG=$(kernel_config); then
		if has_option VFIO_PCI_DMABUF; then
			told ok dma-buf "regions can be exported, for the DMA of other devices by iommufd"
			return
		fi
	elif grep -q -w vfio_pci_core_feature_dma_buf /proc/kallsyms 2>/dev/null; then
		told ok dma-buf "regions can be exported, for the DMA of other devices by iommufd"
		return
	fi
	told note dma-buf "this kernel cannot export regions: with iommufd no other device reaches the memory (with type1 it does)" \
		"use a kernel with CONFIG_VFIO_PCI_DMABUF (Linux 7.0)"
}

check_signing() {
	core_file=$(core_file)
	signed=
	[ -z "$core_file" ] || { is_signed "$core_file" && signed=1; }
	if ! signatures_enforced; then
		told ok "module signing" "modules load without a signature${signed:+; ours have one}"
	elif [ -z "$core_file" ]; then
		told note "module signing" "only signed modules load" "what DKMS builds is signed with its key, which must be enrolled: mokutil --import /var/lib/dkms/mok.pub"
	elif [ -n "$signed" ]; then
		told ok "module signing" "only signed modules load; ours are signed$([ -d "$CORE" ] || echo " (the key must be enrolled: mokutil --test-key /var/lib/dkms/mok.pub)")"
	else
		told fail "module signing" "only signed modules load, and ours have no signature" \
			"enroll DKMS's key (mokutil --import /var/lib/dkms/mok.pub, reboot, confirm), then dkms install --force"
	fi
}

check_lockdown() {
	mode=$(lockdown_mode) || mode=
	boot=$(secure_boot)
	case $mode in
	'' | none) told ok lockdown "none${boot:+; Secure Boot is $boot}" ;;
	*)
		told note lockdown "$mode${boot:+; Secure Boot is $boot}: dummy-coherent-vfio-pci takes no aperture=, debugfs injects no errors; NVIDIA's functions and poison_add do not mind" \
			"where you need these: boot without lockdown="
		;;
	esac
}

check_errors() {
	if is_arm64; then
		if [ -e /sys/firmware/acpi/tables/HEST ]; then
			told ok "memory errors" "firmware reports them (HEST)"
		else
			told warn "memory errors" "firmware says of no way to report them (no HEST): a page that fails is known to nobody" \
				"enable RAS (firmware first) in the firmware's setup"
		fi
		policy=$(read_file "$CORE/parameters/poison_policy") || return
		case $policy in
		isolate) told ok "poison policy" "isolate: no guest can crash this host by touching poison" ;;
		*)
			told note "poison policy" "$policy: a guest that touches poison on purpose can crash an arm64 host" \
				"where guests are not trusted: coherent-vfio poison policy --default isolate; see coherent-vfio(8)"
			;;
		esac
	elif [ -e /sys/devices/system/machinecheck/machinecheck0 ]; then
		told ok "memory errors" "the CPU reports them (machine checks)"
	else
		told warn "memory errors" "this CPU reports none: a page that fails is known to nobody"
	fi
}

check_quarantine() {
	held=$(cat "$HOST/quarantine" 2>/dev/null) || return
	[ -n "$held" ] || return
	told warn quarantine "another device may still write to $(printf '%s' "$held" | tr '\n' ' ')" \
		"end the programs that have other devices; or write the range to $HOST/quarantine"
}

# last_refusal FUNCTION: what the log said last that there is advice for
last_refusal() {
	messages_of "$1" | grep vfio | while IFS= read -r text; do
		[ -z "$(advice_for "$text")" ] || printf '%s\n' "$text"
	done | tail -n 1
}

check_one_function() {
	driver=$(driver_of "$1") || driver=
	state=$(state_of "$1")
	case $state in
	unbound)
		last=$(last_refusal "$1")
		if [ -n "$last" ]; then
			told warn "$1" "has no driver; the log says: $last" "$(advice_for "$last")"
		else
			told note "$1" "has no driver" "coherent-vfio bind $1"
		fi
		return
		;;
	other-driver)
		told note "$1" "its driver is $driver" "to give it to guests: coherent-vfio bind $1"
		return
		;;
	passed-through)
		told note "$1" "firmware describes no coherent memory: it is passed through as by vfio-pci" \
			"right in a virtual machine; on the host's own hardware update the firmware"
		return
		;;
	failed) told fail "$1" "its link was lost" "echo 1 >$DEVICES/$1/reset; or power-cycle it" ;;
	frozen)
		told warn "$1" "an error has stopped its link, and it has not recovered yet" \
			"if that lasts: echo 1 >$DEVICES/$1/reset; or power-cycle it"
		;;
	not-ready) told warn "$1" "its memory is not ready" "echo 1 >$DEVICES/$1/reset; or power-cycle it" ;;
	*) told ok "$1" "bound to $driver, $state" ;;
	esac
	pages=$(read_file "$DEVICES/$1/coherent/poison_count")
	[ "${pages:-0}" = 0 ] ||
		told warn "$1" "bad memory: $(plural "$pages" page)" "coherent-vfio poison list $1; after a repair: coherent-vfio poison clear $1 all"
	[ "$(read_file "$DEVICES/$1/coherent/readiness_failures")" = 0 ] ||
		told warn "$1" "its memory was not ready in time, $(plural "$(read_file "$DEVICES/$1/coherent/readiness_failures")" time) since it was bound" "look at the firmware's log; report it to the vendor"
	[ "$(chosen "$DEVICES/$1/coherent/scrub")" != none ] ||
		told note "$1" "its memory is not cleared between users" \
			"where they do not trust each other: echo open >$DEVICES/$1/coherent/scrub"
}

check_functions() {
	functions=$(functions_all)
	[ -n "$functions" ] ||
		told note functions "there is none that a driver of coherent-vfio is for" \
			"lspci -nn -d 10de: shows NVIDIA's; dummy-coherent-vfio-pci takes any"
	for one in $functions; do
		check_one_function "$one"
	done
}

FORMAT=text
while [ $# -gt 0 ]; do
	case $1 in
	--json) FORMAT=json ;;
	-h | --help)
		command_usage
		exit 0
		;;
	*) wrong_usage "it takes no '$1'" ;;
	esac
	shift
done
need_root
[ $FORMAT = text ] || printf '{"checks":[\n'
check_modules
check_iommu
check_interrupts
check_options
check_kvm
check_iommufd
check_dmabuf
check_signing
check_lockdown
check_errors
check_quarantine
check_functions
case $FORMAT in
text) echo "$FAILED failed, $WARNED warnings" ;;
json) printf '\n],"failed":%d,"warnings":%d}\n' "$FAILED" "$WARNED" ;;
esac
[ "$FAILED" = 0 ]
