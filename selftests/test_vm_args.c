// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stock guest is given the function by the arguments that the command coherent-vfio has
 * printed, and by nothing else: their window must hold the BARs, and the memory be there.
 *
 *   test_vm_args kvm|tcg FILE	a word a line
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest.h"
#include "nested_guest.h"

static struct expect e;

#define PLANNED		6

static void life(void)
{
	step(guest_bar(2, &e.res) && guest_bar(4, &e.use),
	     "the guest finds BAR 2 and BAR 4 with size and type");
	step(guest("write", &e, 1) && guest("check", &e, 1), "the guest reaches all of the memory");
	step(sh("echo 1 >" GUEST_DIR "/reset") && guest("check", &e, 1),
	     "memory is there after the guest's reset of the function");
	step(powers_off(), "the machine ends");
	step(nested_host_finds(&e, 1), "the host reads what the machine has left");
}

int main(int argc, char **argv)
{
	struct nested_options o = { };
	int ret;

	ksft_print_header();
	if (argc < 3 || expect_load(&e))
		ksft_exit_fail_msg("usage: test_vm_args kvm|tcg FILE, with a function described\n");
	o.tcg = !strcmp(argv[1], "tcg");
	o.words = argv[2];
	if (!o.tcg && access("/dev/kvm", R_OK | W_OK))
		ksft_exit_skip("this kernel has no KVM\n");
	steps_begin(PLANNED);
	ret = nested_start(&m, &o);
	if (ret)
		ksft_print_msg("the machine did not come up: %s\n", strerror(-ret));
	else
		life();
	nested_end(&m);
	step(silent(), "QEMU complains of nothing");
	steps_end();
}
