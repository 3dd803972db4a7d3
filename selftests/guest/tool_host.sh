# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# coherent-vfio doctor and metrics: what they say of this machine, and of what has
# happened to it. Sourced by tool.sh.

# finding STATUS NAME: doctor says that of it
finding() {
	grep -q "^$1 *$2 " /tmp/out && return
	echo "# no '$1 $2' among what doctor found:"
	sed 's/^/#   /' /tmp/out
	return 1
}

# Whatever it finds, for programs as well
doctor_is_right() {
	run_tool doctor
	finding ok modules && finding ok IOMMU && finding ok lockdown && finding ok "$(bdf_of gpu)" || return 1
	# The kernels that have it are built with it
	if [ -e /dev/iommu ]; then
		finding ok iommufd
	else
		finding note iommufd
	fi || return 1
	if [ "$(uname -m)" = aarch64 ]; then
		finding ok 'memory errors' && finding note 'poison policy' || return 1
	else
		finding ok interrupts && finding ok 'memory errors' || return 1
	fi
	case $(cat /sys/kernel/coherent_vfio/kvm_cacheable) in
	yes) [ ! -e /dev/kvm ] || finding ok KVM ;;
	no) [ ! -e /dev/kvm ] || finding warn KVM ;;
	none) ;;
	*) return 1 ;;
	esac || return 1
	run_tool doctor --json
	show json doctor
}

# As the log says at the first bind, where guests are concerned
kvm_is_told_alike() {
	said=yes
	! dmesg | grep -q 'KVM on this kernel cannot give guests cacheable' || said=no
	is=$(cat /sys/kernel/coherent_vfio/kvm_cacheable)
	[ "$is" = none ] || [ "$is" = $said ]
}

# What went wrong is found
doctor_finds_trouble() {
	gpu=$(bdf_of gpu)
	tool poison add "$gpu" 0 && tool doctor && finding warn "$gpu" &&
		says out "bad memory: 1 page" && says out "poison clear $gpu all" || return 1
	tool poison clear "$gpu" all
	echo close >"/sys/bus/pci/devices/$gpu/coherent/scrub"
	run_tool doctor
	! grep -q "$gpu *its memory is not cleared" /tmp/out &&
		echo none >"/sys/bus/pci/devices/$gpu/coherent/scrub" && tool doctor &&
		finding note "$gpu"
}

# locked_down: what is left to be done under it; the last thing, for it stays
doctor_knows_lockdown() {
	[ -w /sys/kernel/security/lockdown ] && [ -z "${COHERENT_COUNTED-}" ] || return 2
	echo integrity >/sys/kernel/security/lockdown
	run_tool doctor
	status=$?
	finding note lockdown && finding fail 'module signing' && says out 'mokutil --import' && [ $status = 1 ] &&
		tool poison add "$(bdf_of gpu)" 0 && tool poison clear "$(bdf_of gpu)" all
}

metric() {
	grep -q "^coherent_vfio_$1 $2\$" /tmp/out && return
	echo "# no '$1 $2' among the metrics:"
	grep -v '^#' /tmp/out | sed 's/^/#   /'
	return 1
}

metrics_are_right() {
	gpu=$(bdf_of gpu)
	labels="function=\"$gpu\",driver=\"nvgrace_coherent_vfio_pci\""
	tool poison add "$gpu" 0 && shows metrics all metrics || return 1
	metric "poisoned_pages{$labels}" 1 && metric host_poisoned_bytes "$(page)" &&
		metric "state{$labels,state=\"closed\"}" 1 && metric "state{$labels,state=\"failed\"}" 0 &&
		metric host_quarantined_bytes 0 && metric "readiness_failures_total{$labels}" 0 &&
		metric host_readiness_failures_total '[1-9][0-9]*' || return 1
	tool metrics --output /tmp/metrics.prom && [ ! -s /tmp/out ] || return 1
	grep -q '^coherent_vfio_core_loaded 1$' /tmp/metrics.prom || return 1
	# Whoever reads it meanwhile reads the old one; nothing else is left in the folder
	[ "$(find /tmp -name 'metrics.prom*' | wc -l)" = 1 ] && refuses 1 'cannot write' metrics --output /no/such/file &&
		tool poison clear "$gpu" all
}

# A host where nothing is loaded yet: that is said, and is no error
host_without_modules() {
	shows metrics none metrics && metric core_loaded 0 && tool list && tool poison list &&
		refuses 1 'is not loaded' poison list --host &&
		refuses 1 'is not loaded' poison policy --default isolate || return 1
	run_tool doctor
	finding note modules
}

# An error on the link, and the way back from it
link_is_counted() {
	port=$(bdf_of port)
	at=/sys/bus/pci/devices/$port/coherent
	name=$(field "$(role port)" port)
	bridge=$(readlink -f "/sys/bus/pci/devices/$port")
	bridge=${bridge%/*}
	ls -d "/sys/bus/pci_express/drivers/aer/${bridge##*/}:pcie"* >/dev/null 2>&1 || return 2
	seen=$(dmesg | grep -c 'device recovery successful')
	lab-qmp "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"pcie_aer_inject_error $name DLP\"}}" \
		>/dev/null || return 1
	wait_until 60 recovered_again "$seen" || return 1
	[ "$(cat "$at"/link_errors) $(cat "$at"/link_recoveries) $(cat "$at"/link_failures)" = '1 1 0' ] || {
		echo "# $(cat "$at"/link_errors) errors, $(cat "$at"/link_recoveries) recoveries, $(cat "$at"/link_failures) failures"
		return 1
	}
	labels="function=\"$port\",driver=\"dummy_coherent_vfio_pci\""
	tool metrics && metric "link_errors_total{$labels}" 1 && metric "link_recoveries_total{$labels}" 1
}

recovered_again() {
	[ "$(dmesg | grep -c 'device recovery successful')" -gt "$1" ]
}

# told_again BDF: bad memory, once more, until who listens has begun to
told_again() {
	coherent-vfio poison add "$1" 0 >/dev/null && coherent-vfio poison clear "$1" all >/dev/null
	grep -q "$1: 1 page of its memory is poisoned" /tmp/syslog && [ -s /tmp/mail ]
}

# The example for udev, called as udev would, by the kernel's own events
somebody_is_told() {
	gpu=$(bdf_of gpu)
	cp /opt/tool/usr/share/doc/coherent-vfio/examples/coherent-vfio-notify /bin/ || return 1
	# Somebody else's: it takes a mail, which is there when it is whole
	# shellcheck disable=SC2016 # expanded by the script
	printf '#!/bin/sh\ncat >/tmp/mail.$$ && mv /tmp/mail.$$ /tmp/mail\n' >/bin/sendmail && chmod +x /bin/sendmail
	syslogd -O /tmp/syslog
	# shellcheck disable=SC2016 # expanded inside
	MAILTO=root uevent sh -c '[ -z "${COHERENT_POISON_COUNT-}" ] || exec coherent-vfio-notify' >/tmp/uevent 2>&1 &
	# shellcheck disable=SC2034 # let_go reads it
	HOLDER=$!
	wait_until 30 told_again "$gpu"
	result=$?
	let_go
	killall syslogd
	[ $result = 0 ] && grep -q '^To: root$' /tmp/mail && grep -q '^Subject: .*poisoned' /tmp/mail &&
		grep -q "^$gpu: " /tmp/mail && return
	sed 's/^/# /' /tmp/syslog /tmp/uevent /tmp/mail
	return 1
}

tests_host() {
	check "doctor" doctor_is_right
	check "doctor and the log agree on KVM" kvm_is_told_alike
	check "doctor finds what went wrong" doctor_finds_trouble
	check "metrics" metrics_are_right
	check "somebody is told of bad memory" somebody_is_told
	perhaps "errors on the link are counted" link_is_counted
	perhaps "doctor knows lockdown" doctor_knows_lockdown
}
