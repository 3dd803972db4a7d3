# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What bash completes of coherent-vfio's command line. Functions are looked up in sysfs,
# for the command itself takes longer than a person waits.

# _coherent_vfio_functions WHICH: addresses of bound ones, or of all PCI functions
_coherent_vfio_functions() {
	local path
	for path in /sys/bus/pci/devices/*; do
		[ -e "$path" ] || continue
		[ "$1" = all ] || [ -d "$path/coherent" ] || continue
		printf '%s\n' "${path##*/}"
	done
}

_coherent_vfio_words() {
	local machine='--iommufd --type1 --smmu --no-smmu --memory --cpus --first-node --qemu'
	case $1 in
	'') echo list bind unbind poison doctor qemu-args libvirt-xml metrics --help --version ;;
	list) echo --json && _coherent_vfio_functions bound ;;
	bind) echo --driver --this-boot --force --json && _coherent_vfio_functions all ;;
	unbind) echo --force --json && _coherent_vfio_functions bound ;;
	doctor) echo --json ;;
	metrics) echo --output ;;
	qemu-args) echo --words --json "$machine" && _coherent_vfio_functions bound ;;
	libvirt-xml) echo --name "$machine" && _coherent_vfio_functions bound ;;
	poison) echo list add clear policy ;;
	'poison list') echo --json --host && _coherent_vfio_functions bound ;;
	'poison add') _coherent_vfio_functions bound ;;
	'poison clear') echo --host all && _coherent_vfio_functions bound ;;
	'poison policy') echo --json --default auto isolate keep && _coherent_vfio_functions bound ;;
	esac
}

_coherent_vfio() {
	local command='' word=${COMP_WORDS[COMP_CWORD]} at=$COMP_CWORD
	[ "$COMP_CWORD" -lt 2 ] || command=${COMP_WORDS[1]}
	[ "$command" != poison ] || [ "$COMP_CWORD" -lt 3 ] || command+=" ${COMP_WORDS[2]}"
	# An address has colons, at which bash begins another word
	while [ "$at" -gt 1 ] && [[ $word == :* || ${COMP_WORDS[at - 1]} == : ]]; do
		at=$((at - 1))
		word=${COMP_WORDS[at]}$word
	done
	if [ "${COMP_WORDS[COMP_CWORD - 1]}" = --output ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = --qemu ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(_coherent_vfio_words "$command")" -- "$word")
	# Only what comes behind the last colon is put in
	[[ $word != *:* ]] || COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
}

complete -F _coherent_vfio coherent-vfio
