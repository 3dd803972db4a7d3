# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Kernel sources: "linux", the newest that the archive has, and "linux-lts",
# Debian's own kernel; and kernels of our own made from one of them, as it is or
# with our patches (patchedsource.sh). Sourced by setup.

newest_source() {
	in_root apt-cache pkgnames linux-source- |
		grep -E '^linux-source-[0-9.]+$' | sort -V | tail -n 1
}

lts_source() {
	package_depends linux-source "$(package_version linux-source "$SUITE")" |
		grep -E '^linux-source-[0-9.]+$'
}

# fetch_source linux|linux-lts: unless it is there, or is to be unpacked
fetch_source() {
	local name=$1 package version tmp=$LAB_DIR/src/.$1.fetch.tmp
	[ ! -e "$LAB_DIR/src/$name.deb" ] || return 0
	[ -n "$UPDATE" ] || [ ! -e "$LAB_DIR/src/$name/.unpacked" ] || return 0
	update_lists
	case $name in
	linux) package=$(newest_source) ;;
	linux-lts) package=$(lts_source) ;;
	esac
	[ -n "$package" ] || die "the archive has no linux-source package"
	version="$package $(in_root apt-cache show --no-all-versions "$package" |
		sed -n 's/^Version: //p')"
	[ "$(cat "$LAB_DIR/src/$name/.unpacked" 2>/dev/null)" != "$version" ] || return 0
	say "fetching $package (about 160 MB)"
	rm -rf "$tmp"
	mkdir -p "$tmp"
	fetch_debs "$tmp" "$package"
	printf '%s\n' "$version" >"$LAB_DIR/src/$name.version"
	mv "$tmp"/*.deb "$LAB_DIR/src/$name.deb"
	rmdir "$tmp"
}

# The package holds one big tar.xz; stream it, it is needed only once.
unpack_source() {
	local name=$1 tmp=$LAB_DIR/src/.$1.tmp kernel
	[ -e "$LAB_DIR/src/$name.deb" ] || return 0
	say "unpacking the kernel's source ($name) in the background"
	rm -rf "$tmp"
	# What was made of another source goes along: by their dates the new files
	# may be older than that
	if [ -e "$LAB_DIR/src/$name" ]; then
		rm -rf "$LAB_DIR/src/$name" "$LAB_DIR/src/$name-patched"* \
			"$LAB_DIR"/src/llvm-* "$LAB_DIR/build/kunit-$name"
		for kernel in $(kernel_names); do
			[ "$(kernel_source "$kernel")" != "$name" ] ||
				rm -rf "$LAB_DIR/src/build-$kernel" "$LAB_DIR/build/$kernel"{,-kunit,-dropin}
		done
	fi
	mkdir -p "$tmp"
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'set -euo pipefail
		dpkg-deb --fsys-tarfile "/lab/src/$1.deb" |
		tar -xO --wildcards "./usr/src/linux-source-*.tar.xz" |
		xz -dc | tar -x --strip-components=1 -C "/lab/src/.$1.tmp"' unpack "$name" ||
		return 1
	cp "$LAB_DIR/src/$name.version" "$tmp/.unpacked"
	mv "$tmp" "$LAB_DIR/src/$name"
	rm -f "$LAB_DIR/src/$name.deb" "$LAB_DIR/src/$name.version"
}

# src_fragments NAME: config files that make a kernel, first to last.
src_fragments() {
	local fragment
	for fragment in $(kernel_fact "$1" config); do
		echo "$LAB_SCRIPTS/config/$fragment.config"
	done
}

# wanted_options FILE...: what the last word on each option asks for
wanted_options() {
	sed -n -E 's/^(# )?(CONFIG_[A-Za-z0-9_]+)(=| is not set).*/\2 &/p' "$@" |
		awk '{ last[$1] = substr($0, length($1) + 2) }
			END { for (option in last) print last[option] }' |
		grep '^CONFIG_' | sort
}

# configure_source NAME LOG: kconfig drops what it cannot give without a
# word, so look whether everything that was asked for is there.
configure_source() {
	local name=$1 log=$2 build=src/build-$1 files option missing=
	mapfile -t files < <(src_fragments "$name")
	make_source "$name" "$log" -s tinyconfig
	cat "${files[@]}" >>"$LAB_DIR/$build/.config"
	make_source "$name" "$log" -s olddefconfig
	while read -r option; do
		grep -qxF "$option" "$LAB_DIR/$build/.config" || missing+=" $option"
	done < <(wanted_options "${files[@]}")
	[ -z "$missing" ] || die "kernel $name: kconfig did not give:$missing"
}

# make_source NAME LOG TARGET...
make_source() {
	local name=$1 log=$2
	shift 2
	kernel_make_args "$(kernel_arch "$name")"
	# In the background: a signal to us, who wait, ends what has minutes to go
	in_root_exec make -C "/lab/src/$(built_source "$name")" O="/lab/src/build-$name" "${KARGS[@]}" \
		-j "$(jobs_count)" "$@" >>"$log" 2>&1 &
	wait $! || {
		grep -E -A 5 'error|\*\*\*' "$log" | tail -n 40 >&2
		die "building the kernel failed (whole log: $log)"
	}
}

# taken_kernel NAME WANT: as it is, from the lab $COHERENT_LAB_KERNELS, if that has the same
taken_kernel() {
	local name=$1 from=${COHERENT_LAB_KERNELS-}
	[ -n "$from" ] && [ "$(cat "$from/kernels/$name/.complete" 2>/dev/null)" = "$2" ] &&
		[ -d "$from/src/build-$name" ] || return 1
	say "kernel $name: copying it from $from"
	# Complete at last, and only if it is still the same over there. (A condition calls this:
	# a command that fails ends nothing.)
	rm -rf "$LAB_DIR/src/build-$name" "$LAB_DIR/kernels/$name" "$LAB_DIR/kernels/.$name.tmp"
	if ! { cp -a "$from/src/build-$name" "$LAB_DIR/src/" &&
		cp -a "$from/kernels/$name" "$LAB_DIR/kernels/.$name.tmp" &&
		[ "$(cat "$LAB_DIR/kernels/.$name.tmp/.complete")" = "$2" ] &&
		mv "$LAB_DIR/kernels/.$name.tmp" "$LAB_DIR/kernels/$name"; }; then
		rm -rf "$LAB_DIR/src/build-$name" "$LAB_DIR/kernels/.$name.tmp"
		return 1
	fi
}

# setup_src_kernel NAME: built out of tree in $LAB_DIR/src/build-NAME, which
# then serves as the headers to build modules against.
setup_src_kernel() {
	local name=$1 dir=$LAB_DIR/kernels/$1 tmp=$LAB_DIR/kernels/.$1.tmp
	local build=src/build-$1 log=$LAB_DIR/src/build-$1.log arch files want rel image source
	arch=$(kernel_arch "$name") source=$LAB_DIR/src/$(built_source "$name")
	case $arch in
	amd64) image=arch/x86/boot/bzImage ;;
	arm64) image=arch/arm64/boot/Image ;;
	esac
	mapfile -t files < <(src_fragments "$name")
	[ -z "$(kernel_fact "$name" patches)" ] || files+=("$source/.patched")
	want=$(cat "$source/Makefile" "${files[@]}" | sha256sum)
	if [ -e "$dir/.complete" ] && [ "$(cat "$dir/.complete")" = "$want" ]; then
		return 0
	fi
	! taken_kernel "$name" "$want" || return 0
	say "kernel $name: configuring and building (a few minutes; log: $log)"
	: >"$log"
	mkdir -p "$LAB_DIR/$build"
	configure_source "$name" "$log"
	make_source "$name" "$log" "${image##*/}" modules
	rel=$(cat "$LAB_DIR/$build/include/config/kernel.release")
	rm -rf "$tmp"
	mkdir -p "$tmp/modules"
	make_source "$name" "$log" INSTALL_MOD_STRIP=1 \
		INSTALL_MOD_PATH="/lab/kernels/.$name.tmp/modules" modules_install
	rm -f "$tmp/modules/lib/modules/$rel/build"
	cp "$LAB_DIR/$build/$image" "$tmp/vmlinuz"
	printf '%s\n' "$arch" >"$tmp/arch"
	printf '%s\n' "$rel" >"$tmp/release"
	printf '/lab/%s\n' "$build" >"$tmp/kdir"
	make_base_initrd "$tmp"
	printf '%s\n' "$want" >"$tmp/.complete"
	rm -rf "$dir"
	mv "$tmp" "$dir"
}
