# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# JSON, a piece at a time. Sourced.

# json_string TEXT
json_string() {
	case $1 in
	*[\"\\[:cntrl:]]*)
		printf '"%s"' "$(printf '%s' "$1" | tr '[:cntrl:]' ' ' | sed 's/[\\"]/\\&/g')"
		;;
	*) printf '"%s"' "$1" ;;
	esac
}

# json_number TEXT: a number in any base; null for none
json_number() {
	case $1 in
	'' | *[!0-9a-fA-Fx-]*) printf null ;;
	*) printf '%d' "$(($1))" ;;
	esac
}

# json_or_null TEXT: a string, or null for an empty one
json_or_null() {
	if [ -n "$1" ]; then
		json_string "$1"
	else
		printf null
	fi
}

# json_list string|number WORD...
json_list() {
	json_kind=$1 json_comma=
	shift
	printf '['
	for json_word; do
		printf '%s' "$json_comma"
		"json_$json_kind" "$json_word"
		json_comma=,
	done
	printf ']'
}
