# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The folders of this repository as parts of a kernel's source tree: what is for modules
# built apart from a kernel is left out, files have the names and places that they would
# have there. Sourced, with $TOP set to this repository.

TREE_HOME=drivers/vfio/pci/coherent
TREE_TESTS=tools/testing/selftests/vfio/coherent

tree_die() {
	echo "into-tree: $*" >&2
	exit 1
}

# tree_unifdef LINUX: the kernel's own program, built; or $UNIFDEF, which is one
tree_unifdef() {
	[ -z "${UNIFDEF-}" ] || return 0
	UNIFDEF=$WORK/unifdef
	"${HOSTCC:-cc}" -o "$UNIFDEF" "$1/scripts/unifdef.c" ||
		tree_die "cannot build $1/scripts/unifdef.c: is there a C compiler?"
}

# tree_file FROM TO: without what is for builds outside of a kernel tree, and with the
# names that things have inside
tree_file() {
	local status=0 plain=()
	mkdir -p "$(dirname "$2")"
	# Where an apostrophe is none of C's
	case $1 in *.[ch]) ;; *) plain=(-t) ;; esac
	"$UNIFDEF" "${plain[@]}" -DCOHERENT_IN_TREE -o "$2" "$1" || status=$?
	# 1: something was left out
	[ $status -le 1 ] || tree_die "unifdef failed on $1"
	sed -i -E \
		-e '/^MODULE_VERSION\(/d' \
		-e '/\(external builds\)$/d' \
		-e '/^nvgrace-module :=/d' \
		-e 's/\$\(nvgrace-module\)/nvgrace-coherent-vfio-pci/g' \
		-e 's/\$\(or (\$\(CONFIG_[A-Z_]*\)),m\)/\1/' \
		-e 's|"(\.\./)?\.\./coherent/|"\1../core/|' \
		-e 's|"\.\./backends/|"../|' \
		-e 's|<uapi/(coherent_)|<linux/\1|' \
		-e 's!<coherent_vfio\.h>|"coherent_egm\.h"!<linux/&>!; s!<linux/["<](.*)[">]>!<linux/\1>!' \
		-e 's|([ (*"])coherent/((pci\|poison\|chardev)/)?([a-z_]+\.[ch])|\1core/\2\4|g' \
		-e 's|include/uapi/(coherent_)|include/uapi/linux/\1|g' \
		-e 's|backends/(egm\|cxl\|nvgrace\|dummy)|\1|g' \
		-e 's|Documentation/backend-guide\.md|Documentation/driver-api/vfio-coherent.rst|' \
		-e 's|selftests/(test_[a-z_]*)|'"$TREE_TESTS"'/\1|' \
		"$2"
	# What the last line of a block was may have been left out
	sed -i -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$2"
	cat -s "$2" >"$2.tmp"
	mv "$2.tmp" "$2"
}

# tree_folder FROM TO [NAME...]: sources in a folder and those below it, but NAMEs
tree_folder() {
	local from=$1 to=$2 file name
	shift 2
	while IFS= read -r file; do
		for name; do
			# shellcheck disable=SC2053 # a pattern
			[[ $file != $name ]] || continue 2
		done
		case $file in
		Kbuild | */Kbuild) name=${file%Kbuild}Makefile ;;
		*) name=$file ;;
		esac
		tree_file "$from/$file" "$to/$name"
	done < <(cd "$from" && find . -type f \( -name '*.[ch]' ! -name '*.mod.c' -o -name Kbuild \) \
		-printf '%P\n' | LC_ALL=C sort)
}

# tree_stage LINUX STAGE: all files that are new to the tree, in STAGE
tree_stage() {
	local stage=$2 home=$2/$TREE_HOME name
	tree_unifdef "$1"
	tree_folder "$TOP/coherent" "$home/core" 'compat/*' abi.h pci/abi.c chardev/abi.c
	tree_folder "$TOP/include" "$home/include" 'uapi/*' coherent_abi.h
	tree_folder "$TOP/kunit" "$home/kunit" abi_test.c
	tree_file "$TOP/kunit/.kunitconfig" "$home/.kunitconfig"
	for name in "$TOP"/backends/*; do
		tree_folder "$name" "$home/${name##*/}"
	done
	tree_folder "$TOP/include/uapi" "$stage/include/uapi/linux"
	tree_file "$TOP/Kconfig" "$home/Kconfig"
	cp "$TOP/upstream/Makefile" "$home/Makefile"

	mkdir -p "$stage/Documentation/ABI/testing" "$stage/Documentation/driver-api"
	for name in "$TOP"/Documentation/ABI/testing/*; do
		sed 's|include/uapi/coherent_|include/uapi/linux/coherent_|' "$name" \
			>"$stage/Documentation/ABI/testing/${name##*/}"
	done
	cp "$TOP/upstream/vfio-coherent.rst" "$stage/Documentation/driver-api/"

	# Not what needs virtual machines of the lab, or stands beside it; nor what 6.12 is
	# patched for (test_poison_hit.c)
	tree_folder "$TOP/selftests" "$stage/$TREE_TESTS" '[!lt]*' test_vm.c 'test_vm_*' testblock.c \
		test_poison_hit.c 'lib/hit*' load_nth.c 'lib/nested*' lib/qmp.c
	tree_file "$TOP/samples/poison_watch.c" "$stage/$TREE_TESTS/poison_watch.c"
	tree_file "$TOP/model/model.h" "$stage/$TREE_TESTS/lib/model.h"
	cp "$TOP/upstream/selftests/"* "$TOP/upstream/selftests/.gitignore" "$stage/$TREE_TESTS/"

	# Nobody there knows of older kernels, or of modules that were built apart
	if grep -rnE 'COMPAT_|COHERENT_IN_TREE|COHERENT_ABI|COHERENT_API|KBUILD_EXTMOD|COHERENT_VFIO_VERSION|DROPIN' \
		"$home" >&2; then
		tree_die "the lines above are for builds outside of a kernel tree, and are left"
	fi
}

# tree_patch LINUX: the patches that the framework stands on there, unless it has them
tree_patch() {
	local file touched copy=$WORK/patched missing=()
	for file in "$TOP"/patches/linux/*.patch; do
		patch --dry-run --reverse --force --silent --strip 1 --directory "$1" \
			--input "$file" >/dev/null 2>&1 || missing+=("$file")
	done
	[ ${#missing[@]} != 0 ] || return 0
	# All of them or none: tried on copies of what they change
	while IFS= read -r touched; do
		mkdir -p "$copy/$(dirname "$touched")"
		cp "$1/$touched" "$copy/$touched" ||
			tree_die "$1 has no $touched, which a patch changes"
	done < <(sed -n 's|^+++ b/||p' "${missing[@]}" | sort -u)
	for file in "${missing[@]}"; do
		patch --forward --silent --fuzz 0 --strip 1 --no-backup-if-mismatch \
			--directory "$copy" --input "$file" >&2 ||
			tree_die "${file##*/} does not fit: this tree is of another release than patches/linux. Nothing was changed"
	done
	tree_write_files "$copy" "$1"
}

# tree_write_files FROM TO: files that are not as they are in FROM
tree_write_files() {
	local file
	while IFS= read -r file; do
		! cmp -s "$1/$file" "$2/$file" || continue
		mkdir -p "$(dirname "$2/$file")"
		# A new file: what was there may be shared with another tree
		cp "$1/$file" "$2/$file.into-tree"
		mv "$2/$file.into-tree" "$2/$file"
	done < <(cd "$1" && find . -type f | LC_ALL=C sort)
}

# tree_write STAGE LINUX: the same, and of our sources none that are not staged
tree_write() {
	local file
	tree_write_files "$1" "$2"
	for file in "$TREE_HOME" "$TREE_TESTS"; do
		(cd "$2" && find "$file" -type f) | while IFS= read -r name; do
			# Not what a build has left there
			case $name in
			*.mod.c) ;;
			*.[ch] | */Makefile) [ -e "$1/$name" ] || rm "$2/$name" ;;
			esac
		done
	done
}

# tree_insert FILE LINE PATTERN: before the first line that matches, unless it is there
tree_insert() {
	! grep -qxF "$2" "$1" || return 0
	grep -qE "$3" "$1" || tree_die "$1 has no line where '$2' would go"
	awk -v line="$2" -v pattern="$3" \
		'!done && $0 ~ pattern { print line; done = 1 } { print }' "$1" >"$1.into-tree"
	mv "$1.into-tree" "$1"
}

# tree_wire_kbuild LINUX: the lines by which the tree knows of the code
tree_wire_kbuild() {
	local file=$1/drivers/vfio/pci/Kconfig
	if ! grep -q 'pci/coherent/Kconfig' "$file"; then
		tree_insert "$file" 'source "drivers/vfio/pci/coherent/Kconfig"' '^endmenu'
		sed 's|^source "drivers/vfio/pci/coherent/Kconfig"|&\n|' "$file" >"$file.into-tree"
		mv "$file.into-tree" "$file"
	fi
	file=$1/drivers/vfio/pci/Makefile
	if ! grep -q 'coherent/' "$file"; then
		# shellcheck disable=SC2016 # the kernel's syntax
		{ cat "$file" && printf '\nobj-$(CONFIG_COHERENT_VFIO_PCI_CORE) += coherent/\n'; } \
			>"$file.into-tree"
		mv "$file.into-tree" "$file"
	fi
}

# tree_wire_tests LINUX: ... of the tests for users
tree_wire_tests() {
	local file=$1/tools/testing/selftests/Makefile
	grep -qx 'TARGETS += vfio/coherent' "$file" || {
		sed 's|^TARGETS += vfio$|&\nTARGETS += vfio/coherent|' "$file" >"$file.into-tree"
		mv "$file.into-tree" "$file"
	}
	grep -qx 'TARGETS += vfio/coherent' "$file" || tree_die "$file has no place for our tests"
}

# tree_wire_documentation LINUX: ... of the page
tree_wire_documentation() {
	tree_insert "$1/Documentation/driver-api/index.rst" '   vfio-coherent' \
		'^   vfio-mediated-device$'
}

# tree_wire_maintainers LINUX: our entry, where the alphabet has it
tree_wire_maintainers() {
	local file=$1/MAINTAINERS
	if ! grep -q '^VFIO COHERENT' "$file"; then
		awk -v entry="$TOP/upstream/MAINTAINERS" '
			/^VFIO / && $0 > "VFIO COHERENT" && !done {
				while ((getline line < entry) > 0) print line
				done = 1
			}
			{ print }' "$file" >"$file.into-tree"
		mv "$file.into-tree" "$file"
	fi
	grep -q '^VFIO COHERENT' "$file" || tree_die "$file has no place for our entry"
}

# tree_wire LINUX: the lines by which the tree knows of all of it
tree_wire() {
	tree_wire_kbuild "$1"
	tree_wire_tests "$1"
	tree_wire_documentation "$1"
	tree_wire_maintainers "$1"
}
