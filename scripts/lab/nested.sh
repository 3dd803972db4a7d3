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

# foreign_qemu TREE: QEMU for arm64 and all that it depends on, unpacked. It cannot
# be installed beside this machine's own; and what is to be fetched is told by an apt
# that believes to be on an empty arm64 machine.
foreign_qemu() {
	local tree=$1 tmp=$LAB_DIR/nested/fetch
	rm -rf "$tmp" "$tree"
	mkdir -p "$tmp/cache/archives/partial" "$tree"
	: >"$tmp/status"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'set -e
		cd "$1"
		tree=$2 suite=$3
		shift 3
		apt-get -qq -y --no-install-recommends --download-only -t "$suite" \
			-o APT::Architecture=arm64 -o APT::Architectures=arm64 \
			-o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache" install "$@"
		for deb in cache/archives/*.deb; do
			dpkg-deb -x "$deb" "$tree"
			rm "$deb"
		done' foreign_qemu "/lab/nested/fetch" "/lab${tree#"$LAB_DIR"}" "$BACKPORTS" \
		qemu-system-arm qemu-efi-aarch64 >"$LAB_DIR/nested/fetch.log" 2>&1 || {
		tail -n 20 "$LAB_DIR/nested/fetch.log" >&2
		die "QEMU for arm64 could not be fetched"
	}
	rm -rf "$tmp"
}

# nested_tree ARCH FROM: in nested/ARCH.tree, QEMU out of the Debian tree FROM (a path
# inside the lab root), with nothing that it does not load
nested_tree() {
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -s "$@" <<-'END'
		set -euo pipefail
		arch=$1 from=$2 out=/lab/nested/$1.tree/opt/qemu
		case $arch in
		amd64) machine=x86_64 ;;
		arm64) machine=aarch64 ;;
		esac
		libs=$from/usr/lib/$machine-linux-gnu
		mkdir -p "$out/bin" "$out/lib" "$out/share" "$out/modules"
		cp "$from/usr/bin/qemu-system-$machine" "$out/bin/"
		# Accelerators are modules of QEMU; so are some devices, not ours
		find "$libs/qemu" -name 'accel-*' -name "*$machine*" -exec cp {} "$out/modules/" \;
		cp -L "$(find -L "$from/usr/lib" -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)" "$out/lib/"
		todo=("$out"/bin/* "$out"/modules/*)
		while [ ${#todo[@]} -gt 0 ]; do
			file=${todo[0]} todo=("${todo[@]:1}")
			[ -e "$file" ] || continue
			for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
				[ ! -e "$out/lib/$name" ] || continue
				found=$(find -L "$libs" -name "$name" -type f | head -n 1)
				[ -n "$found" ] || { echo "no $name, which $file needs" >&2; exit 1; }
				cp -L "$found" "$out/lib/$name"
				todo+=("$out/lib/$name")
			done
		done
		case $arch in
		amd64)
			cp -L "$from"/usr/share/seabios/bios-256k.bin "$out/share/"
			cp -L "$from"/usr/share/qemu/{kvmvapic,linuxboot_dma}.bin "$out/share/"
			;;
		arm64) cp -L "$from"/usr/share/qemu-efi-aarch64/QEMU_EFI.fd "$out/share/" ;;
		esac
	END
}

# setup_nested ARCH
setup_nested() {
	local arch=$1 dir=$LAB_DIR/nested kernel from want
	kernel=$(nested_kernel "$arch")
	need_kernel "$kernel"
	want=$(cat "$LAB_DIR/kernels/$kernel/release" "$LAB_SCRIPTS/nested.sh" &&
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
		foreign_qemu "$dir/$arch.debian"
		from=/lab/nested/$arch.debian
		;;
	esac
	nested_tree "$arch" "$from" || die "QEMU for nested machines is not complete"
	mkdir -p "$dir/$arch.tree/opt/nested"
	cp "$LAB_DIR/kernels/$kernel"/{vmlinuz,base.cpio,release} "$dir/$arch.tree/opt/nested/"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'cd "$1.tree" && find . | cpio --quiet -R 0:0 -o -H newc >"$1.cpio"' \
		nested "/lab/nested/$arch"
	rm -rf "$dir/$arch.tree" "$dir/$arch.debian" "$dir/fetch.log"
	printf '%s\n' "$want" >"$dir/$arch.made"
}
