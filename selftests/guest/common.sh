# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# For the scripts that run in the virtual machine (busybox sh). Sourced.
# Results are KTAP lines; counts live in variables and in $COUNTS, because
# parts of a pipeline cannot change variables.

COUNTS=/tmp/counts.$$
: >"$COUNTS"

# result ok|not_ok NAME [REASON-TO-SKIP]
result() {
	case $1 in
	ok) echo "${3:+skip}${3:-pass}" | sed 's/^skip.*/skip/; s/^pass.*/pass/' >>"$COUNTS" ;;
	*) echo fail >>"$COUNTS" ;;
	esac
	n=$(($(wc -l <"$COUNTS")))
	case $1 in
	ok) echo "ok $n $2${3:+ # SKIP $3}" ;;
	*) echo "not ok $n $2" ;;
	esac
}

# check NAME COMMAND...: one result
check() {
	checked=$1
	shift
	if "$@"; then
		result ok "$checked"
	else
		result not_ok "$checked"
	fi
}

count() {
	grep -c "^$1\$" "$COUNTS" || :
}

# The closing line, and the script's status: nothing run is a failure, too.
finish_tests() {
	passed=$(count pass) failed=$(count fail) skipped=$(count skip)
	echo "1..$((passed + failed + skipped))"
	echo "# skipped: $skipped"
	echo "# total: $passed passed, $failed failed"
	rm -f "$COUNTS"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
}

# wait_until SECONDS COMMAND...: poll until the command succeeds.
wait_until() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 50000
	done
}

# driver_name nvgrace|dummy|vfio|NAME: of a backend's, which is its module's with underscores
driver_name() {
	case $1 in
	vfio) echo vfio-pci ;;
	*) echo "$1_coherent_vfio_pci" | tr - _ ;;
	esac
}

bound_to() {
	link=$(readlink "/sys/bus/pci/devices/$1/driver") || return 1
	[ "${link##*/}" = "$2" ]
}

unbind() {
	# A software function goes with its module
	[ -e "/sys/bus/pci/devices/$1" ] || return 0
	[ ! -e "/sys/bus/pci/devices/$1/driver" ] ||
		echo "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	echo >"/sys/bus/pci/devices/$1/driver_override"
}

# bind BDF DRIVER: status tells whether it is bound afterwards.
bind() {
	unbind "$1"
	echo "$2" >"/sys/bus/pci/devices/$1/driver_override"
	echo "$1" 2>/dev/null >/sys/bus/pci/drivers_probe || :
	bound_to "$1" "$2"
}

modules_loaded() {
	grep -E '^[a-z0-9_]*_coherent_vfio_pci |^coherent_vfio_pci_(core|soft) ' /proc/modules
}

# nothing_left: after rmmod no trace of ours may remain.
nothing_left() {
	if modules_loaded >/tmp/left; then
		sed 's/^/# still loaded: /' /tmp/left
		return 1
	fi
	if grep -i coherent /proc/iomem >/tmp/left; then
		sed 's/^/# still claimed: /' /tmp/left
		return 1
	fi
	if ls -d /sys/bus/pci/drivers/*coherent* /sys/kernel/debug/*coherent* /sys/kernel/coherent_vfio \
		>/tmp/left 2>/dev/null; then
		sed 's/^/# still there: /' /tmp/left
		return 1
	fi
}

KMEMLEAK=/sys/kernel/debug/kmemleak

# leaks_begin: what has leaked by now is not ours
leaks_begin() {
	[ -e $KMEMLEAK ] || return 0
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	echo clear >$KMEMLEAK
}

# nothing_leaks: kmemleak tells of nothing that is younger than 5 s, so the
# memory that was lost last gets as old first. Nor does it of what it looks at for
# the first time, whose content may be changing: so it looks twice.
nothing_leaks() {
	[ -e $KMEMLEAK ] || return 0
	sleep 6
	echo scan >$KMEMLEAK
	echo scan >$KMEMLEAK
	if grep -q . $KMEMLEAK; then
		head -n 60 $KMEMLEAK | sed 's/^/# /'
		return 1
	fi
}

# leaks_end: one result, where the kernel can tell
leaks_end() {
	[ -e $KMEMLEAK ] || return 0
	if nothing_leaks; then
		result ok "nothing leaks"
	else
		result not_ok "nothing leaks"
	fi
}

remove_modules() {
	for module in $(sed -n 's/^\([a-z0-9_]*_coherent_vfio_pci\) .*/\1/p' /proc/modules) \
		coherent_vfio_pci_soft coherent_vfio_pci_core; do
		[ ! -e "/sys/module/$module" ] || rmmod "$module" || return 1
	done
}
