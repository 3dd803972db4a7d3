# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs of Debian's for a guest, whose root has no package manager: unpacked beside the
# lab's own, with the libraries that they load. Sourced by setup.

# debian_machine ARCH: as in the names of its folders and programs
debian_machine() {
	case $1 in
	amd64) echo x86_64 ;;
	arm64) echo aarch64 ;;
	esac
}

# foreign_tree ARCH SUITE TREE PACKAGE...: the packages and all that they depend on, unpacked
# in TREE (below the lab's directory). What is to be fetched is told by an apt that believes
# to be on an empty machine of that architecture.
foreign_tree() {
	local arch=$1 suite=$2 tree=$3 tmp=$3.fetch
	shift 3
	rm -rf "$tmp" "$tree"
	mkdir -p "$tmp/cache/archives/partial" "$tree"
	: >"$tmp/status"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'set -e
		cd "$1"
		tree=$2 arch=$3 suite=$4
		shift 4
		apt-get -qq -y --no-install-recommends --download-only -t "$suite" \
			-o APT::Architecture="$arch" -o APT::Architectures="$arch" \
			-o Dir::State::status="$PWD/status" -o Dir::Cache="$PWD/cache" install "$@"
		for deb in cache/archives/*.deb; do
			dpkg-deb -x "$deb" "$tree"
			rm "$deb"
		done' foreign_tree "/lab${tmp#"$LAB_DIR"}" "/lab${tree#"$LAB_DIR"}" "$arch" "$suite" \
		"$@" >"$tmp.log" 2>&1 || {
		tail -n 20 "$tmp.log" >&2
		die "these packages for $arch could not be fetched: $*"
	}
	rm -rf "$tmp" "$tmp.log"
}

# take_libraries FROM MACHINE OUT FILE...: copy into OUT the loader and the libraries that the
# files load, out of the Debian tree FROM ('' is the lab root). Paths are inside the lab root.
take_libraries() {
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -s "$@" <<-'END'
		set -euo pipefail
		from=$1 machine=$2 out=$3
		shift 3
		libs=$from/usr/lib/$machine-linux-gnu
		mkdir -p "$out"
		cp -L "$(find -L "$from/usr/lib" -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)" "$out/"
		todo=("$@")
		while [ ${#todo[@]} -gt 0 ]; do
			file=${todo[0]} todo=("${todo[@]:1}")
			[ -e "$file" ] || continue
			for name in $(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
				[ ! -e "$out/$name" ] || continue
				found=$(find -L "$libs" -name "$name" -type f | head -n 1)
				[ -n "$found" ] || { echo "no $name, which $file needs" >&2; exit 1; }
				cp -L "$found" "$out/$name"
				todo+=("$out/$name")
			done
		done
	END
}
