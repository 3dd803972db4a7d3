# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What dkms-install, modules-install and uninstall share. Sourced.

# What DKMS calls us
# shellcheck disable=SC2034 # used by the scripts that source this file
OUR_DKMS="coherent-vfio coherent-vfio-dummy"
# Our modules. The last one is the kernel's own as well, so it is ours only where the kernel
# has none: in updates and extra.
OUR_MODULES="coherent-vfio-pci-core coherent-vfio-pci-soft nvgrace-coherent-vfio-pci
	cxl-coherent-vfio-pci egm-coherent-vfio dummy-coherent-vfio-pci nvgrace-gpu-vfio-pci"
MODULES_DIR=${INSTALL_MOD_PATH-}/lib/modules

fail() {
	echo "error: $*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || fail "this needs root"
}

# packaged PATH: does the file belong to a package?
packaged() {
	dpkg-query -S "$1" >/dev/null 2>&1 || rpm -qf "$1" >/dev/null 2>&1
}

# made_by_dkms KERNEL MODULE: where it is not Debian's, DKMS installs to the same folders as
# modules_install does
made_by_dkms() {
	[ ! -e /etc/debian_version ] && ls /var/lib/dkms/*/*/"$1"/*/module/"$2".ko* >/dev/null 2>&1
}

# installed_modules KERNEL: files of our modules that DKMS has not put there
installed_modules() {
	for where in updates extra; do
		[ -d "$MODULES_DIR/$1/$where" ] || continue
		for module in $OUR_MODULES; do
			! made_by_dkms "$1" "$module" || continue
			find "$MODULES_DIR/$1/$where" -path "$MODULES_DIR/$1/updates/dkms" -prune -o \
				-type f \( -name "$module.ko" -o -name "$module.ko.*" \) -print
		done
	done
}

# remove_modules: those that make modules_install has installed, for each kernel
remove_modules() {
	for dir in "$MODULES_DIR"/*/; do
		kernel=$(basename "$dir")
		files=$(installed_modules "$kernel")
		[ -n "$files" ] || continue
		echo "$files" | while read -r file; do
			if packaged "$file"; then
				echo "$file belongs to a package and stays"
				continue
			fi
			echo "removing $file"
			rm -f "$file"
			# Folders that are empty now, up to updates
			rmdir -p --ignore-fail-on-non-empty "${file%/*}" 2>/dev/null || :
		done
		depmod ${INSTALL_MOD_PATH:+-b "$INSTALL_MOD_PATH"} "$kernel"
	done
}

# dkms_versions NAME: those that DKMS knows of, or has sources of
dkms_versions() {
	{
		# One whose sources are gone has a link that leads nowhere, or none
		find "/var/lib/dkms/$1" -mindepth 1 -maxdepth 1 -type d ! -name original_module 2>/dev/null |
			sed 's,.*/,,'
		find /usr/src -mindepth 1 -maxdepth 1 -name "$1-[0-9]*" 2>/dev/null |
			sed "s,.*/$1-,,"
	} | sort -u
}

# remove_dkms NAME: every version that came by no package; of a package it is said
# whose it is. What DKMS had put away for a later return is not returned: it is an
# older one of ours.
remove_dkms() {
	for other in $(dkms_versions "$1"); do
		source=/usr/src/$1-$other
		if packaged "$source/dkms.conf"; then
			echo "$1 $other is from a package and stays: remove that with apt or dnf"
			continue
		fi
		echo "removing $1 $other from DKMS"
		if [ -e "/var/lib/dkms/$1/$other" ]; then
			[ -e "/var/lib/dkms/$1/$other/source/dkms.conf" ] || mend "$1" "$other"
			drop_originals "$1"
			dkms remove "$1/$other" --all
		fi
		rm -rf "$source"
	done
}

# mend NAME VERSION: DKMS removes nothing whose sources are gone. So it gets back what it reads of
# them, and removes all that it has put somewhere itself.
mend() {
	conf=packaging/dkms/$1.conf
	case $2 in
	*+dropin) conf=packaging/dkms/$1-dropin.conf ;;
	esac
	mkdir -p "/usr/src/$1-$2"
	sed "s/#MODULE_VERSION#/$2/" "$conf" >"/usr/src/$1-$2/dkms.conf"
	ln -sfn "/usr/src/$1-$2" "/var/lib/dkms/$1/$2/source"
}

# drop_originals NAME: of modules that only we have, what DKMS put away is ours and old.
# The kernel's own driver, which the drop-in stands in for, is left to DKMS to put back.
drop_originals() {
	for module in $OUR_MODULES; do
		[ "$module" != nvgrace-gpu-vfio-pci ] || continue
		find "/var/lib/dkms/$1/original_module" -type f -name "$module.ko*" -delete 2>/dev/null || :
	done
}

# still_loaded: names of modules of ours that the running kernel has
still_loaded() {
	for module in $OUR_MODULES; do
		name=$(echo "$module" | tr - _)
		[ ! -e "/sys/module/$name" ] || echo "$name"
	done
}
