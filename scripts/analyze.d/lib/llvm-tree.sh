# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel tree that clang can build modules against: distributions' headers
# were prepared for gcc and hand its options to every compiler. Sourced.

# llvm_tree ARCH: $LAB_DIR/src/llvm-ARCH, made once for each kernel source
llvm_tree() {
	local dir=src/llvm-$1 log=$LAB_DIR/src/llvm-$1.log want
	want=$(cat "$LAB_DIR/src/linux/Makefile" "$LAB_SCRIPTS/config/src-amd64.config" | sha256sum)
	[ "$(cat "$LAB_DIR/$dir/.complete" 2>/dev/null)" != "$want" ] || return 0
	[ -e "$LAB_DIR/src/linux/.unpacked" ] || die "the lab has no kernel source yet; run: scripts/lab/setup"
	say "preparing the kernel's source for clang, $1 (about a minute, once)"
	rm -rf "${LAB_DIR:?}/$dir"
	mkdir -p "$LAB_DIR/$dir"
	kernel_make_args "$1"
	# What an architecture does not have kconfig leaves out
	if ! { llvm_make "$dir" -s tinyconfig &&
		cat "$LAB_SCRIPTS/config/src-amd64.config" >>"$LAB_DIR/$dir/.config" &&
		llvm_make "$dir" -s olddefconfig &&
		llvm_make "$dir" -s modules_prepare; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		die "preparing the kernel's source for clang failed (whole log: $log)"
	fi
	echo "$want" >"$LAB_DIR/$dir/.complete"
}

llvm_make() {
	in_root make -C /lab/src/linux O="/lab/$1" LLVM=1 "${KARGS[0]}" -j "$(jobs_count)" "${@:2}"
}
