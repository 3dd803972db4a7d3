// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real client and bad memory: a page that is bad when a machine starts costs it
 * that page alone; one that goes bad later costs nothing until somebody needs it. Then
 * the guest's kernel is told, and ends only who touched it; or the guest is stopped, if
 * that is the policy and its KVM does not report what it is refused.
 *
 *   test_vm_poison type1|iommufd kvm
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "kselftest.h"
#include "nested_guest.h"
#include "poison.h"

#define PLANNED		14

/* Pages of the usable part: bad before the start, bad while the guest runs */
#define EARLY		5
#define LATE		9

static struct expect e;

static bool spoil(u64 nr)
{
	snprintf(said, sizeof(said), "page %llu could not be made bad", (unsigned long long)nr);
	return !inject_many(&e, nr * page_size(), 1, 0);
}

/* The same as it happens: firmware reports it, or who else can on this machine */
static bool fails(u64 nr)
{
	enum inject_by by = inject_foreign();
	long before = poison_count(&e);

	snprintf(said, sizeof(said), "no error in page %llu came by %s", (unsigned long long)nr,
		 inject_name[by]);
	return before >= 0 && !inject_error(&e, by, e.use.base + nr * page_size()) &&
	       poison_wait(&e, before + 1, POISON_LIMIT_MS);
}

static bool enables(void)
{
	return sh("echo 1 >" GUEST_DIR "/enable");
}

/* What is before the first bad page, between both, and behind them */
static bool neighbours(const char *what, u64 seed)
{
	u64 page = page_size();

	return guest_part(what, 0, EARLY * page, seed) &&
	       guest_part(what, (EARLY + 1) * page, (LATE - EARLY - 1) * page, seed) &&
	       guest_part(what, (LATE + 1) * page, e.use.len - (LATE + 1) * page, seed);
}

static bool whole_pages(u64 nr, u64 seed)
{
	return guest_part("write", nr * page_size(), page_size(), seed) &&
	       guest_part("check", nr * page_size(), page_size(), seed);
}

/* Where a page is for the guest: BAR 4's address is in its kernel's list */
static u64 guest_address(u64 nr)
{
	unsigned long long base = 0;

	if (sh("sed -n 5p " GUEST_DIR "/resource"))
		sscanf(said, "%llx", &base);
	return base + nr * page_size();
}

/* Who touches it in the guest dies, and its kernel has logged a record with the address */
static bool is_told(u64 nr)
{
	/* The guest's kernel logs the same record once in ten seconds: the signal counts */
	int status = nested_sh(&m, said, sizeof(said),
			       "nested_memory check " GUEST_BDF " 4 %#llx 64 64 1",
			       (unsigned long long)nr * page_size());

	return status == 128 + SIGBUS &&
	       sh("for i in $(seq 100); do dmesg | grep -q 'Hardware Error.*physical_address: 0x%016llx' && exit; "
		  "usleep 100000; done; dmesg | tail -n 12; exit 1",
		  (unsigned long long)guest_address(nr));
}

/* Nobody answers any more, and QEMU does not end either: somebody has to end it */
static bool stopped(void)
{
	char command[128];

	snprintf(command, sizeof(command), "nested_memory check " GUEST_BDF " 4 %#llx 64 64 1",
		 (unsigned long long)EARLY * page_size());
	snprintf(said, sizeof(said), "the machine goes on");
	return !nested_tell(&m, command) && !qmp_event(&m, "\"STOP\"") &&
	       strstr(nested_complaints(), "Bad address");
}

/* Refused the page, its KVM fails; unless it reports that by itself */
static bool isolated(void)
{
	return kernel_has("kvm-tells-poison") ? is_told(EARLY) && neighbours("check", 1) :
						stopped();
}

static void life(void)
{
	step(silent(), "QEMU starts with a bad page and complains of nothing");
	step(guest_bar(4, &e.use), "the guest finds BAR 4 with size and type");
	step(enables() && neighbours("write", 1) && neighbours("check", 1),
	     "the guest reaches all memory but the bad page");
	step(is_told(EARLY), "auto: the guest's kernel is told, and ends who touched the page");
	step(neighbours("check", 1), "... and the guest goes on");
	step(whole_pages(LATE, 3) && fails(LATE) && neighbours("check", 1),
	     "firmware reports a page while the guest runs, the others stay");
	step(is_told(LATE), "auto: the guest's kernel is told of that one, too");
	step(is_told(EARLY) && neighbours("check", 1), "auto: each time that a page is touched");
	/* Its BARs go and come: all but the pages is mapped for DMA again */
	step(reboots() && enables() && neighbours("check", 1), "the guest reboots with bad pages");
	step(is_told(EARLY) && is_told(LATE), "... and is told of them again");
	step(silent(), "QEMU complains of nothing");
	step(!poison_policy_set(&e, "keep") &&
	     guest_part("check", LATE * page_size(), page_size(), 3),
	     "keep: the guest has the page as it is");
	step(!poison_policy_set(&e, "isolate") && isolated(),
	     "isolate: the guest that touches it is stopped, or told by its KVM");
}

int main(int argc, char **argv)
{
	struct nested_options o = {
		.bdf = e.bdf,
		.firmware = true,	/* that hands on error records */
		.machine = ",ras=on",
	};
	int ret;

	ksft_print_header();
	if (argc < 3 || expect_load(&e))
		ksft_exit_fail_msg("usage: test_vm_poison type1|iommufd kvm, with a function described\n");
	o.iommufd = !strcmp(argv[1], "iommufd");
	steps_begin(PLANNED);
	if (poison_policy_set(&e, "auto") || poison_clear_all(&e) || !spoil(EARLY))
		ksft_exit_fail_msg("there is no bad page to begin with\n");
	ret = nested_start(&m, &o);
	if (ret)
		ksft_print_msg("the machine did not come up: %s\n", strerror(-ret));
	else
		life();
	nested_end(&m);
	step(!poison_policy_set(&e, "auto") && !poison_clear_all(&e) && !poison_count(&e),
	     "all is good again");
	steps_end();
}
