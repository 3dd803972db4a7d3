# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The modules that reproductions of kernel bugs need (selftests/kernel-bugs/modules), for
# a kernel of our own. Sourced by scripts/bugs.

# bug_modules KERNEL: built in $LAB_DIR/build/KERNEL-bugs; the guest gets
# $LAB_DIR/build/KERNEL-bugs/modules
bug_modules() {
	local dir=build/$1-bugs log=$LAB_DIR/build/$1-bugs.log module
	rm -rf "${LAB_DIR:?}/$dir"
	mkdir -p "$LAB_DIR/$dir/src" "$LAB_DIR/$dir/modules"
	cp "$LAB_REPO"/selftests/kernel-bugs/modules/* "$LAB_DIR/$dir/src/"
	kernel_make_args "$(kernel_arch "$1")"
	in_root make -j "$(jobs_count)" -C "$(cat "$LAB_DIR/kernels/$1/kdir")" "${KARGS[@]}" \
		M="/lab/$dir/src" W=1 KCFLAGS=-Werror modules >"$log" 2>&1 ||
		die "the modules for bugs do not build (log: $log)"
	for module in "$LAB_DIR/$dir"/src/*.ko; do
		in_root strip --strip-debug -o "/lab/$dir/modules/${module##*/}" \
			"/lab/$dir/src/${module##*/}" || die "cannot strip ${module##*/}"
	done
}
