// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real client: a stock guest in QEMU is given the function, by a type1 container
 * or by iommufd, under KVM or emulated, and lives a life with it.
 *
 *   test_vm type1|iommufd kvm|tcg [short]
 *
 * A short life has no reboot in it, and the function stays where it is: where all is
 * emulated in an emulated machine, each of them takes minutes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest.h"
#include "nested_guest.h"

static struct expect e;

#define PLANNED		14
#define PLANNED_SHORT	8

/* What is behind the memory: ones that take no write, in the first and last pages of it */
static bool tail(void)
{
	u64 page = page_size();

	said[0] = '\0';
	return e.use.len == e.use.bar ||
	       (sh("nested_memory ones " GUEST_BDF " 4 %#llx %#llx 0x200",
		   (unsigned long long)e.use.len, (unsigned long long)page) &&
		sh("nested_memory ones " GUEST_BDF " 4 %#llx %#llx 0x200",
		   (unsigned long long)(e.use.bar - page), (unsigned long long)page));
}

/* Asked to give the function back, the guest does; the host sees what is in it; and again */
static bool unplug(void)
{
	snprintf(said, sizeof(said), "device_del");
	return !qmp_command(&m, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\""
			    NESTED_FUNCTION "\"}}") &&
	       !qmp_event(&m, "\"device\": \"" NESTED_FUNCTION "\"") &&
	       sh("! test -e " GUEST_DIR);
}

static bool plug(void)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"vfio-pci\",\"id\":\""
		 NESTED_FUNCTION "\",\"bus\":\"" NESTED_PORT "\",\"host\":\"%s\",\"rombar\":0%s}}",
		 e.bdf, m.o.iommufd ? ",\"iommufd\":\"iommufd\"" : "");
	snprintf(said, sizeof(said), "device_add");
	/* It is there some time before it has addresses */
	return !qmp_command(&m, json) &&
	       sh("for i in $(seq 600); do sed -n 5p " GUEST_DIR "/resource | grep -q '[1-9]' && exit; "
		  "usleep 100000; done 2>/dev/null; dmesg | tail -n 8; exit 1");
}

static void begins(void)
{
	step(guest_bar(2, &e.res) && guest_bar(4, &e.use),
	     "the guest finds BAR 2 and BAR 4 with size and type");
	step(guest("write", &e, 1) && guest("check", &e, 1), "the guest reaches all of the memory");
	step(tail(), "the guest reads ones behind the memory");
	step(guest("check", &e, 1), "a write behind the memory changes none of it");
	step(sh("echo 1 >" GUEST_DIR "/reset") && guest("check", &e, 1) && guest("write", &e, 2),
	     "memory is there after the guest's reset of the function");
}

static void goes_on(void)
{
	step(guest("check", &e, 2), "what was written after the reset is there");
	step(reboots() && guest("check", &e, 2), "memory is there after the guest's reboot");
	step(guest("write", &e, 3) && unplug(), "the guest gives the function back");
	step(nested_host_finds(&e, 3), "the host reads what the guest has written");
	step(plug() && guest_bar(2, &e.res) && guest_bar(4, &e.use),
	     "the guest finds the function again");
	step(guest("check", &e, 3) && guest("write", &e, 4), "... and its memory");
}

static void is_over(u64 seed)
{
	step(powers_off(), "the machine ends");
	step(nested_host_finds(&e, seed), "the host reads what the machine has left");
}

int main(int argc, char **argv)
{
	struct nested_options o = { .bdf = e.bdf };
	bool shortly;
	int ret;

	ksft_print_header();
	if (argc < 3 || expect_load(&e))
		ksft_exit_fail_msg("usage: test_vm type1|iommufd kvm|tcg [short], with a function described\n");
	o.iommufd = !strcmp(argv[1], "iommufd");
	o.tcg = !strcmp(argv[2], "tcg");
	if (!o.tcg && access("/dev/kvm", R_OK | W_OK))
		ksft_exit_skip("this kernel has no KVM\n");
	shortly = argc > 3 && !strcmp(argv[3], "short");
	steps_begin(shortly ? PLANNED_SHORT : PLANNED);
	ret = nested_start(&m, &o);
	if (ret) {
		ksft_print_msg("the machine did not come up: %s\n", strerror(-ret));
	} else {
		begins();
		if (!shortly)
			goes_on();
		is_over(shortly ? 2 : 4);
	}
	nested_end(&m);
	step(silent(), "QEMU complains of nothing");
	steps_end();
}
