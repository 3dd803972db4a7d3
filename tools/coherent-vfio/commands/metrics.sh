# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio metrics: numbers in the text format of Prometheus, for the folder that
# node_exporter's textfile collector reads. Sourced by coherent-vfio.

command_usage() {
	cat <<-'END'
		usage: coherent-vfio metrics [--output FILE]
		  --output FILE   there, as a whole or not at all: readers never see half of it
	END
}

STATES="failed frozen resetting asleep not-ready closed unchecked ready"

# describe NAME TYPE HELP: the head of a metric
describe() {
	printf '# HELP coherent_vfio_%s %s\n# TYPE coherent_vfio_%s %s\n' "$1" "$3" "$1" "$2"
}

# labels FUNCTION: what tells it from others
labels() {
	printf 'function="%s",driver="%s"' "$1" "$(driver_of "$1")"
}

# sample NAME LABELS VALUE
sample() {
	# A file that was there and is not: the function was unbound meanwhile
	case $3 in
	'' | *[!0-9]*) return 0 ;;
	esac
	printf 'coherent_vfio_%s%s %s\n' "$1" "${2:+{$2\}}" "$3"
}

# counter NAME FILE HELP: of each function, from a file of its directory
counter() {
	describe "$1" counter "$3"
	for one in $FUNCTIONS; do
		sample "$1" "$(labels "$one")" "$(read_file "$DEVICES/$one/coherent/$2")"
	done
}

functions_state() {
	describe state gauge "1 for the state that the function is in; Documentation of the sysfs file coherent/state."
	for one in $FUNCTIONS; do
		now=$(read_file "$DEVICES/$one/coherent/state") || continue
		for state in $STATES; do
			is=0
			[ "$state" != "$now" ] || is=1
			sample state "$(labels "$one"),state=\"$state\"" $is
		done
	done
}

functions_memory() {
	describe memory_bytes gauge "Usable coherent memory of a region."
	for one in $FUNCTIONS; do
		for region in $(regions_of "$one"); do
			at=$DEVICES/$one/coherent/region$region
			bytes=$(read_file "${at}_length") || continue
			sample memory_bytes \
				"$(labels "$one"),region=\"$region\",memory_type=\"$(read_file "${at}_memory_type")\"" \
				$((bytes))
		done
	done
}

functions_poison() {
	describe poisoned_pages gauge "Pages of the function's memory that are bad, of the size that the kernel runs with."
	for one in $FUNCTIONS; do
		sample poisoned_pages "$(labels "$one")" \
			"$(read_file "$DEVICES/$one/coherent/poison_count")"
	done
}

# aer_total FUNCTION KIND: how many errors of that kind the kernel has counted
aer_total() {
	sed -n 's/^TOTAL_ERR_[A-Z]* //p' "$DEVICES/$1/aer_dev_$2" 2>/dev/null
}

functions_aer() {
	describe aer_errors_total counter "Errors on the link that the function has reported (PCIe AER), by severity."
	for one in $FUNCTIONS; do
		for severity in correctable nonfatal fatal; do
			sample aer_errors_total "$(labels "$one"),severity=\"$severity\"" \
				"$(aer_total "$one" $severity)"
		done
	done
}

# bytes_listed FILE: the sum of the lengths in a list of ranges
bytes_listed() {
	[ -r "$1" ] || return 0
	od -A n -v -t x8 -w16 "$1" | (
		sum=0
		while read -r _ length; do
			sum=$((sum + 0x$length))
		done
		echo $sum
	)
}

# bytes_quarantined: lines of it are BASE+SIZE PCI-ADDRESS
bytes_quarantined() {
	[ -r "$HOST/quarantine" ] || return 0
	(
		sum=0
		while read -r range _; do
			sum=$((sum + ${range#*+}))
		done <"$HOST/quarantine"
		echo $sum
	)
}

host_metrics() {
	describe core_loaded gauge "Whether the module coherent-vfio-pci-core is loaded: without it no error is counted."
	loaded=0
	[ ! -d "$HOST" ] || loaded=1
	sample core_loaded '' $loaded
	[ $loaded = 1 ] || return 0
	describe host_poisoned_bytes gauge "Bad memory on record, also of functions that are not bound."
	sample host_poisoned_bytes '' "$(bytes_listed "$HOST/poison_ranges")"
	describe host_quarantined_bytes gauge "Memory that nobody gets, because another device may still write to it."
	sample host_quarantined_bytes '' "$(bytes_quarantined)"
	describe host_readiness_failures_total counter "Times that memory did not become ready in time, at bind too, since the core was loaded."
	sample host_readiness_failures_total '' "$(read_file "$HOST/readiness_failures")"
}

all_metrics() {
	host_metrics
	[ -n "$FUNCTIONS" ] || return 0
	functions_state
	functions_memory
	functions_poison
	counter readiness_failures_total readiness_failures "Times that the memory did not become ready in time, since the function was bound."
	counter link_errors_total link_errors "Times that an error stopped the link, since the function was bound."
	counter link_recoveries_total link_recoveries "Times that the link came back, since the function was bound."
	counter link_failures_total link_failures "Times that the link did not come back, since the function was bound."
	functions_aer
}

# write_whole FILE: standard input, by a new file that takes the old one's place
write_whole() {
	new=$1.$$
	trap 'rm -f "$new"' EXIT
	{ cat >"$new" && chmod 644 "$new" && mv "$new" "$1"; } || die "cannot write $1"
}

OUTPUT=
while [ $# -gt 0 ]; do
	case $1 in
	--output)
		[ $# -gt 1 ] || wrong_usage "--output needs a file"
		OUTPUT=$2
		shift
		;;
	-h | --help)
		command_usage
		exit 0
		;;
	*) wrong_usage "it takes no '$1'" ;;
	esac
	shift
done
need_root
FUNCTIONS=$(functions_with_memory)
if [ -n "$OUTPUT" ]; then
	all_metrics | write_whole "$OUTPUT"
else
	all_metrics
fi
