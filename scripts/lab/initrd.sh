# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The initrd of one run: on arm64 the ACPI table's archive, then the kernel's
# cached base archive, then what is new in this run. The kernel unpacks
# concatenated archives one over the other. Sourced by run.

# pack DIR FILE: both below the lab root, as seen from inside.
pack() {
	# shellcheck disable=SC2016 # expanded inside
	in_root bash -c 'cd "$1" && find . | cpio --quiet -R 0:0 -o -H newc >"$2"' \
		pack "$1" "$2"
}

# overlay_modules KERNEL TREE: our modules under updates/, and modprobe's tables
# made anew over them and the kernel's own.
overlay_modules() {
	local kernel=$1 tree=$2 rel merged=$RUN_DIR/merged
	local out=${MODULES:-$LAB_DIR/build/$kernel$VARIANT/out} backend
	rel=$(cat "$LAB_DIR/kernels/$kernel/release")
	compgen -G "$out/*.ko" >/dev/null ||
		die "our modules are not built for $kernel; run: scripts/lab/build${VARIANT:+ -$VARIANT} $kernel"
	mkdir -p "$merged" "$tree/lib/modules/$rel/updates"
	cp -al "$LAB_DIR/kernels/$kernel/modules/lib" "$merged/lib"
	cp "$out"/*.ko "$tree/lib/modules/$rel/updates/"
	for backend in "${BACKENDS[@]}"; do
		out=$LAB_DIR/$(backend_build "$backend" "$kernel$VARIANT")/out
		compgen -G "$out/*.ko" >/dev/null ||
			die "the backend is not built for $kernel; run: scripts/lab/build${VARIANT:+ -$VARIANT} --backend $backend $kernel"
		cp "$out"/*.ko "$tree/lib/modules/$rel/updates/"
	done
	cp -r "$tree/lib/modules/$rel/updates" "$merged/lib/modules/$rel/"
	# depmod replaces its files by renaming: the cache's links stay whole.
	in_root depmod -b "$RUN_INSIDE/merged" "$rel" >&2
	find "$merged/lib/modules/$rel" -maxdepth 1 -name 'modules.*' -type f \
		-exec cp -t "$tree/lib/modules/$rel" {} +
	rm -rf "$merged"
}

# overlay_selftests ARCH TREE: programs and scripts, without what make left.
overlay_selftests() {
	local built=$LAB_DIR/build/selftests-$1 dest=$2/opt/selftests
	mkdir -p "$dest"
	if [ -d "$built" ]; then
		cp -rL "$built/." "$dest/"
		find "$dest" -type f \( -name '*.o' -o -name '*.d' -o -name '*.a' \
			-o -name '.*.cmd' \) -delete
		find "$dest" -mindepth 1 -type d -empty -delete
	fi
	if [ -d "$LAB_REPO/selftests/guest" ]; then
		cp -rL "$LAB_REPO/selftests/guest/." "$dest/"
	fi
}

# make_initrd KERNEL ARCH: reads the run's options, writes $RUN_DIR/initrd.
make_initrd() {
	local kernel=$1 arch=$2 tree=$RUN_DIR/tree dir parts=()
	mkdir -p "$tree/lab" "$tree/bin"
	cp "$LAB_SCRIPTS/guest/init" "$tree/init"
	cp "$LAB_SCRIPTS/guest/lab-ports" "$LAB_SCRIPTS/guest/lab-qmp" "$tree/bin/"
	printf 'set -- %s\n' "${PROGRAM[*]@Q}" >"$tree/lab/command"
	printf '%s\n' "LAB_NONCE=$NONCE" \
		"LAB_RESERVED='${RESERVED[*]}'" "LAB_TTY='$TERMINAL'" >"$tree/lab/env"
	[ -z "$WITH_MODULES" ] || overlay_modules "$kernel" "$tree"
	overlay_selftests "$arch" "$tree"
	for dir in "${FILES[@]}"; do
		mkdir -p "$tree/opt/$(basename "$dir")"
		cp -rL "$dir/." "$tree/opt/$(basename "$dir")/"
	done
	pack "$RUN_INSIDE/tree" "$RUN_INSIDE/overlay.cpio"
	rm -rf "$tree"

	# QEMU adds tables itself on x86 machines alone
	if compgen -G "$RUN_DIR/*.aml" >/dev/null && [ "$arch" = arm64 ]; then
		mkdir -p "$RUN_DIR/acpi/kernel/firmware/acpi"
		cp "$RUN_DIR"/*.aml "$RUN_DIR/acpi/kernel/firmware/acpi/"
		pack "$RUN_INSIDE/acpi" "$RUN_INSIDE/acpi.cpio"
		parts+=("$RUN_DIR/acpi.cpio")
	fi
	parts+=("$LAB_DIR/kernels/$kernel/base.cpio" "$RUN_DIR/overlay.cpio")
	if [ -n "$NESTED" ]; then
		[ -e "$LAB_DIR/nested/$arch.made" ] ||
			die "there is no QEMU for a machine in the guest; run: scripts/lab/setup nested-$arch"
		parts+=("$LAB_DIR/nested/$arch.cpio")
	fi
	cat "${parts[@]}" >"$RUN_DIR/initrd"
	rm -f "$RUN_DIR/acpi.cpio" "$RUN_DIR/overlay.cpio"
}
