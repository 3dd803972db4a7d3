# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's sources with our patches of them: for kernels that have the key "patches",
# and for what is built inside a kernel tree. Sourced by setup.

# patched_source LINUX [FOLDER...]: what LINUX, in $LAB_DIR/src, is called with the patches
# of these folders of patches/. With those that are its own it is just "patched".
patched_source() {
	local linux=$1 name
	shift
	name=$*
	name=${name//[ \/]/-}
	case $name in
	'') echo "$linux" ;;
	"$linux") echo "$linux-patched" ;;
	*) echo "$linux-patched-$name" ;;
	esac
}

# built_source NAME: what the kernel is built from, in $LAB_DIR/src
built_source() {
	# shellcheck disable=SC2046 # folders
	patched_source "$(kernel_source "$1")" $(kernel_fact "$1" patches)
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

# patch_source LINUX FOLDER...: a copy of the source that shares what no patch touches:
# patch writes new files
patch_source() {
	local linux=$1 from=$LAB_DIR/src/$1 to tmp folder patches=() want file touched
	to=$LAB_DIR/src/$(patched_source "$@")
	tmp=$LAB_DIR/src/.${to##*/}.tmp
	shift
	for folder; do
		patches+=("$LAB_REPO/patches/$folder"/*.patch)
	done
	want=$(cat "$from/.unpacked" "${patches[@]}" | sha256sum)
	[ "$(cat "$to/.patched" 2>/dev/null)" != "$want" ] || return 0
	say "patching the kernel's source ($linux, with patches/$*)"
	rm -rf "$tmp"
	cp -al "$from" "$tmp"
	for file in "${patches[@]}"; do
		file=${file#"$LAB_REPO"/}
		in_root patch --quiet --directory "/lab/src/${tmp##*/}" --fuzz 0 --strip 1 \
			--input "/repo/$file" >&2 ||
			die "$file does not fit the kernel's source ($linux)"
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

# patch_sources KERNEL...: those that they are built from, and the one that is for what is
# built inside a kernel tree
patch_sources() {
	local name folders
	patch_source linux linux
	for name; do
		read -r -a folders < <(kernel_fact "$name" patches) || continue
		patch_source "$(kernel_source "$name")" "${folders[@]}"
	done
}
