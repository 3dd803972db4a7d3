// SPDX-License-Identifier: GPL-2.0-only
/*
 * aer-inversion BDF PORT: a hot reset, and recovery from an error on the link while
 * nobody has the function open.
 *
 * BDF is behind a root port that QEMU calls PORT. The hot reset takes pci_bus_sem with
 * memory_lock held. A function that is closed sleeps; recovery wakes it with pci_bus_sem
 * held, for which VFIO takes memory_lock. lockdep reports the second of the two.
 */
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "aer.h"
#include "bug.h"
#include "model.h"

#define LIMIT_MS	60000

static bool asleep(void *bdf)
{
	char path[128], status[32];

	return !pci_path(path, sizeof(path), bdf, "power/runtime_status") &&
	       !sysfs_read(path, status, sizeof(status)) && !strncmp(status, "suspended", 9);
}

/* What the lock is for: who is in low power, and wants to know when it ends */
static void told_of_wake_up(const struct fn *f, const struct expect *e)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_low_power_entry_with_wakeup entry;
	} req = {
		.feature = {
			.argsz = sizeof(req),
			.flags = VFIO_DEVICE_FEATURE_SET |
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		},
		.entry = { .wakeup_eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) },
	};

	if (!bug_ok(!ioctl(f->device, VFIO_DEVICE_FEATURE, &req) &&
		    wait_for(asleep, (void *)e->bdf, LIMIT_MS), "low power"))
		return;
	bug_ok(!signalled(req.entry.wakeup_eventfd), "... that lasts");
	bug_ok(!aer_error(e, NOT_FATAL) && signalled(req.entry.wakeup_eventfd),
	       "recovery wakes it, and says so");
	bug_ok(block_read(f, TEST_MAGIC_REG) == TEST_MAGIC && !asleep((void *)e->bdf),
	       "the function can be used");
}

int main(int argc, char **argv)
{
	struct expect e = { .hot_reset = true };
	const char *why;
	struct fn f;

	if (argc != 3)
		return 2;
	snprintf(e.bdf, sizeof(e.bdf), "%s", argv[1]);
	snprintf(e.port, sizeof(e.port), "%s", argv[2]);
	if (!bug_ok(!bug_bind(e.bdf, "vfio-pci", "vfio-pci") && !fn_open(&f, e.bdf),
		    "vfio-pci has the function"))
		return bug_end();
	why = aer_impossible(&e);
	if (!bug_ok(!why, "errors can be made up%s%s", why ? ": " : "", why ?: ""))
		return bug_end();

	bug_ok(!reset_hot(&f), "a hot reset");
	fn_close(&f);
	if (!bug_ok(wait_for(asleep, e.bdf, LIMIT_MS), "the closed function falls asleep"))
		return bug_end();
	bug_ok(!aer_error(&e, NOT_FATAL), "recovery from an error on the link");
	bug_ok(wait_for(asleep, e.bdf, LIMIT_MS), "the function falls asleep again");
	if (bug_ok(!fn_open(&f, e.bdf) && !reset_hot(&f), "open, and another hot reset"))
		told_of_wake_up(&f, &e);
	fn_close(&f);
	return bug_end();
}
