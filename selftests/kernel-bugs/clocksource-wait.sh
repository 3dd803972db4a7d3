#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The timekeeper's clock is jiffies, which CPU 0 counts. CPU 1 answers nobody for four
# seconds: CPU 0, whose watchdog wants to compare clocks with it twice in that time, must
# not wait for so long, and count on.
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/kernel-bugs/failures.sh
. ./failures.sh

clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
[ "$clock" = jiffies ] || fail "the clock is $clock"
# It says so once only, perhaps at boot
given_up() {
	dmesg | grep -c 'Watchdog remote CPU 1 read timed out'
}
echo 1 >"$DEBUG/clear_warn_once" || fail "what is said once cannot be said again"
before=$(given_up)
insmod $MODULES/bug_irqs_off.ko || fail "does not load"
still=$(dmesg | sed -n 's/.*bug_irqs_off: jiffies stood still for \([0-9]*\) ms.*/\1/p')
rmmod bug_irqs_off
[ -n "$still" ] || fail "the module does not say how long jiffies stood still"
echo "# jiffies stood still for $still ms"
[ "$(given_up)" = "$before" ] || echo "# the watchdog has given up CPU 1"
if dmesg | grep -q 'Marking clocksource .* unstable'; then
	fail "there is no clock to compare any more"
fi
if [ "$still" -ge 1000 ]; then
	echo "not ok 1 time goes on while a CPU does not answer"
	exit 1
fi
echo "ok 1 time goes on while a CPU does not answer"
