# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio bind, unbind and list: who gets a function, who holds it, and what is
# said when it cannot be had. Sourced by tool.sh.

# Before any module is loaded: it finds the driver, loads it and binds
bind_from_nothing() {
	gpu=$(bdf_of gpu)
	modprobe vfio_iommu_type1 && tool list "$gpu" && says out unbound || return 1
	# Without the domain, as people write it
	tool bind "${gpu#0000:}" && says out "$gpu is bound to nvgrace_coherent_vfio_pci" &&
		says err 'region 4: cached' && says err 'install driverctl' &&
		bound_to "$gpu" nvgrace_coherent_vfio_pci || return 1
	tool bind --this-boot "$gpu" && says out 'already' || return 1
	tool unbind "$gpu" && says out "$gpu has no driver" && ! bound_to "$gpu" nvgrace_coherent_vfio_pci
	remove_modules
}

tests_before_modules() {
	check "a host without modules" host_without_modules
	check "bind finds the driver, and loads it" bind_from_nothing
}

json_of_bind() {
	shows json bind bind --json --this-boot "$(bdf_of gpu)" && says out '"changed":true' &&
		shows json bind-again bind --json --this-boot "$(bdf_of gpu)" && says out '"changed":false'
}

# A function that no driver is for, but one that was asked for by name
bind_by_name() {
	port=$(bdf_of port)
	refuses 1 'no driver of coherent-vfio is for' bind "$port" &&
		refuses 1 'does not load' bind --driver no_such_driver "$port" &&
		tool bind --this-boot --driver dummy-coherent-vfio-pci "$port" &&
		bound_to "$port" dummy_coherent_vfio_pci &&
		tool bind --this-boot --driver dummy_coherent_vfio_pci "$(bdf_of pass)"
}

# From one driver of VFIO's to another, and back
bind_to_another() {
	port=$(bdf_of port)
	tool bind --this-boot --driver vfio-pci "$port" && bound_to "$port" vfio-pci &&
		tool bind --this-boot --driver dummy_coherent_vfio_pci "$port" &&
		bound_to "$port" dummy_coherent_vfio_pci
}

# Memory that does not become ready: what the kernel said, and what to do
bind_in_vain() {
	late=$(bdf_of late)
	failures=$(cat /sys/kernel/coherent_vfio/readiness_failures)
	testblock "$late" ready never || return 1
	refuses 1 'did not become ready within' bind --this-boot "$late" &&
		says err 'reset or power-cycle it' && says err "unbind $late gives it back" || return 1
	[ "$(cat /sys/kernel/coherent_vfio/readiness_failures)" = $((failures + 1)) ] || {
		echo "# not counted among the host's failures"
		return 1
	}
	run_tool doctor
	says out 'did not become ready within' && tool unbind "$late"
}

# hold BDF: open it in the background, and wait until it is
hold() {
	rm -f /tmp/held
	COHERENT_BDF=$1 ./hold >/tmp/held &
	HOLDER=$!
	wait_until 20 grep -q held /tmp/held
}

let_go() {
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	:
}

# Nobody is made to wait, and nothing changes, while somebody has it
open_function_stays() {
	gpu=$(bdf_of gpu)
	hold "$gpu" || return 1
	refuses 1 "open by VFIO in process $HOLDER (hold)" unbind "$gpu" &&
		refuses 1 "open by VFIO in process $HOLDER (hold)" bind --driver vfio-pci "$gpu" &&
		bound_to "$gpu" nvgrace_coherent_vfio_pci &&
		tool list "$gpu" && says out "$HOLDER (hold)" && says out ' ready' &&
		shows json list-open list --json "$gpu" && says out "\"pid\":$HOLDER"
	result=$?
	let_go
	[ $result = 0 ] && tool list "$gpu" && says out ' closed ' && ! grep -q '(hold)' /tmp/out
}

# By the character device of its own, where the kernel has such
open_by_cdev_stays() {
	node=$(find "/sys/bus/pci/devices/$(bdf_of gpu)/vfio-dev" -mindepth 1 -maxdepth 1 2>/dev/null)
	node=/dev/vfio/devices/${node##*/}
	[ -c "$node" ] || return 2
	sleep 1000 3<"$node" &
	HOLDER=$!
	wait_until 20 sh -c "readlink /proc/$HOLDER/fd/3 | grep -q $node" &&
		refuses 1 "process $HOLDER (sleep)" unbind "$(bdf_of gpu)"
	result=$?
	let_go
	return $result
}

# A vendor's driver is not here, its device nodes and the service that has them open are
vendor_is_named() {
	mkdir -p /tmp/vendor && mknod /dev/nvidia0 c 1 3 || return 1
	printf '#!/bin/sh\nexec 3</dev/nvidia0\necho up\nread -r _ </tmp/vendor/fifo\n' >/tmp/vendor/nvidia-persistenced
	chmod +x /tmp/vendor/nvidia-persistenced
	mkfifo /tmp/vendor/fifo
	/tmp/vendor/nvidia-persistenced >/tmp/held &
	HOLDER=$!
	wait_until 20 grep -q up /tmp/held || return 1
	(
		for file in /usr/share/coherent-vfio/lib/*.sh; do
			# shellcheck disable=SC1090 # all of the folder
			. "$file"
		done
		# shellcheck disable=SC2317,SC2329 # called by what is tested
		driver_of() {
			echo nvidia
		}
		free_or_die "$(bdf_of late)"
	) 2>/tmp/err
	says err "belongs to nvidia, whose devices are open in process $HOLDER (nvidia-persiste)" &&
		says err 'systemctl stop nvidia-persistenced'
	result=$?
	let_go
	rm -r /tmp/vendor /dev/nvidia0
	return $result
}

list_is_right() {
	tool list || return 1
	for function in $FUNCTIONS; do
		says out "$(field "$function" bdf)" || return 1
	done
	gpu=$(role gpu)
	length=$(($(field "$gpu" use | sed 's/.*+//')))
	shows json list list --json || return 1
	says out "\"length\":$length," && says out '"state":"passed-through"' && says out '"state":"unbound"' &&
		tool list && says out 'passed-through' && says out 'region 4: cached' &&
		says out 'region 2: write-combining'
}

# The real driverctl: it lasts, and what its unit does at boot binds it again
driverctl_makes_it_last() {
	[ -e /opt/driverctl ] || return 2
	gpu=$(bdf_of gpu)
	cp "/opt/driverctl/bash-$(uname -m)" /bin/bash && cp /opt/driverctl/driverctl /bin/ || return 1
	tool unbind "$gpu" && shows json bind-lasts bind --json "$gpu" && says out '"lasts":true' &&
		[ "$(cat "/etc/driverctl.d/pci-$gpu")" = nvgrace_coherent_vfio_pci ] || return 1
	unbind "$gpu"
	driverctl load-override "pci/$gpu" && bound_to "$gpu" nvgrace_coherent_vfio_pci || return 1
	tool unbind "$gpu" && ! bound_to "$gpu" nvgrace_coherent_vfio_pci &&
		[ ! -e "/etc/driverctl.d/pci-$gpu" ] || return 1
	# One that came by itself would not come the next time
	tool bind --this-boot "$gpu" && [ ! -e "/etc/driverctl.d/pci-$gpu" ] &&
		tool bind "$gpu" && says out already && [ -e "/etc/driverctl.d/pci-$gpu" ] &&
		bound_to "$gpu" nvgrace_coherent_vfio_pci &&
		rm -r /bin/driverctl /etc/driverctl.d
}

# One that takes the function from nobody: who has it still is said
driverctl_in_vain() {
	gpu=$(bdf_of gpu)
	tool bind --this-boot "$gpu" || return 1
	printf '#!/bin/sh\nexit 1\n' >/bin/driverctl && chmod +x /bin/driverctl
	refuses 1 'was not bound to vfio-pci' bind --driver vfio-pci "$gpu" &&
		says err 'its driver is nvgrace_coherent_vfio_pci' &&
		bound_to "$gpu" nvgrace_coherent_vfio_pci
	result=$?
	rm /bin/driverctl
	return $result
}

# perhaps NAME COMMAND: status 2 is "not here"
perhaps() {
	checked=$1
	shift
	"$@"
	case $? in
	0) result ok "$checked" ;;
	2) result ok "$checked" "this machine has none" ;;
	*) result not_ok "$checked" ;;
	esac
}

tests_bind() {
	check "bind, for programs" json_of_bind
	check "bind to a driver of one's choice" bind_by_name
	check "bind from one driver to another" bind_to_another
	check "bind says why not, and what to do" bind_in_vain
	check "who has a function open is named" open_function_stays
	perhaps "... by its character device, too" open_by_cdev_stays
	check "a vendor's service is named" vendor_is_named
	check "list" list_is_right
	perhaps "driverctl makes it last" driverctl_makes_it_last
	check "a driver that keeps the function is named" driverctl_in_vain
}

# To whom it belongs by itself: nobody takes these
unbound_again() {
	for name in gpu port pass; do
		tool unbind "$(bdf_of $name)" && says out 'has no driver' || return 1
		[ "$(cat "/sys/bus/pci/devices/$(bdf_of $name)/driver_override")" = '(null)' ] || return 1
	done
	tool unbind "$(bdf_of gpu)" && shows json unbind unbind --json "$(bdf_of gpu)"
}

# What is no VFIO driver's is not taken
others_are_left_alone() {
	for path in /sys/bus/pci/drivers/virtio-pci/0*; do
		refuses 1 'which is no driver of VFIO' unbind "${path##*/}" && [ -e "$path" ] || return 1
		break
	done
}

tests_unbind() {
	check "unbind" unbound_again
	check "unbind takes nothing from other drivers" others_are_left_alone
}
