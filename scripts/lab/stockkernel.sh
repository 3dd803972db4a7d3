# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Stock kernels for the lab: found through the archive's metapackages, unpacked
# without running any package script. Sourced by setup.
#
# A kernel called NAME ends up in $LAB_DIR/kernels/NAME:
#   release       what uname -r says
#   arch          amd64 or arm64
#   vmlinuz       for QEMU's -kernel
#   modules/      lib/modules/RELEASE: the modules that a guest may want
#   base.cpio     the part of the initrd that does not change from run to run
#   kdir          path of the headers, inside the lab root
#   .complete     written last

# What a guest may ask modprobe for; what a kernel has built in or lacks is
# skipped, all but the first line.
GUEST_MODULES_REQUIRED=(vfio vfio_pci vfio_iommu_type1)
GUEST_MODULES=(virtio_pci virtio_console virtio_iommu iommufd mce_inject
	hwpoison_inject einj msr pci_stub cxl_acpi cxl_pci cxl_mem
	cxl_port ghes_edac)

# fetch_debs DIR PACKAGE...: DIR is below $LAB_DIR.
fetch_debs() {
	local dir=$1 inside
	shift
	inside=/lab${dir#"$LAB_DIR"}
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'cd "$1" && shift && apt-get -qq download "$@"' \
		fetch "$inside" "$@" || die "could not download: $*"
}

# package_version PACKAGE SUITE-PATTERN: the newest version that a suite has.
package_version() {
	in_root apt-cache madison "$1" |
		awk -F ' *[|] *' -v suite="$2" '{
			split($3, where, " ")
			if (where[2] ~ "^" suite "/" && !n++)
				print $2
		}'
}

# package_depends PACKAGE VERSION: the names alone, one a line.
package_depends() {
	in_root apt-cache show "$1=$2" | sed -n 's/^Depends: //p' |
		tr ',' '\n' | sed 's/|.*//; s/(.*//; s/ //g'
}

# install_headers STAGE RELEASE ARCH: what the debs brought under usr/src and
# usr/lib/linux-kbuild-* goes to the same place in the lab root. dpkg-deb -x
# right onto the root would replace its /lib symlink.
install_headers() {
	local stage=$1 path name dest
	for path in "$stage"/usr/src/* "$stage"/usr/lib/linux-kbuild-*; do
		if [ ! -e "$path" ] && [ ! -L "$path" ]; then
			continue
		fi
		name=${path#"$stage"}
		dest=$LAB_ROOT$name
		# Common headers and tools are shared by several kernels of one
		# version; the same name has the same content, and mv is atomic.
		if [ -e "$dest" ] || [ -L "$dest" ]; then
			rm -rf "$path"
		else
			mkdir -p "$(dirname "$dest")"
			mv "$path" "$dest"
		fi
	done
}

# pick_modules STAGE RELEASE DEST: copy the guest's modules and all that they
# depend on, uncompressed (busybox's modprobe does not know xz).
pick_modules() {
	local stage=$1 rel=$2 dest=$3 module path file
	local from=$stage/usr/lib/modules/$rel to=$dest/lib/modules/$rel
	local inside=/lab${stage#"$LAB_DIR"}
	mkdir -p "$to"
	in_root depmod -b "$inside" "$rel"
	for module in "${GUEST_MODULES_REQUIRED[@]}" "${GUEST_MODULES[@]}"; do
		in_root modprobe -d "$inside" -S "$rel" -a -D "$module" \
			2>/dev/null >"$dest/picked" ||
			[[ " ${GUEST_MODULES[*]} " == *" $module "* ]] ||
			die "kernel $rel has no module $module"
		sed -n 's/^insmod \([^ ]*\).*/\1/p' "$dest/picked"
	done | sort -u | while read -r path; do
		path=${path##*"/modules/$rel/"}
		mkdir -p "$to/$(dirname "$path")"
		case $path in
		*.ko.xz) in_root xz -dc "$inside/usr/lib/modules/$rel/$path" >"$to/${path%.xz}" ;;
		*.ko) cp "$from/$path" "$to/$path" ;;
		*) die "module $path is packed in a way this script does not know" ;;
		esac
	done
	rm -f "$dest/picked"
	for file in modules.builtin modules.builtin.modinfo modules.order; do
		cp "$from/$file" "$to/$file"
	done
	in_root depmod -b "/lab${dest#"$LAB_DIR"}" "$rel"
}

# make_base_initrd NAME-DIR: busybox, its links, empty directories, modules.
make_base_initrd() {
	local dir=$1 arch applet tree=$1/tree
	arch=$(cat "$dir/arch")
	rm -rf "$tree"
	mkdir -p "$tree"/{bin,dev,proc,sys,tmp,run,etc,lab,opt,root,mnt,usr}
	ln -s bin "$tree/sbin"
	ln -s ../bin "$tree/usr/bin"
	ln -s ../bin "$tree/usr/sbin"
	cp "$LAB_DIR/busybox/$arch" "$tree/bin/busybox"
	while read -r applet; do
		[ "$applet" = busybox ] || ln -s busybox "$tree/bin/$applet"
	done <"$LAB_DIR/busybox/applets"
	cp -al "$dir/modules/lib" "$tree/lib"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'cd "$1" && find . | cpio --quiet -R 0:0 -o -H newc' \
		base "/lab${tree#"$LAB_DIR"}" >"$dir/base.cpio"
	rm -rf "$tree"
}

# kernel_is_complete NAME-DIR: made, and with all the modules that are wanted now.
kernel_is_complete() {
	[ "$(cat "$1/.complete" 2>/dev/null)" = "${GUEST_MODULES[*]}" ]
}

setup_stock_kernel() {
	local name=$1 dir=$LAB_DIR/kernels/$1 tmp=$LAB_DIR/kernels/.$1.tmp
	local arch from flavour suite version rel dep wanted=() stage deb
	[ -n "$UPDATE" ] || ! kernel_is_complete "$dir" || return 0
	update_lists
	arch=$(kernel_arch "$name")
	read -r from flavour < <(kernel_fact "$name" from)
	# shellcheck disable=SC2153 # SUITE is setup's
	case $from in
	stable) suite="$SUITE(-updates)?" ;;
	backports) suite=$BACKPORTS ;;
	*) die "kernel $name comes from '$from', which is nowhere" ;;
	esac
	version=$(package_version "linux-image-$flavour:$arch" "$suite")
	[ -n "$version" ] || die "the archive has no linux-image-$flavour in $suite"
	rel=$(package_depends "linux-image-$flavour:$arch" "$version" |
		sed -n "s/^linux-image-//p" | head -n 1)
	[ -n "$rel" ] || die "linux-image-$flavour $version names no kernel"
	if kernel_is_complete "$dir" && [ "$(cat "$dir/release")" = "$rel" ]; then
		return 0
	fi
	say "kernel $name: fetching $rel"

	# The image: one package up to 6.12, three since; both ways are named
	# by the image package's own dependencies.
	wanted=("linux-image-$rel:$arch")
	for dep in $(package_depends "linux-image-$rel:$arch" "$version"); do
		case $dep in
		linux-*"$rel") wanted+=("$dep:$arch") ;;
		esac
	done
	# The headers; kbuild's tools run here, so they are amd64 always.
	wanted+=("linux-headers-$rel:$arch")
	for dep in $(package_depends "linux-headers-$rel:$arch" "$version"); do
		case $dep in
		linux-headers-*-common*) wanted+=("$dep:amd64") ;;
		linux-kbuild-*) wanted+=("$dep:amd64") ;;
		esac
	done

	rm -rf "$tmp"
	stage=$tmp/stage
	mkdir -p "$tmp/debs" "$stage"
	fetch_debs "$tmp/debs" "${wanted[@]}"
	say "kernel $name: unpacking"
	for deb in "$tmp"/debs/*.deb; do
		in_root dpkg-deb -x "/lab${deb#"$LAB_DIR"}" "/lab${stage#"$LAB_DIR"}"
		rm "$deb"
	done
	[ -e "$stage/lib" ] || ln -s usr/lib "$stage/lib"
	printf '%s\n' "$arch" >"$tmp/arch"
	printf '%s\n' "$rel" >"$tmp/release"
	printf '/usr/src/linux-headers-%s\n' "$rel" >"$tmp/kdir"
	find "$stage/boot" "$stage/usr/lib/modules/$rel" -name 'vmlinuz*' -type f \
		-exec mv {} "$tmp/vmlinuz" \; 2>/dev/null || true
	[ -e "$tmp/vmlinuz" ] || die "no vmlinuz in the packages of $rel"
	pick_modules "$stage" "$rel" "$tmp/modules"
	install_headers "$stage"
	rm -rf "$stage" "$tmp/debs"
	make_base_initrd "$tmp"
	echo "${GUEST_MODULES[*]}" >"$tmp/.complete"
	rm -rf "$dir"
	mv "$tmp" "$dir"
}
