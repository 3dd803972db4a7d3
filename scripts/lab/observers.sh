# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What watches a kernel from userspace, for guests: trace-cmd and rasdaemon, as Debian has
# them. Sourced by setup.
#
# observers/ARCH/observers/NAME    runs the program, wherever the guest has the folder
# observers/ARCH/made              of what it was made: written last

OBSERVERS=(trace-cmd rasdaemon)

# setup_observers ARCH
setup_observers() {
	local arch=$1 dir=$LAB_DIR/observers/$1 name machine want
	want=$(cat "$LAB_SCRIPTS/observers.sh" "$LAB_SCRIPTS/foreign.sh" | sha256sum)
	[ "$(cat "$dir/made" 2>/dev/null)" != "$want" ] || return 0
	say "trace-cmd and rasdaemon for guests on $arch"
	machine=$(debian_machine "$arch")
	update_lists
	rm -rf "$dir"
	foreign_tree "$arch" "$SUITE" "$dir/debian" "${OBSERVERS[@]}"
	mkdir -p "$dir/observers/bin"
	for name in "${OBSERVERS[@]}"; do
		cp "$(find "$dir/debian/usr/bin" "$dir/debian/usr/sbin" -name "$name")" "$dir/observers/bin/"
		cat >"$dir/observers/$name" <<-'END'
			#!/bin/sh
			at=${0%/*}
			exec "$at"/lib/ld-linux*.so.* --library-path "$at/lib" "$at/bin/${0##*/}" "$@"
		END
		chmod +x "$dir/observers/$name"
	done
	take_libraries "/lab/observers/$arch/debian" "$machine" "/lab/observers/$arch/observers/lib" \
		"${OBSERVERS[@]/#//lab/observers/$arch/observers/bin/}" ||
		die "trace-cmd and rasdaemon for guests are not complete"
	rm -rf "$dir/debian"
	printf '%s\n' "$want" >"$dir/made"
}
