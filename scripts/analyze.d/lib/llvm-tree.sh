# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel tree that clang can build modules against: distributions' headers
# were prepared for gcc and hand its options to every compiler. Sourced.

# llvm_name KERNEL: the tree that stands for that kernel's headers
llvm_name() {
	if kernel_is "$1" from stable; then
		echo "llvm-lts-$(kernel_arch "$1")"
	else
		echo "llvm-$(kernel_arch "$1")"
	fi
}

# llvm_tree llvm-ARCH|llvm-lts-ARCH: that folder of $LAB_DIR/src, from the newest
# source or from that of Debian's own kernel; made once for each
llvm_tree() {
	local dir=src/$1 log=$LAB_DIR/src/$1.log source=linux setup=source arch=${1##*-} want
	case $1 in llvm-lts-*) source=linux-lts setup=source-lts ;; esac
	[ -e "$LAB_DIR/src/$source/.unpacked" ] ||
		die "the lab has no kernel source ($source) yet; run: scripts/lab/setup $setup"
	want=$(cat "$LAB_DIR/src/$source/Makefile" "$LAB_SCRIPTS"/config/src{,-"$arch"}.config | sha256sum)
	[ "$(cat "$LAB_DIR/$dir/.complete" 2>/dev/null)" != "$want" ] || return 0
	say "preparing a kernel's source for clang, $1 (about a minute, once)"
	rm -rf "${LAB_DIR:?}/$dir"
	mkdir -p "$LAB_DIR/$dir"
	kernel_make_args "$arch"
	# What 6.12 does not have kconfig leaves out
	if ! { llvm_make "$source" "$dir" -s tinyconfig &&
		cat "$LAB_SCRIPTS"/config/src{,-"$arch"}.config >>"$LAB_DIR/$dir/.config" &&
		llvm_make "$source" "$dir" -s olddefconfig &&
		llvm_make "$source" "$dir" -s modules_prepare; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "preparing the kernel's source for clang failed (whole log: $log)"
	fi
	echo "$want" >"$LAB_DIR/$dir/.complete"
}

# llvm_make SOURCE DIR ARG...
llvm_make() {
	in_root make -C "/lab/src/$1" O="/lab/$2" LLVM=1 "${KARGS[0]}" -j "$(jobs_count)" "${@:3}"
}
