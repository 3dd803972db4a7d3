# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Results that are kept: what a build or an analysis says depends on nothing but
# the files it reads and the tools of the lab. What passed once passes again while
# these are the same. Not for what runs our modules. Sourced, after lib.sh.

# What of scripts/ is an input only of a command that names it
NOT_HOW=(':!scripts/'{check-defects,coverage\*,defects,foreign,kunit,stress})

kept_files() {
	git -C "$LAB_REPO" ls-files -z --cached --others --exclude-standard -- "$@"
}

# kept_key INPUTS COMMAND...: one line that differs when anything does that could
# change what the command says; fails when that cannot be told
kept_key() {
	local paths name long=()
	read -r -a paths <<<"${1:?a command that reads nothing of the repository}"
	for name in $(kernel_names); do
		[ -n "$(kernel_fact "$name" check)" ] || long+=(-not -path "./$name/*")
	done
	{
		printf '%s\n' "$@" &&
			# The tools, the kernels of every day, and the newest source
			cat "$LAB_ROOT/var/lib/dpkg/status" &&
			(cd "$LAB_DIR/kernels" && find . -mindepth 2 -maxdepth 2 \
				\( -name release -o -name .complete \) "${long[@]}" -print0 |
				sort -z | xargs -0 tail -n +1 --) &&
			cat "$LAB_DIR/src/linux/.unpacked" &&
			# How commands are run is an input of each of them
			{ kept_files scripts "${NOT_HOW[@]}" && kept_files "${paths[@]}"; } |
			sort -z -u |
			(cd "$LAB_REPO" && xargs -0 sha256sum)
	} | sha256sum
}

# kept NAME INPUTS COMMAND...: run it, unless it passed with the same inputs
# before: then say what it said. INPUTS are the paths of the repository that it
# reads, with blanks between, beside scripts.
kept() {
	local file=$LAB_DIR/build/kept/$1 inputs=$2 key new
	shift 2
	key=$(kept_key "$inputs" "$@" 2>/dev/null) || key=
	if [ -n "$key" ] && [ "$(head -n 1 "$file" 2>/dev/null)" = "$key" ]; then
		tail -n +2 "$file"
		echo "# said on $(date -r "$file" '+%F %T'); nothing that it depends on has changed since"
		return
	fi
	mkdir -p "${file%/*}"
	new=$(mktemp "$file.XXXXXX")
	echo "$key" >"$new"
	if ! "$@" | tee -a "$new"; then
		rm "$new"
		return 1
	fi
	# What was edited meanwhile has not been seen
	if [ -n "$key" ] && [ "$(kept_key "$inputs" "$@" 2>/dev/null)" = "$key" ]; then
		mv "$new" "$file"
	else
		rm "$new"
	fi
}
