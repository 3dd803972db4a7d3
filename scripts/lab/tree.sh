# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The folders laid into a kernel's source tree, as a move upstream would have
# it. Sourced by scripts that build in-tree.

# shellcheck disable=SC2034 # used by the scripts that source this file
TREE_HOME=drivers/vfio/pci/coherent-vfio

# lay_in_tree LINUX TREE: TREE, below $LAB_DIR, becomes LINUX with our folders; the newest
# kernel, with our patches of it, without what is there for older ones.
# It is a tree of hard links: what is changed below gets a file of its own. A
# second time only the files of ours that changed are copied.
lay_in_tree() {
	local linux=$1 tree=$2 stamp=Makefile without=()
	if [ "${linux##*/}" = linux ]; then
		linux+=-patched stamp=.patched without=(--exclude /coherent/compat)
	fi
	if ! [ "$tree/$stamp" -ef "$linux/$stamp" ]; then
		rm -rf "$tree" "$tree.tmp"
		mkdir -p "$(dirname "$tree")"
		cp -al "$linux" "$tree.tmp"
		sed -i "s|^endmenu|source \"$TREE_HOME/Kconfig\"\nendmenu|" \
			"$tree.tmp/drivers/vfio/pci/Kconfig"
		sed -i "\$a obj-y += ${TREE_HOME##*/}/" "$tree.tmp/drivers/vfio/pci/Makefile"
		mkdir "$tree.tmp/$TREE_HOME"
		mv "$tree.tmp" "$tree"
	fi
	in_root rsync -rlp --checksum --delete --delete-excluded "${without[@]}" \
		/repo/{Kbuild,Kconfig,coherent,include,backends,kunit} \
		"/lab${tree#"$LAB_DIR"}/$TREE_HOME/"
}
