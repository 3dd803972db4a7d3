# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Other root folders than the lab's, and copies to throw away: packages are installed in
# one, modules too, and nothing of it outlives the command. Sourced, after lib.sh.

# As in_root's. Of a copy what is written is in memory: an overlay cannot always be written
# to where the lab is.
# shellcheck disable=SC2016 # expanded by the inner bash
SCRATCH_ENTER='
set -e
lab=$1 repo=$2 kind=$3 from=$4 root=$1/scratch/root
shift 4
mount -t tmpfs -o mode=755,size=80% scratch "$lab/scratch"
mkdir "$lab/scratch/upper" "$lab/scratch/work" "$root"
case $kind in
copy)
	mount -t overlay scratch "$root" -o \
		"lowerdir=$from,upperdir=$lab/scratch/upper,workdir=$lab/scratch/work"
	;;
itself) mount --bind "$from" "$root" ;;
esac
mkdir -p "$root/lab" "$root/repo"
'"$LAB_CHROOT"

# The lab is at /lab, and can be written to; the repository, read-only, at /repo.
in_folder_exec() {
	mkdir -p "$LAB_DIR/scratch"
	exec setpriv --pdeathsig KILL -- \
		unshare --mount --pid --fork --kill-child -- \
		bash -c "$SCRATCH_ENTER" in_folder "$LAB_DIR" "$LAB_REPO" "$@"
}

# in_scratch ROOT COMMAND...: run it in a copy of the root folder ROOT
in_scratch() {
	(in_folder_exec copy "$@")
}

# in_scratch_exec: the same in place of this shell, as in_root_exec
in_scratch_exec() {
	in_folder_exec copy "$@"
}

# in_other_root ROOT COMMAND...: run it in the root folder ROOT
in_other_root() {
	(in_folder_exec itself "$@")
}
