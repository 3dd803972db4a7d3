// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual machine whose memory is EGM: QEMU has /dev/egm<N> as a memory-backend-file.
 * An error in that memory reaches who touches it in the guest, and nobody else.
 *
 *   COHERENT_EGM, COHERENT_EGM_BASE    see lib/egm.h; BASE is its host-physical address
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "kselftest.h"
#include "nested_guest.h"

#define PLANNED		10

/* Where the memory of QEMU's machine "virt" begins */
#define GUEST_RAM	0x40000000ULL

static unsigned long long page;	/* guest-physical */

static bool is_its_memory(void)
{
	char command[96];

	snprintf(said, sizeof(said), "QEMU maps no %s", getenv("COHERENT_EGM"));
	snprintf(command, sizeof(command), "grep -q '%s$' /proc/%d/maps", getenv("COHERENT_EGM"),
		 m.pid);
	return !system(command) && open(getenv("COHERENT_EGM"), O_RDWR) < 0 && errno == EBUSY;
}

/* Half of what it has, and each byte as it was written */
static bool uses_it(const char *seed)
{
	return sh("for i in 1 2 3 4; do head -c 48m /dev/zero | tr '\\0' %s >/tmp/$i || exit; done",
		  seed) &&
	       sh("for i in 1 2 3 4; do cmp /tmp/1 /tmp/$i || exit; done; rm /tmp/[1-4]");
}

static bool has_a_page(void)
{
	return sh("rm -f /tmp/page /tmp/touch /tmp/ended; (nested_page; echo $? >/tmp/ended) &") &&
	       sh("until [ -s /tmp/page ] || [ -s /tmp/ended ]; do usleep 50000; done") &&
	       sh("cat /tmp/page") && sscanf(said, "%llx", &page) == 1 && page >= GUEST_RAM;
}

/* Is on record: firmware reports it, or who else can on this machine */
static bool fails(void)
{
	u64 phys = env_u64("COHERENT_EGM_BASE", 0) + page - GUEST_RAM;
	struct expect e = { .bdf = "egm4" };
	enum inject_by by = inject_foreign();
	int log = kmsg_open();
	char line[256], address[64];
	bool ok;

	snprintf(said, sizeof(said), "no error at %#llx came by %s", (unsigned long long)phys,
		 inject_name[by]);
	snprintf(address, sizeof(address), "(address %#llx)", (unsigned long long)phys);
	ok = log >= 0 && !inject_error(&e, by, phys) &&
	     !kmsg_wait(log, address, 20000, line, sizeof(line));
	if (log >= 0)
		close(log);
	return ok;
}

/* Who touches it dies; its kernel has a record with the address */
static bool is_told(void)
{
	return sh("touch /tmp/touch; until [ -s /tmp/ended ]; do usleep 50000; done") &&
	       sh("cat /tmp/ended") &&
	       atoi(said) == 128 + SIGBUS &&
	       sh("for i in $(seq 100); do dmesg | grep -q 'Hardware Error.*physical_address: 0x%016llx' && exit; "
		  "usleep 100000; done; dmesg | tail -n 12; exit 1", page);
}

static bool is_free_again(void)
{
	int fd = open(getenv("COHERENT_EGM"), O_RDWR | O_CLOEXEC);

	snprintf(said, sizeof(said), "%s cannot be opened again: %s", getenv("COHERENT_EGM"),
		 strerror(errno));
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void life(void)
{
	step(silent(), "QEMU starts with EGM as memory and complains of nothing");
	step(is_its_memory(), "the memory is EGM, and nobody else has it");
	step(uses_it("a"), "the guest uses its memory");
	step(reboots(), "the guest reboots");
	step(uses_it("b"), "... and uses it again");
	step(has_a_page() && fails(), "a page of a process in the guest goes bad");
	step(is_told(), "the guest's kernel is told, and ends who touched it");
	step(uses_it("c"), "... and the guest goes on");
	step(powers_off() && silent(), "the guest powers off");
}

int main(void)
{
	struct nested_options o = {
		.firmware = true, .machine = ",ras=on", .memory = getenv("COHERENT_EGM"),
	};
	int ret;

	ksft_print_header();
	if (!o.memory)
		ksft_exit_fail_msg("COHERENT_EGM is not set\n");
	steps_begin(PLANNED);
	ret = nested_start(&m, &o);
	if (ret)
		ksft_print_msg("the machine did not come up: %s: %s\n", strerror(-ret),
			       nested_complaints());
	else
		life();
	nested_end(&m);
	step(is_free_again(), "the memory is free again");
	steps_end();
}
