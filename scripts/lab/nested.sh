# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A virtual machine inside the lab's: for each architecture one archive, which a
# guest's initrd may take, with a QEMU that runs on that architecture (/opt/qemu)
# and a stock kernel for it to boot (/opt/nested). Sourced by setup.
#
# nested/ARCH.cpio    the archive
# nested/ARCH.made    of what it was made: written last

# nested_kernel ARCH: what the machines in the machine boot
nested_kernel() {
	local name
	for name in $(kernels_with nested also); do
		! kernel_is "$name" arch "$1" || {
			echo "$name"
			return
		}
	done
	die "no kernel says that machines in $1 machines boot it ('also: nested')"
}

# nested_tree ARCH FROM: in nested/ARCH.tree, QEMU out of the Debian tree FROM (a path
# inside the lab root), with nothing that it does not load
nested_tree() {
	local machine files
	machine=$(debian_machine "$1")
	# shellcheck disable=SC2016 # expanded inside
	files=$(in_root bash -s "$machine" "$2" "/lab/nested/$1.tree/opt/qemu" <<-'END'
		set -euo pipefail
		machine=$1 from=$2 out=$3
		mkdir -p "$out/bin" "$out/share" "$out/modules"
		cp "$from/usr/bin/qemu-system-$machine" "$out/bin/"
		# Accelerators are modules of QEMU; so are some devices, not ours
		find "$from/usr/lib/$machine-linux-gnu/qemu" -name 'accel-*' -name "*$machine*" \
			-exec cp {} "$out/modules/" \;
		case $machine in
		x86_64)
			cp -L "$from"/usr/share/seabios/bios-256k.bin "$out/share/"
			cp -L "$from"/usr/share/qemu/{kvmvapic,linuxboot_dma}.bin "$out/share/"
			;;
		aarch64) cp -L "$from"/usr/share/qemu-efi-aarch64/QEMU_EFI.fd "$out/share/" ;;
		esac
		find "$out/bin" "$out/modules" -type f
	END
	) || return 1
	# shellcheck disable=SC2086 # names of files
	take_libraries "$2" "$machine" "/lab/nested/$1.tree/opt/qemu/lib" $files
}

# setup_nested ARCH
setup_nested() {
	local arch=$1 dir=$LAB_DIR/nested kernel from want
	kernel=$(nested_kernel "$arch")
	need_kernel "$kernel"
	want=$(cat "$LAB_DIR/kernels/$kernel/release" "$LAB_SCRIPTS/nested.sh" "$LAB_SCRIPTS/foreign.sh" &&
		in_root dpkg -s qemu-system-common)
	want=$(sha256sum <<<"$want")
	[ "$(cat "$dir/$arch.made" 2>/dev/null)" != "$want" ] || return 0
	say "QEMU and $kernel for nested machines on $arch: making their archive"
	mkdir -p "$dir"
	rm -rf "$dir/$arch".*
	case $arch in
	amd64) from='' ;;
	arm64)
		update_lists
		# It cannot be installed beside this machine's own
		foreign_tree arm64 "$BACKPORTS" "$dir/$arch.debian" qemu-system-arm qemu-efi-aarch64
		from=/lab/nested/$arch.debian
		;;
	esac
	nested_tree "$arch" "$from" || die "QEMU for nested machines is not complete"
	mkdir -p "$dir/$arch.tree/opt/nested"
	cp "$LAB_DIR/kernels/$kernel"/{vmlinuz,base.cpio,release} "$dir/$arch.tree/opt/nested/"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'cd "$1.tree" && find . | cpio --quiet -R 0:0 -o -H newc >"$1.cpio"' \
		nested "/lab/nested/$arch"
	rm -rf "$dir/$arch.tree" "$dir/$arch.debian"
	printf '%s\n' "$want" >"$dir/$arch.made"
}
