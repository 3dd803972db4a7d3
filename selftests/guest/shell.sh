#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# shell.sh BDF nvgrace|dummy MODEL BASE+SIZE: what scripts/lab/run --shell runs in the
# virtual machine: binds the function, says what there is, and gives a root shell.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=selftests/guest/common.sh
. ./common.sh
rm -f "$COUNTS"

bdf=$1 backend=$2 model=$3 range=$4
driver=$(driver_name "$backend")

load() {
	modprobe vfio_iommu_type1 && modprobe nvgrace-coherent-vfio-pci &&
		modprobe dummy-coherent-vfio-pci aperture="$1"
}

aperture=
[ "$backend" != dummy ] || aperture=$bdf@$range
if load "$aperture" && bind "$bdf" "$driver"; then
	echo "$bdf, a $model, is bound to $driver; its aperture is $range:"
else
	echo "$bdf, a $model with the aperture $range, is not bound to $driver:"
fi
dmesg | sed 's/^\[[^]]*\] //' | grep "^$driver $bdf" | tail -n 6 | sed 's/^/    /'
cat <<END
Its sysfs directory is \$D (/sys/bus/pci/devices/$bdf), what drivers say is in dmesg.
Programs are in /opt/selftests: $(find . -maxdepth 1 -type f -name 'test_*' | sed 's|^\./test_||' | sort | xargs)
    all of them on it:          functional.sh "name=it,bdf=$bdf,driver=$backend,..." (see function.sh)
The model changes at run time by its registers in BAR 0:
    testblock $bdf ready 5000          not ready for 5 s from now on; or "never"
    testblock $bdf reset-ready 5000    ... after each reset to come
    testblock                               tells the others
QEMU's monitor takes one command at a time: lab-qmp '{"execute":"query-pci"}'
Leave with exit, Ctrl-D or poweroff; nothing is kept.
END
# init is none that could be asked to switch the machine off: what does it ends the
# shell. By aliases, as busybox takes its own programs before those of PATH.
cat >/run/shellrc <<'END'
export LAB_SHELL=${LAB_SHELL:-$$}
alias poweroff='kill -HUP $LAB_SHELL' halt=poweroff reboot=poweroff
END
export ENV=/run/shellrc D="/sys/bus/pci/devices/$bdf" PS1='\w \$ '
cd /root || exit 1
sh -i
# How a person's last command ended says nothing about the machine
exit 0
