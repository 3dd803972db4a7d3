# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Modules that tests of the kernel itself need, for a kernel of our own: reproductions of
# bugs (selftests/kernel-bugs/modules), and what asks a patched one (selftests/patched).
# Sourced by scripts/bugs and scripts/guest.sh.

# small_modules KERNEL FOLDER NAME: those of selftests/FOLDER, built in
# $LAB_DIR/build/KERNEL-NAME; the guest gets $LAB_DIR/build/KERNEL-NAME/modules
small_modules() {
	local dir=build/$1-$3 log=$LAB_DIR/build/$1-$3.log module strip=strip
	[ "$(kernel_arch "$1")" = amd64 ] || strip=aarch64-linux-gnu-strip
	rm -rf "${LAB_DIR:?}/$dir"
	mkdir -p "$LAB_DIR/$dir/src" "$LAB_DIR/$dir/modules"
	cp "$LAB_REPO/selftests/$2"/* "$LAB_DIR/$dir/src/"
	kernel_make_args "$(kernel_arch "$1")"
	in_root make -j "$(jobs_count)" -C "$(cat "$LAB_DIR/kernels/$1/kdir")" "${KARGS[@]}" \
		M="/lab/$dir/src" W=1 KCFLAGS=-Werror modules >"$log" 2>&1 ||
		die "the modules in selftests/$2 do not build (log: $log)"
	for module in "$LAB_DIR/$dir"/src/*.ko; do
		in_root "$strip" --strip-debug -o "/lab/$dir/modules/${module##*/}" \
			"/lab/$dir/src/${module##*/}" || die "cannot strip ${module##*/}"
	done
}

# bug_modules KERNEL
bug_modules() {
	small_modules "$1" kernel-bugs/modules bugs
}
