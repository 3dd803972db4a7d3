# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What a machine in the machine boots. Sourced, after function.sh.

# What a machine needs to give a function on: our modules, which fit one kernel, and tests
nested_modules() {
	release=$(uname -r)
	if [ "$(cat /opt/nested/release)" != "$release" ]; then
		echo "# the machine in the machine boots another kernel, which our modules do not fit"
		return 1
	fi
	mkdir -p /tmp/nested/lib/modules /tmp/nested/opt/selftests &&
		cp -r "/lib/modules/$release" /tmp/nested/lib/modules/ &&
		cp common.sh function.sh functional.sh poison.sh programs.sh test_info \
			/tmp/nested/opt/selftests/ &&
		cp nested_vfio /tmp/nested/opt/
}

# What the machine in the machine boots: the lab's, with a shell and our program in it
nested_initrd() {
	mkdir -p /tmp/nested/opt &&
		cp nested-init /tmp/nested/ &&
		cp nested_memory nested_page /tmp/nested/opt/ &&
		case " ${lives-} " in
		*" nested-"*) nested_modules ;;
		esac &&
		(cd /tmp/nested && find . | cpio -o -H newc >/tmp/nested.cpio 2>/dev/null) &&
		cat /opt/nested/base.cpio /tmp/nested.cpio >/tmp/nested.initrd &&
		rm -rf /tmp/nested /tmp/nested.cpio
}
