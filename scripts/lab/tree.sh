# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The framework in a kernel's source tree of the lab. Sourced by scripts that build
# in-tree.

# into_lab_tree TREE: scripts/into-tree, with the compiler of the lab
into_lab_tree() {
	in_root /repo/scripts/into-tree "/lab${1#"$LAB_DIR"}"
}

# with_compat LINUX TREE: an older kernel's source gets the folders as they are, with what
# is there for older kernels
with_compat() {
	local home=drivers/vfio/pci/coherent
	if ! [ -e "$1/$home" ]; then
		sed -i "s|^endmenu|source \"$home/Kconfig\"\nendmenu|" "$1/drivers/vfio/pci/Kconfig"
		sed -i "\$a obj-y += ${home##*/}/" "$1/drivers/vfio/pci/Makefile"
	fi
	in_root rsync -rlp --checksum --delete \
		/repo/{Kbuild,Kconfig,coherent,include,backends,kunit} "/lab${1#"$LAB_DIR"}/$home/"
	in_root cp /repo/kunit/.kunitconfig "/lab${1#"$LAB_DIR"}/$home/"
}

# lay_in_tree LINUX TREE: TREE, below $LAB_DIR, becomes LINUX, the newest source or
# Debian's, with the framework. It is a tree of hard links: what is changed below gets a
# file of its own. A second time only the files of ours that changed are copied.
lay_in_tree() {
	local linux=$1 tree=$2 stamp=Makefile name=${1##*/}
	# With our patches already, so that these do not have everything built again
	[ "$name" != linux ] || linux+=-patched stamp=.patched
	if ! [ "$tree/$stamp" -ef "$linux/$stamp" ]; then
		rm -rf "$tree" "$tree.tmp"
		mkdir -p "$(dirname "$tree")"
		cp -al "$linux" "$tree.tmp"
		mv "$tree.tmp" "$tree"
	fi
	case $name in
	linux) into_lab_tree "$tree" ;;
	*) with_compat "$tree" ;;
	esac
}
