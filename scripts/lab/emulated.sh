# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs of arm64, run on this machine: in root folders of that architecture. Sourced,
# after lib.sh.

EMULATED=/proc/sys/fs/binfmt_misc
# Each run has its own: of two that are the same the kernel takes the newest
EMULATED_NAME=coherent-vfio-arm64-$$
EMULATED_MOUNTED=

# emulate_arm64: from now on, unless they run as they are. Undone by emulate_nothing
emulate_arm64() {
	local dir=$LAB_DIR/build/qemu-user
	[ "$(uname -m)" != aarch64 ] || return 0
	if [ ! -e $EMULATED/register ]; then
		mount -t binfmt_misc binfmt_misc $EMULATED ||
			die "this machine's kernel has no binfmt_misc: it cannot run programs of arm64"
		EMULATED_MOUNTED=1
	fi
	if [ ! -e "$dir" ]; then
		rm -rf "$dir.tmp"
		mkdir -p "$dir.tmp"
		# shellcheck disable=SC2016 # expanded inside
		in_root sh -c 'cd /lab/build/qemu-user.tmp && apt-get -qq update &&
			apt-get -qq -o APT::Sandbox::User=root download qemu-user &&
			dpkg-deb -x qemu-user_*.deb . && rm qemu-user_*.deb' ||
			die "qemu-user could not be fetched"
		mv "$dir.tmp" "$dir"
	fi
	emulate_forget_dead
	# ELF, 64 bits, little endian, a program or a shared object, AArch64. F: opened now, and
	# so there in every root folder
	printf '%s' ":$EMULATED_NAME:M:"':\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:'"$dir/usr/bin/qemu-aarch64:FP" \
		>$EMULATED/register
}

# emulate_forget_dead: what runs that were killed have left
emulate_forget_dead() {
	local entry
	for entry in "$EMULATED"/coherent-vfio-arm64-*; do
		[ ! -e "$entry" ] || [ -e "/proc/${entry##*-}" ] || echo -1 >"$entry"
	done
}

# emulate_nothing: the end of it; another run's goes on, and needs the mount
emulate_nothing() {
	[ ! -e $EMULATED/$EMULATED_NAME ] || echo -1 >$EMULATED/$EMULATED_NAME
	[ -z "$EMULATED_MOUNTED" ] || compgen -G "$EMULATED/coherent-vfio-arm64-*" >/dev/null ||
		umount $EMULATED
	EMULATED_MOUNTED=
}
