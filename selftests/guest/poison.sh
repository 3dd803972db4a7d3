# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory errors and the life of the modules: what no program can try that has
# the device open. Sourced by functional.sh.

core=/sys/module/coherent_vfio_pci_core

host_list=/sys/kernel/coherent_vfio/poison_ranges

# pairs FILE: a list of ranges, "0xFIRST 0xLENGTH" a line
pairs() {
	od -A n -v -t x8 -w16 "$1" | sed 's/ *\([0-9a-f]*\) *\([0-9a-f]*\)/0x\1 0x\2/'
}

# host_listed [BASE]: exactly the page at host-physical BASE is poisoned, or nothing
host_listed() {
	if [ -e $host_list ]; then
		pairs $host_list >/tmp/pairs
		[ -s /tmp/pairs ] || [ -n "${1-}" ] || return 0
		read -r first length </tmp/pairs
		[ "$(wc -l </tmp/pairs)" != 1 ] || [ -z "${1-}" ] || [ $((first)) != $(($1)) ] ||
			[ $((length)) -gt 65536 ] || return 0
	fi
	echo "# the host's list, where ${1:-nothing} was expected:"
	sed 's/^/# /' /tmp/pairs
	return 1
}

# backends_removed: the core stays
backends_removed() {
	for module in /sys/module/*_coherent_vfio_pci; do
		rmmod "${module##*/}" || return 1
	done
}

# errors_keep_the_core: an error of a bound function outlives the backends, and
# goes when it is forgotten by its address.
errors_keep_the_core() {
	base=${COHERENT_EXPECT_USEMEM%+*}
	bind "$COHERENT_BDF" "$COHERENT_DRIVER" || return 1
	echo 0 >"/sys/kernel/debug/coherent-vfio/$COHERENT_BDF/inject_poison" || return 1
	backends_removed || return 1
	if rmmod coherent_vfio_pci_core 2>/dev/null; then
		echo "# the core was removed with an error on record"
		return 1
	fi
	host_listed "$base" || return 1
	for wrong in none 1+1 "$base" "$base+0" "$base+1"; do
		if echo "$wrong" 2>/dev/null >$core/parameters/poison_forget; then
			echo "# poison_forget took '$wrong'"
			return 1
		fi
	done
	# 64 KiB are whole pages for every kernel
	echo "$base+0x10000" >$core/parameters/poison_forget || return 1
	host_listed || return 1
	rmmod coherent_vfio_pci_core
}

# common_source FUNCTION: who can report errors both of the described function and of
# this one, and needs neither bound; best one who does so once
common_source() {
	theirs=$(inject_list "$(field "$1" inject)")
	for source in offline ghes mce; do
		case " $COHERENT_INJECT:$theirs " in
		*" $source "*:*"$source "*)
			echo "$source"
			return
			;;
		esac
	done
}

# error_before_bind SOURCE WITNESS FUNCTION...: an error of a function that nobody has
# bound yet. That it was reported proves one that is reported after it, of WITNESS.
error_before_bind() {
	source=$1 witness=$2
	shift 2
	bdf=$COHERENT_BDF driver=$COHERENT_DRIVER base=${COHERENT_EXPECT_USEMEM%+*}
	# Or its driver takes it when it is loaded
	unbind "$bdf"
	load_modules "$@" && host_listed || return 1
	(
		describe "$witness"
		bind "$COHERENT_BDF" "$COHERENT_DRIVER" &&
			./inject "$bdf" "$source" "$base" "$base" &&
			./inject "$COHERENT_BDF" "$source" "${COHERENT_EXPECT_USEMEM%+*}" \
				"${COHERENT_EXPECT_USEMEM%+*}" &&
			wait_until 30 is_listed "$COHERENT_BDF" &&
			echo all >"/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_clear"
	) || return 1
	host_listed && bind "$bdf" "$driver" && is_listed "$bdf" && host_listed "$base"
}

# is_listed BDF
is_listed() {
	[ "$(cat "/sys/bus/pci/devices/$1/coherent/poison_count")" = 1 ]
}

# error_is_known_to_the_next_module FUNCTION...: the ledger is the core's
error_is_known_to_the_next_module() {
	load_modules "$@" && bind "$COHERENT_BDF" "$COHERENT_DRIVER" || return 1
	echo 0 >"/sys/kernel/debug/coherent-vfio/$COHERENT_BDF/inject_poison" || return 1
	backends_removed && load_modules "$@" && bind "$COHERENT_BDF" "$COHERENT_DRIVER" || return 1
	[ "$(cat "/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_count")" = 1 ] || return 1
	echo all >$core/parameters/poison_forget || return 1
	[ "$(cat "/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_count")" = 0 ] || return 1
	remove_modules
}

# policy_at_load FUNCTION...: the parameter is for apertures that come later
policy_at_load() {
	policy=/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_policy
	if modprobe coherent-vfio-pci-core poison_policy=never 2>/dev/null &&
		[ -e $core ]; then
		echo "# the core took poison_policy=never"
		return 1
	fi
	modprobe coherent-vfio-pci-core poison_policy=isolate && load_modules "$@" &&
		bind "$COHERENT_BDF" "$COHERENT_DRIVER" || return 1
	[ "$(cat "$policy")" = "auto [isolate] keep" ] || return 1
	echo keep >$core/parameters/poison_policy || return 1
	[ "$(cat "$policy")" = "auto [isolate] keep" ] || return 1
	remove_modules
}

# policy_warnings: how often the log said that a policy endangers the host
policy_warnings() {
	dmesg | grep -c "poison_policy .* can crash this host" || :
}

# policy_is_warned_of FUNCTION...: once for an aperture, where the kernel cannot
# recover from poison that it loads itself; and not before there is any
policy_is_warned_of() {
	device=/sys/bus/pci/devices/$COHERENT_BDF/coherent
	inject=/sys/kernel/debug/coherent-vfio/$COHERENT_BDF/inject_poison
	before=$(policy_warnings) warnings=0
	[ "$(uname -m)" != aarch64 ] || warnings=1
	load_modules "$@" && bind "$COHERENT_BDF" "$COHERENT_DRIVER" || return 1
	echo keep >"$device/poison_policy" && echo isolate >"$device/poison_policy" &&
		echo 0 >"$inject" || return 1
	[ "$(policy_warnings)" = "$before" ] || {
		echo "# warned of a policy that endangers nobody"
		return 1
	}
	echo auto >"$device/poison_policy" && echo keep >"$device/poison_policy" &&
		echo $((0x10000)) >"$inject" && echo all >"$device/poison_clear" &&
		echo 0 >"$inject" || return 1
	[ $(($(policy_warnings) - before)) = $warnings ] || {
		echo "# warned $(($(policy_warnings) - before)) times"
		return 1
	}
}

# dummy_over BASE+SIZE: the described function, bound with another aperture
dummy_over() {
	unbind "$COHERENT_BDF"
	[ ! -e /sys/module/dummy_coherent_vfio_pci ] || rmmod dummy_coherent_vfio_pci || return 1
	modprobe dummy-coherent-vfio-pci "aperture=$COHERENT_BDF@$1" &&
		bind "$COHERENT_BDF" dummy_coherent_vfio_pci
}

# listed OFFSET...: these pages of the aperture, and no other, are on the list
listed() {
	od -A n -v -t x8 -w16 "/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_ranges" |
		while read -r offset _; do printf '%d ' "0x$offset"; done >/tmp/listed
	wanted=$(for offset in "$@"; do printf '%d ' "$offset"; done)
	[ "$(cat /tmp/listed)" != "$wanted" ] || return 0
	echo "# listed: $(cat /tmp/listed); not: $wanted"
	return 1
}

# error_stays_with_its_page: an aperture that comes back with other bounds meets
# what is known of the pages that it still has, and nothing else; the rest is
# known still when the first one is back.
error_stays_with_its_page() {
	base=$((${COHERENT_EXPECT_USEMEM%+*})) M=$((0x100000))
	inject=/sys/kernel/debug/coherent-vfio/$COHERENT_BDF/inject_poison
	dummy_over "$base+$((8 * M))" || return 1
	echo 0 >"$inject" && echo $((4 * M)) >"$inject" || return 1
	dummy_over "$((base + 2 * M))+$((4 * M))" && listed $((2 * M)) || return 1
	echo $((3 * M)) >"$inject" || return 1
	echo all >"/sys/bus/pci/devices/$COHERENT_BDF/coherent/poison_clear" || return 1
	echo $((M)) >"$inject" || return 1
	dummy_over "$base+$((8 * M))" && listed 0 $((3 * M)) || return 1
	# What is remembered of no bound aperture can be forgotten, too
	dummy_over "$((base + 4 * M))+$((4 * M))" && listed || return 1
	echo all >$core/parameters/poison_forget
	dummy_over "$base+$((8 * M))" && listed || return 1
	remove_modules
}

# clean: as if nothing had been tried, whatever came of it
clean() {
	[ ! -e $core ] || echo all >$core/parameters/poison_forget
	remove_modules
}

# Begins with functions bound that nobody has open. Ends with the modules loaded.
poison_and_modules() {
	# One whose firmware knows of bad memory would keep the core by itself
	for function in "$@"; do
		unbind "$(field "$function" bdf)"
	done
	for function in "$@"; do
		[ -z "$(field "$function" pass)$(field "$function" bad)" ] || continue
		describe "$function"
		target=$function
		check "a memory error keeps the core loaded" errors_keep_the_core
		clean
		check "a memory error is known to the next module" \
			error_is_known_to_the_next_module "$@"
		clean
		check "poison_policy at load" policy_at_load "$@"
		clean
		check "a policy that endangers the host is warned of" policy_is_warned_of "$@"
		clean
		source='' witness=''
		for other in "$@"; do
			[ "$other" != "$target" ] && [ -z "$(field "$other" pass)$(field "$other" bad)" ] ||
				continue
			witness=$other source=$(common_source "$other")
			[ -z "$source" ] || break
		done
		if [ -n "$source" ]; then
			check "an error before the first bind is known after it ($source)" \
				error_before_bind "$source" "$witness" "$@"
		else
			result ok "an error before the first bind is known after it" \
				"nobody reports one here, or there is no second function"
		fi
		break
	done
	clean
	for function in "$@"; do
		[ -n "$(field "$function" aperture)" ] || continue
		describe "$function"
		check "an error stays with its page when the aperture changes" \
			error_stays_with_its_page
		break
	done
	clean
	# shellcheck disable=SC2034 # load_modules reads it
	DUMMY_OPTIONS=reset_heals_poison=1
	check "modules load again" load_modules "$@"
	for function in "$@"; do
		[ "$(field "$function" driver)" = dummy ] || continue
		[ -z "$(field "$function" pass)$(field "$function" noflr)" ] || continue
		describe "$function"
		check "$(field "$function" name): bind" bind "$COHERENT_BDF" "$COHERENT_DRIVER"
		# shellcheck disable=SC2034 # exported to the program
		COHERENT_EXPECT_HEALS=1
		run test_poison_backend "$(field "$function" name)-healing"
		break
	done
}
