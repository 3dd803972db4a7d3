# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What setup, build and run share: where things are, what kernels there
# are, and how to run a command inside the lab root. Sourced, never run.

LAB_DIR=${COHERENT_LAB:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/coherent-vfio}
LAB_ROOT=$LAB_DIR/root
LAB_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_REPO=$(cd "$LAB_SCRIPTS/../.." && pwd)

say() {
	printf 'lab: %s\n' "$*" >&2
}

die() {
	printf 'lab: error: %s\n' "$*" >&2
	exit "${LAB_DIE_STATUS:-1}"
}

need_root() {
	[ "$(id -u)" = 0 ] ||
		die "the lab needs root (chroot, mount namespaces); run this as root"
}

# shellcheck source=scripts/lab/kernels.sh
. "$LAB_SCRIPTS/kernels.sh"

# kernel_make_args ARCH: sets KARGS to what the kernel's make wants for ARCH.
# shellcheck disable=SC2034 # used by the scripts that source this file
kernel_make_args() {
	case $1 in
	amd64) KARGS=(ARCH=x86_64) ;;
	arm64) KARGS=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-) ;;
	esac
}

need_kernel() {
	kernel_known "$1"
	[ -e "$LAB_DIR/kernels/$1/.complete" ] ||
		die "kernel $1 is not in the lab yet; run: scripts/lab/setup $1"
}

# backend_dir DIR: the folder of a backend that has a repository of its own, or dies
backend_dir() {
	[ -d "$1" ] || die "there is no folder $1"
	[ -e "$1/Makefile" ] || die "$1 has no Makefile; scripts/new-backend writes one"
	(cd "$1" && pwd)
}

# backend_build DIR KERNEL: where in the lab it is built
backend_build() {
	echo "build/backends/${1##*/}/$2"
}

jobs_count() {
	nproc 2>/dev/null || echo 2
}

# Run in new namespaces: the command, in the root folder $root. The lab's cache is seen at
# /lab and the repository, read-only, at /repo.
# shellcheck disable=SC2016 # expanded by the inner bash
LAB_CHROOT='
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$lab" "$root/lab"
mount --bind "$repo" "$root/repo"
mount -o remount,ro,bind "$root/repo"
# No variable of the caller may change what make or a tool does in there.
# Not in place of this shell: PID 1 of a namespace is deaf to Ctrl-C.
status=0
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb \
	LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PYTHONDONTWRITEBYTECODE=1 \
	chroot "$root" "$@" || status=$?
exit $status
'
# The part of in_root that runs inside the new namespaces
# shellcheck disable=SC2016 # expanded by the inner bash
LAB_ENTER='
set -e
lab=$1 repo=$2 root=$1/root
shift 2
'"$LAB_CHROOT"

# in_root COMMAND...: run it in the lab root, in mount and PID namespaces of its
# own. Whatever ends the caller, SIGKILL too, ends the whole namespace: setpriv
# ties unshare to its parent, --kill-child ties the namespace to unshare. The
# mounts live and die with the namespace: nothing is ever left behind.
in_root() {
	(in_root_exec "$@")
}

# in_root_exec: the same in place of this shell, so that setpriv's parent is the
# script itself even where the command runs in the background.
in_root_exec() {
	mkdir -p "$LAB_ROOT/lab" "$LAB_ROOT/repo"
	exec setpriv --pdeathsig KILL -- \
		unshare --mount --pid --fork --kill-child -- \
		bash -c "$LAB_ENTER" in_root "$LAB_DIR" "$LAB_REPO" "$@"
}

# with_lock FILE COMMAND...: one at a time; says so when it has to wait.
with_lock() {
	local file=$1 fd
	shift
	mkdir -p "$(dirname "$file")"
	exec {fd}>"$file"
	if ! flock -n "$fd"; then
		say "waiting for another run that holds $file"
		flock -w 1800 "$fd" || die "$file was held for 30 minutes; giving up"
	fi
	"$@"
	exec {fd}>&-
}
