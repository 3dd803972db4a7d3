#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# tool.sh FUNCTION...: the command coherent-vfio (tools/coherent-vfio), as it is installed,
# on functions that are called (see function.sh)
#   gpu    with coherent memory; perhaps a generic initiator
#   port   the same of the dummy's, behind a port
#   late   whose memory never becomes ready
#   pass   without coherent memory
# What it prints for programs is shown as lines "# output KIND NAME|TEXT", for others to
# judge (scripts/tool-output). Results are KTAP lines.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
# shellcheck source=selftests/guest/function.sh
. ./function.sh
# shellcheck source=selftests/guest/tool_bind.sh
. ./tool_bind.sh
# shellcheck source=selftests/guest/tool_poison.sh
. ./tool_poison.sh
# shellcheck source=selftests/guest/tool_host.sh
. ./tool_host.sh
# shellcheck source=selftests/guest/tool_machine.sh
. ./tool_machine.sh
# shellcheck source=selftests/guest/tool_trace.sh
. ./tool_trace.sh

# As make install has laid it out
cp -r /opt/tool/usr/share /usr/ && cp /opt/tool/usr/sbin/coherent-vfio /bin/ || exit 1

# role NAME: the function of that name
role() {
	for function in $FUNCTIONS; do
		[ "$(field "$function" name)" != "$1" ] || echo "$function"
	done
}

# bdf_of NAME: its address
bdf_of() {
	field "$(role "$1")" bdf
}

# run_tool ARG...: its output and what it complained of are in files
run_tool() {
	coherent-vfio "$@" >/tmp/out 2>/tmp/err
}

# tool ARG...: the same of what must succeed
tool() {
	run_tool "$@" && return
	echo "# status $? of: coherent-vfio $*"
	sed 's/^/#   /' /tmp/err
	return 1
}

# says FILE TEXT: the file has it somewhere, or is shown
says() {
	grep -q -F -e "$2" "/tmp/$1" && return
	echo "# no '$2' in what was said ($1):"
	sed 's/^/#   /' /tmp/out /tmp/err
	return 1
}

# refuses STATUS TEXT ARG...: it fails like that, and says so
refuses() {
	status=$1 text=$2
	shift 2
	run_tool "$@"
	is=$?
	if [ $is != "$status" ]; then
		echo "# status $is and not $status of: $*"
		return 1
	fi
	says err "$text"
}

# show KIND NAME: what was printed, for those who can judge it
show() {
	sed "s/^/# output $1 $2|/" /tmp/out
}

# shows KIND NAME ARG...: the tool prints that well
shows() {
	kind=$1 of=$2
	shift 2
	tool "$@" || return 1
	show "$kind" "$of"
}

usage_is_told() {
	tool --help && says out 'usage: coherent-vfio COMMAND' &&
		refuses 2 'usage: coherent-vfio' &&
		refuses 2 "no command 'destroy'" destroy &&
		refuses 2 "no option '--colour'" list --colour &&
		refuses 2 'usage: coherent-vfio bind' bind &&
		refuses 1 'no PCI function' list 0000:7f:1f.7 &&
		refuses 1 'no PCI function' bind ../../etc || return 1
	for command in list bind unbind poison doctor qemu-args libvirt-xml metrics; do
		tool $command --help && says out "usage: coherent-vfio $command" || return 1
	done
}

echo "TAP version 13"
echo "# kernel $(uname -r) $(uname -m)"
FUNCTIONS=$*
check "usage" usage_is_told
tests_before_modules
check "modules load" load_modules "$@"
for function in "$@"; do
	unbind "$(field "$function" bdf)"
done
tests_bind
tests_poison
tests_machine
tests_trace
tests_host
tests_unbind
check "modules can be removed" remove_modules
check "nothing is left behind" nothing_left
finish_tests
