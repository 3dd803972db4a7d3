# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What this host and its kernel can do. Sourced.

# kernel_config: the configuration of the running kernel, as far as it is to be had
kernel_config() {
	release=$(uname -r)
	if [ -r /proc/config.gz ]; then
		zcat /proc/config.gz
		return
	fi
	for config in "/boot/config-$release" "$MODULES/config" "$MODULES/build/.config"; do
		if [ -r "$config" ]; then
			cat "$config"
			return
		fi
	done
	return 1
}

# has_option NAME: y or m in the configuration, which is in CONFIG
has_option() {
	printf '%s\n' "$CONFIG" | grep -q "^CONFIG_$1=[ym]"
}

# has_module NAME: loaded, built in, or to be loaded
has_module() {
	[ -d "/sys/module/$(module_word "$1")" ] ||
		modprobe -n -q "$1" 2>/dev/null
}

# has_iommufd: can a VMM open the function by iommufd? Both parts are needed.
has_iommufd() {
	# The node of a module that is not loaded yet may be there as well
	[ -e /dev/iommu ] || has_module iommufd || return 1
	has_vfio_cdev
}

# has_vfio_cdev: character devices of VFIO's own
has_vfio_cdev() {
	# shellcheck disable=SC2034 # has_option reads it
	if CONFIG=$(kernel_config); then
		has_option VFIO_DEVICE_CDEV
		return
	fi
	# Else the kernel tells only once a function is bound to VFIO
	for node in /sys/class/vfio-dev/vfio*/dev; do
		[ -e "$node" ] && return
	done
	grep -q -w vfio_device_fops_cdev_open /proc/kallsyms 2>/dev/null
}

# iommu_of FUNCTION: the kernel's name of the IOMMU that it is behind, as smmu3.0x...
iommu_of() {
	link_name "$DEVICES/$1/iommu"
}

# lockdown_mode: none, integrity, confidentiality; or nothing where there is no such
lockdown_mode() {
	chosen /sys/kernel/security/lockdown
}

# secure_boot: on, off, or nothing where firmware does not say
secure_boot() {
	for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
		[ -r "$variable" ] || continue
		# Four bytes of attributes, then the value
		case $(od -A n -t u1 -j 4 -N 1 "$variable" | tr -d ' ') in
		1) echo on ;;
		*) echo off ;;
		esac
		return
	done
}

# signatures_enforced: are modules without a signature refused?
signatures_enforced() {
	[ "$(read_file /sys/module/module/parameters/sig_enforce)" = Y ] && return
	case $(lockdown_mode) in
	integrity | confidentiality) return 0 ;;
	esac
	return 1
}

# core_file: the module of the core, for this kernel
core_file() {
	sed -n 's|^\([^:]*coherent-vfio-pci-core\.ko[^:]*\):.*|\1|p' "$MODULES/modules.dep" 2>/dev/null |
		sed "s|^\([^/]\)|$MODULES/\1|" | head -n 1
}

# is_signed FILE: a signature is the end of a module; of a packed one modinfo tells
is_signed() {
	case $1 in
	*.ko) tail -c 28 "$1" | grep -q -a '~Module signature appended~' ;;
	*) [ -n "$(modinfo -F signer "$1" 2>/dev/null)" ] ;;
	esac
}

is_arm64() {
	[ "$(uname -m)" = aarch64 ]
}
