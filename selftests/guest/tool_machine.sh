# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio qemu-args and libvirt-xml: QEMU takes the arguments as they are printed
# and realizes the functions; what a guest then finds is for test_vm_args. Sourced by
# tool.sh.

# bar_of ROLE use|res: the size of the BAR that shows it
bar_of() {
	length=$(field "$(role "$1")" "$2")
	length=$((${length#*+})) bar=1
	while [ $bar -lt $length ]; do
		bar=$((bar * 2))
	done
	[ $length -gt 0 ] && echo $bar
}

# The window of a port holds all BARs, whatever this machine's functions have beside
window_holds_the_bars() {
	shows text qemu-args qemu-args "$(bdf_of port)" || return 1
	reserve=$(sed -n 's/.*pref64-reserve=\([0-9]*\)\([KMGT]\).*/\1 \2/p' /tmp/out)
	case ${reserve#* } in
	M) reserve=$((${reserve% *} << 20)) ;;
	G) reserve=$((${reserve% *} << 30)) ;;
	*) return 1 ;;
	esac
	needed=$(($(bar_of port use) + $(bar_of port res)))
	if [ $reserve -lt $needed ] || [ $reserve -gt $((2 * needed)) ]; then
		echo "# $reserve reserved for BARs of $needed"
		return 1
	fi
}

domains() {
	field "$(role gpu)" domains | tr : '\n' | grep -c .
}

arguments_are_right() {
	gpu=$(bdf_of gpu) port=$(bdf_of port)
	shows json qemu-args qemu-args --json --memory 1G --cpus 2 "$gpu" "$port" &&
		tool qemu-args --words --type1 "$gpu" && says out "vfio-pci,host=$gpu,id=gpu0,bus=gpu0-port,rombar=0" &&
		! grep -q iommufd /tmp/out &&
		tool qemu-args --words --iommufd "$gpu" && says out 'iommufd,id=iommufd0' &&
		says out 'rombar=0,iommufd=iommufd0' || return 1
	tool qemu-args --words "$gpu"
	[ "$(grep -c acpi-generic-initiator /tmp/out)" = "$(domains)" ] &&
		[ "$(grep -c '^node,nodeid=' /tmp/out)" = "$(domains)" ] || return 1
	[ "$(domains)" = 0 ] || says err 'give all of its memory to node 0' || return 1
	tool qemu-args --words --first-node 5 --memory 1G "$gpu" || return 1
	[ "$(domains)" = 0 ] || says out 'node,nodeid=5' || return 1
	# By itself as this kernel can
	tool qemu-args --words "$gpu"
	if [ -e /dev/iommu ]; then
		says out iommufd=iommufd0
	else
		! grep -q iommufd /tmp/out
	fi || return 1
	refuses 1 'shows no coherent memory' qemu-args "$(bdf_of pass)" &&
		refuses 1 'named twice' qemu-args "$gpu" "$gpu" &&
		refuses 1 'needs iommufd' qemu-args --smmu --type1 "$gpu" &&
		refuses 2 'is a size' qemu-args --memory much "$gpu" &&
		refuses 2 'from 1 on' qemu-args --cpus 0 "$gpu" &&
		refuses 2 'one FUNCTION or more' qemu-args
}

# Accelerated SMMUs, where the guest's architecture has them: only the words, for QEMU
# must run on one
arguments_for_smmu() {
	[ "$(uname -m)" = aarch64 ] || return 2
	gpu=$(bdf_of gpu)
	tool qemu-args --words --iommufd --smmu "$gpu" &&
		says out 'pxb-pcie,id=smmu1-bus,bus=pcie.0,bus_nr=32' &&
		says out 'arm-smmuv3,id=smmu1,primary-bus=smmu1-bus,accel=on' &&
		says out 'id=gpu0-port,bus=smmu1-bus' &&
		shows xml smmu libvirt-xml --iommufd --smmu "$gpu" "$(bdf_of port)"
}

# A segment has 256 bus numbers, also for more SMMUs than this machine has
many_smmus_fit() (
	for file in /usr/share/coherent-vfio/lib/*.sh; do
		# shellcheck disable=SC1090 # all of the folder
		. "$file"
	done
	# shellcheck disable=SC2317,SC2329 # called by what is tested
	smmus() {
		seq "$count"
	}
	count=7
	seventh=$(smmu_bus_number 7)
	count=9
	eighth=$(smmu_bus_number 8) ninth=$(smmu_bus_number 9)
	[ "$seventh" = 224 ] && [ "$eighth" -lt "$ninth" ] && [ "$ninth" -lt 256 ]
)

domains_of_libvirt() {
	gpu=$(bdf_of gpu)
	shows xml plain libvirt-xml --type1 --name one "$gpu" &&
		shows xml more libvirt-xml --iommufd --memory 8G --cpus 4 "$gpu" "$(bdf_of port)" &&
		refuses 2 'letters, digits' libvirt-xml --name '<b>' "$gpu"
}

# The lab's QEMU for machines in the machine, called as it is on a host
qemu_here() {
	cat >"/bin/qemu-system-$(uname -m)" <<-'END'
		#!/bin/sh
		export QEMU_MODULE_DIR=/opt/qemu/modules
		exec /opt/qemu/lib/ld-linux* --library-path /opt/qemu/lib "/opt/qemu/bin/qemu-system-$(uname -m)" -L /opt/qemu/share "$@"
	END
	chmod +x "/bin/qemu-system-$(uname -m)"
}

# realized WORD...: QEMU, which does not run the guest, is asked what it has made
realized() {
	machine=q35
	[ "$(uname -m)" = x86_64 ] || machine=virt,gic-version=3
	set -- "qemu-system-$(uname -m)" -machine $machine -cpu max -accel tcg -nodefaults \
		-no-user-config -display none -S -serial none -monitor stdio "$@"
	printf 'info qtree\ninfo numa\ninfo mtree -f\nquit\n' | "$@" >/tmp/qemu 2>/tmp/err || {
		echo "# QEMU does not take it:"
		tail -n 5 /tmp/err | sed 's/^/#   /'
		return 1
	}
	cp /tmp/qemu /tmp/out
	# Of an old kernel, whatever the arguments are
	case $(uname -r) in
	6.12.*) sed -i '/: warning: VFIO dma-buf not supported in kernel/d' /tmp/err ;;
	esac
	[ ! -s /tmp/err ] || says err 'nothing at all'
}

qemu_takes_the_arguments() {
	[ -e /opt/qemu ] || return 2
	qemu_here
	gpu=$(bdf_of gpu) port=$(bdf_of port)
	tool qemu-args --words --memory 256M "$gpu" "$port" || return 1
	# shellcheck disable=SC2046 # a word a line, none with blanks
	realized $(cat /tmp/out) && says out "host = \"$gpu\"" && says out "host = \"$port\"" || return 1
	[ "$(domains)" = 0 ] || says out "$(($(domains) + 1)) nodes"
}

tests_machine() {
	check "qemu-args: a port's window holds the BARs" window_holds_the_bars
	check "qemu-args" arguments_are_right
	perhaps "qemu-args: an accelerated SMMU" arguments_for_smmu
	check "qemu-args: more SMMUs than seven" many_smmus_fit
	check "libvirt-xml" domains_of_libvirt
	perhaps "QEMU takes the arguments" qemu_takes_the_arguments
}
