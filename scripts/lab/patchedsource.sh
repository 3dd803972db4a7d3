# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The newest kernel source with patches of ours: for kernels that name folders of
# patches/ ("patches: linux"), and for what is built inside a kernel tree, which has
# those of patches/linux. Sourced by setup.

# patched_name FOLDER...: what the source with the patches of these is called, in
# $LAB_DIR/src
patched_name() {
	local folders=$*
	case $folders in
	'') echo linux ;;
	linux) echo linux-patched ;;
	*)
		folders=${folders// /-}
		echo "linux-patched-${folders//\//-}"
		;;
	esac
}

# kernel_source NAME: the source that it is made from, in $LAB_DIR/src
kernel_source() {
	# shellcheck disable=SC2046 # folders
	patched_name $(kernel_fact "$1" patches)
}

patched_files() {
	sed -n 's|^+++ b/||p' "$@" | sort -u
}

# keep_date TREE OLD FILE...: a file that is as it was keeps its date, so that
# nothing is built again for it. One that has no patch any more gets a new date,
# and shares it with nobody.
keep_date() {
	local tree=$1 old=$2 file
	shift 2
	for file; do
		[ -e "$tree/$file" ] || continue
		if cmp -s "$tree/$file" "$old/$file"; then
			cp -p "$old/$file" "$tree/.patched.tmp"
		else
			cp "$tree/$file" "$tree/.patched.tmp"
		fi
		mv "$tree/.patched.tmp" "$tree/$file"
	done
}

# patch_source FOLDER...: a copy of the source that shares what no patch touches: patch
# writes new files
patch_source() {
	local from=$LAB_DIR/src/linux to tmp patches=() want file touched folder
	to=$LAB_DIR/src/$(patched_name "$@")
	tmp=${to%/*}/.${to##*/}.tmp
	for folder; do
		patches+=("$LAB_REPO/patches/$folder"/*.patch)
	done
	want=$(cat "$from/.unpacked" "${patches[@]}" | sha256sum)
	[ "$(cat "$to/.patched" 2>/dev/null)" != "$want" ] || return 0
	say "patching the kernel's source: $*"
	rm -rf "$tmp"
	cp -al "$from" "$tmp"
	for file in "${patches[@]}"; do
		in_root patch --quiet --directory "/lab/src/${tmp##*/}" --fuzz 0 --strip 1 \
			--input "/repo/${file#"$LAB_REPO"/}" >&2 ||
			die "${file#"$LAB_REPO"/} does not fit the kernel's source"
	done
	mapfile -t touched < <({
		cat "$to/.patched-files" 2>/dev/null
		patched_files "${patches[@]}"
	} | sort -u)
	keep_date "$tmp" "$to" "${touched[@]}"
	patched_files "${patches[@]}" >"$tmp/.patched-files"
	printf '%s\n' "$want" >"$tmp/.patched"
	rm -rf "$to"
	mv "$tmp" "$to"
}
