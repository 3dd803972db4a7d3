# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts share that install packages in a root folder to throw away.
# Sourced in there, where /lab is the lab and /repo the repository.

# shellcheck source=selftests/guest/common.sh
. /repo/selftests/guest/common.sh

LOG=/tmp/step.log

# step NAME COMMAND...: one result; what the command said where it fails
step() {
	local name=$1
	shift
	if "$@" >"$LOG" 2>&1; then
		result ok "$name"
	else
		tail -n 40 "$LOG" | sed 's/^/# /'
		result not_ok "$name"
	fi
}

# add_kernel NAME: as its packages install it, as far as DKMS and depmod look
add_kernel() {
	local release
	release=$(cat "/lab/kernels/$1/release")
	mkdir -p /lib/modules
	cp -r "/lab/kernels/$1/modules/lib/modules/$release" /lib/modules/
	ln -s "$(cat "/lab/kernels/$1/kdir")" "/lib/modules/$release/build"
	# Who asks for the newest kernel looks here
	cp "/lib/modules/$release/build/.config" "/boot/config-$release"
}

# deb VERSION-FOLDER NAME...: the files of those packages
debs() {
	local dir=$1 name
	shift
	for name; do
		echo "$dir/${name}"_*.deb
	done
}

# install FOLDER NAME...: as an administrator does, with a file that was downloaded
install_debs() {
	local files
	mapfile -t files < <(debs "$@")
	apt-get -y -o Dpkg::Use-Pty=0 --no-install-recommends install "${files[@]}"
}

# module KERNEL NAME: the file that DKMS has installed, if there is one
module() {
	find "/lib/modules/$1/updates/dkms" -name "$2.ko*" 2>/dev/null
}

# has KERNEL VERSION NAME...: these modules are installed there and of that version,
# for DKMS as for modprobe
has() {
	local kernel=$1 version=$2 name file
	shift 2
	for name; do
		file=$(module "$kernel" "$name")
		if [ -z "$file" ]; then
			echo "no $name for $kernel"
			return 1
		fi
		[ "$(modinfo -F version "$file")" = "$version" ] || {
			echo "$file has version $(modinfo -F version "$file"), not $version"
			return 1
		}
		[ "$(modinfo -k "$kernel" -n "$name")" -ef "$file" ] || {
			echo "modprobe takes $(modinfo -k "$kernel" -n "$name")"
			return 1
		}
	done
}

# lacks KERNEL NAME...
lacks() {
	local kernel=$1 name
	shift
	for name; do
		if find "/lib/modules/$kernel/" -name "$name.ko*" | grep -v '/kernel/'; then
			return 1
		fi
	done
}

OURS="coherent-vfio-pci-core coherent-vfio-pci-soft nvgrace-coherent-vfio-pci
	cxl-coherent-vfio-pci egm-coherent-vfio dummy-coherent-vfio-pci nvgrace-gpu-vfio-pci"

# nothing_of_ours: no module, no source, nothing that DKMS knows or keeps
nothing_of_ours() {
	local kernel
	for kernel in /lib/modules/*/; do
		# shellcheck disable=SC2086 # a list
		lacks "$(basename "$kernel")" $OURS || return 1
	done
	! find /usr/src /usr/share /usr/share/doc /var/lib/dkms \
		-maxdepth 1 -name 'coherent-vfio*' 2>/dev/null | grep . || return 1
	! dkms status | grep coherent
}

# version_is_gone VERSION: neither sources nor DKMS has it
version_is_gone() {
	! find /usr/src /var/lib/dkms/coherent-vfio -maxdepth 1 -name "*$1" | grep .
}

MOK=/var/lib/dkms/mok.pub

# make_key: the machine owner's, which is enrolled in the firmware
make_key() {
	mkdir -p "${MOK%/*}"
	openssl req -new -x509 -nodes -days 2 -subj "/CN=The machine's owner" -newkey rsa:2048 \
		-keyout "${MOK%.pub}.key" -outform DER -out $MOK 2>/dev/null
}

# signed_by CERTIFICATE FILE: the module ends with a signature of it that the certificate,
# in DER, can be seen to have made
signed_by() {
	local file=$2 length size
	case $file in
	*.xz) xz -dc "$file" >/tmp/module && file=/tmp/module ;;
	esac
	openssl x509 -inform DER -in "$1" -out /tmp/cert.pem || return 1
	length=$(stat -c %s "$file")
	# Signature, 12 bytes of which the last 4 are its size, 28 bytes that the kernel knows
	tail -c 28 "$file" | grep -q '^~Module signature appended~$' || return 1
	size=$((0x$(tail -c 32 "$file" | head -c 4 | od -A n -t x1 | tr -d ' ')))
	head -c $((length - 40 - size)) "$file" >/tmp/data
	tail -c $((40 + size)) "$file" | head -c "$size" >/tmp/signature
	openssl cms -verify -binary -noverify -nointern -inform DER -in /tmp/signature \
		-content /tmp/data -certfile /tmp/cert.pem -out /dev/null
}

# all_signed CERTIFICATE KERNEL: each of our modules there
all_signed() {
	local file files
	mapfile -t files < <(find "/lib/modules/$2/updates" -name '*.ko*')
	for file in "${files[@]}"; do
		signed_by "$1" "$file" || {
			echo "$file is not signed with that key"
			return 1
		}
	done
	[ ${#files[@]} -gt 0 ]
}
