# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What others than ours show of a function: the recipes of the operator's guide, run as they
# stand there, and rasdaemon. Sourced by tool.sh.

GUIDE=/opt/Documentation/operators-guide.md

# recipe NAME: its lines in the guide, which the comment <!-- recipe: NAME --> announces
recipe() {
	awk -v want="<!-- recipe: $1 -->" '
		$0 == want { on = 1; next }
		on && /^    / { print substr($0, 5); seen = 1; next }
		on && seen && $0 != "" { exit }' "$GUIDE"
}

# use GPU: what there is to be seen: opened, its memory touched, closed
use() {
	hold "$1" || return 1
	let_go
}

# follow NAME GPU: the recipe with a use at its comment; the output is in a file
follow() {
	recipe "$1" >/tmp/recipe
	grep -q '^# ' /tmp/recipe || {
		echo "# the guide has no recipe '$1' with a comment in it"
		return 1
	}
	sed '/^# /,$d' /tmp/recipe >/tmp/recipe.before
	sed '1,/^# /d' /tmp/recipe >/tmp/recipe.after
	# One shell: it may change the directory. The end of it cleans up, whatever was before.
	(
		# shellcheck disable=SC1091 # just written
		. /tmp/recipe.before && (cd /tests && use "$2")
		status=$?
		# shellcheck disable=SC1091 # just written
		. /tmp/recipe.after && exit $status
	) >/tmp/out 2>/tmp/err && return
	echo "# the recipe failed:"
	sed 's/^/#   /' /tmp/out /tmp/err
	return 1
}

trace_recipe() {
	gpu=$(bdf_of gpu)
	follow trace-cmd "$gpu" &&
		says out "coherent_gate: $gpu event=opened" &&
		says out "coherent_fault: $gpu region=4 address=" &&
		says out "coherent_gate: $gpu event=closed" || return 1
	# Nothing goes on being traced
	[ "$(cat /sys/kernel/tracing/events/coherent_vfio/enable)" = 0 ]
}

histogram_recipe() {
	[ -e /sys/kernel/tracing/events/coherent_vfio/coherent_fault/hist ] || return 2
	gpu=$(bdf_of gpu)
	follow histogram "$gpu" || return 1
	if ! grep -q '{ region: *4, order: *[0-9]* } hitcount: *[1-9]' /tmp/out; then
		sed 's/^/#   /' /tmp/out /tmp/err
		return 1
	fi
	! grep -q '^hist' /sys/kernel/tracing/events/coherent_vfio/coherent_fault/trigger
}

has_count() {
	[ "$(cat "/sys/bus/pci/devices/$1/coherent/poison_count")" = "$2" ]
}

# What rasdaemon knows of and this kernel has not: it waits half a minute for each
ras_missing() {
	for event in ras/extlog_mem_event ras/memory_failure_event devlink/devlink_health_report \
		block/block_rq_error cxl/cxl_poison net/net_dev_xmit_timeout; do
		[ -d "/sys/kernel/tracing/events/$event" ] || echo "$event"
	done
}

# An error of the platform's own kind: rasdaemon has it, and so has the core
rasdaemon_beside_it() {
	[ "$(ras_missing | wc -l)" -le 2 ] || return 2
	gpu=$(bdf_of gpu) function=$(role gpu)
	use=$(field "$function" use)
	base=${use%+*}
	at=$((base + 0x30000))
	source=mce
	[ "$(uname -m)" != aarch64 ] || source=ghes
	mkdir -p /var/lib/rasdaemon
	rasdaemon -f >/tmp/ras 2>&1 &
	HOLDER=$!
	wait_until 150 grep -q 'Listening to events' /tmp/ras
	result=$?
	[ $result != 0 ] || {
		(cd /tests && ./inject "$gpu" $source "$base" $at) &&
			wait_until 60 has_count "$gpu" 1 && wait_until 60 ras_has "$at" &&
			tool poison list --host && says out "$(printf '0x%x' $at)" &&
			tool poison list "$gpu" && says out 'region 4 at 0x30000'
		result=$?
	}
	kill "$HOLDER"
	wait "$HOLDER"
	sed 's/^/# rasdaemon: /' /tmp/ras
	tool poison clear "$gpu" all && return $result
}

# ras_has ADDRESS: as the address of a machine check, or as a page that the memory manager
# has passed on
ras_has() {
	if [ "$(uname -m)" = aarch64 ]; then
		grep -q "memory_failure_event .*pfn=0x$(printf '%x' $(($1 / $(page)))) .*action_result=Recovered" /tmp/ras
	else
		grep -q -i -E "addr(ess)?:? *=? *(0x)?0*$(printf '%x' "$1")([^0-9a-f]|\$)" /tmp/ras
	fi
}

tests_trace() {
	# As installed: found by name
	PATH=$PATH:/opt/observers
	ln -sfn "$PWD" /tests
	check "recipe: trace-cmd" trace_recipe
	perhaps "recipe: histogram" histogram_recipe
	perhaps "rasdaemon beside it" rasdaemon_beside_it
}
