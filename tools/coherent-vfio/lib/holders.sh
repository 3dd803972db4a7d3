# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Who has a function open: only then is it known why it cannot be taken away. Sourced.

# open_files: "PID PATH" for each open file of each process; root sees all
open_files() {
	# One ls for all: a fork for each of thousands of files takes minutes
	# ls names a directory where there are several: one more makes it two at least
	find /proc -maxdepth 2 -path '/proc/[0-9]*/fd' -print0 2>/dev/null |
		xargs -0 ls -l /proc/sys/vm/overcommit_memory 2>/dev/null |
		awk '/^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3] }
			/ -> / { sub(/.* -> /, ""); print pid, $0 }'
}

# OPEN_FILES: kept, for who asks of many functions
OPEN_FILES='' OPEN_FILES_KNOWN=''
remember_open_files() {
	[ -z "$OPEN_FILES_KNOWN" ] || return 0
	OPEN_FILES_KNOWN=1
	OPEN_FILES=$(open_files | grep -E ' (/dev/(vfio|nvidia|dri|kfd|accel)|anon_inode:\[vfio-device\])')
}

# vfio_nodes FUNCTION: paths by which VFIO gives it to users
vfio_nodes() {
	group=$(group_of "$1") && printf '/dev/vfio/%s\n/dev/vfio/noiommu-%s\n' "$group" "$group"
	for node in "$DEVICES/$1"/vfio-dev/vfio*; do
		[ -e "$node" ] && printf '/dev/vfio/devices/%s\n' "${node##*/}"
	done
}

# pids_with PATTERN...: of processes that have a file of one of these names open
pids_with() {
	for pattern; do
		printf '%s\n' "$OPEN_FILES" | awk -v path="$pattern" '$2 == path { print $1 }'
	done | sort -n -u
}

# vfio_users FUNCTION: PIDs
vfio_users() {
	remember_open_files
	# shellcheck disable=SC2046 # a list
	{
		pids_with $(vfio_nodes "$1")
		# Who was handed the device alone; newer kernels tell which it is
		real=$(readlink -f "$DEVICES/$1")
		for pid in $(pids_with 'anon_inode:[vfio-device]'); do
			grep -q -s -F -x "vfio-device-syspath: $real" "/proc/$pid"/fdinfo/* &&
				echo "$pid"
		done
	} | sort -n -u
}

# process_name PID: what a person knows it by
process_name() (
	name=$(cat "/proc/$1/comm" 2>/dev/null) || name='gone meanwhile'
	# A VMM's own name of its guest
	guest=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" |
		sed -n '/^-name$/{n; s/^guest=//; s/,.*//; p; q;}')
	printf '%s%s\n' "$name" "${guest:+, guest $guest}"
)

# processes PID...: "PID (NAME)" with commas between
processes() (
	comma=
	for pid; do
		printf '%s%s (%s)' "$comma" "$pid" "$(process_name "$pid")"
		comma=', '
	done
	echo
)

# vendor_nodes FUNCTION DRIVER: paths by which a vendor's driver gives it to users, as far
# as sysfs tells; some have nodes for all of their functions
vendor_nodes() {
	for node in "$DEVICES/$1"/drm/card* "$DEVICES/$1"/drm/renderD*; do
		[ ! -e "$node" ] || printf '/dev/dri/%s\n' "${node##*/}"
	done
	for node in "$DEVICES/$1"/accel/accel*; do
		[ ! -e "$node" ] || printf '/dev/accel/%s\n' "${node##*/}"
	done
	case $2 in
	nvidia) find /dev -name 'nvidia*' ! -type d 2>/dev/null ;;
	amdgpu) echo /dev/kfd ;;
	esac
}

# vendor_users FUNCTION DRIVER: PIDs
vendor_users() {
	remember_open_files
	# shellcheck disable=SC2046 # a list
	pids_with $(vendor_nodes "$1" "$2")
}

# vendor_advice PID...: what to do about these
vendor_advice() (
	daemon=
	for pid; do
		case $(cat "/proc/$pid/comm" 2>/dev/null) in
		nvidia-persist*) daemon=nvidia-persistenced ;;
		nv-hostengine) daemon=nvidia-dcgm ;;
		nv-fabricmanag*) daemon=nvidia-fabricmanager ;;
		*) continue ;;
		esac
		printf '%s is a service: systemctl stop %s. ' "$pid" "$daemon"
	done
	echo "End these programs first"
)

# free_or_die FUNCTION: nobody has it open; else says who. Taking it away would wait for
# them, or make a vendor's driver stop half-way.
free_or_die() {
	holder=$(driver_of "$1") || return 0
	if [ -d "$DEVICES/$1/vfio-dev" ] || [ -d "$DEVICES/$1/coherent" ]; then
		pids=$(vfio_users "$1")
		[ -n "$pids" ] || return 0
		# shellcheck disable=SC2086 # a list
		die "$1 is open by VFIO in process $(processes $pids). End that, or the guest in it; --force asks the process for the function, and waits until it is given"
	fi
	pids=$(vendor_users "$1" "$holder")
	[ -n "$pids" ] || return 0
	# shellcheck disable=SC2086 # a list
	die "$1 belongs to $holder, whose devices are open in process $(processes $pids). $(vendor_advice $pids); --force takes it all the same, and $holder may hang"
}
