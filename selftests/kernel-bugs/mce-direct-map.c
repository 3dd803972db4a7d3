// SPDX-License-Identifier: GPL-2.0-only
/*
 * mce-direct-map: a machine check in a process that has loaded from memory without struct
 * page, whose driver has the memory manager signal its users. The process is told where,
 * and that is all: such memory is not in the kernel's direct map, and need not be taken
 * out of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bug.h"
#include "hit.h"

#define FIRST	(512ULL << 30)		/* modules/bug_pfns.c */
#define PAGES	4
#define PAGE	2			/* that is hit */

static volatile sig_atomic_t signals, code;
static void *volatile address;

static void on_sigbus(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	hit_over(context);
	signals++;
	code = si->si_code;
	address = si->si_addr;
}

static bool is_there(void)
{
	return !system("insmod /opt/modules/bug_pfns.ko") && !bug_modprobe("mce-inject");
}

int main(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	u64 phys = FIRST + PAGE * page_size();
	int fd, ret;
	u8 *at;

	if (!bug_ok(is_there(), "there is memory without struct page"))
		return bug_end();
	fd = open("/dev/bug_pfns", O_RDWR | O_CLOEXEC);
	at = mmap(NULL, PAGES * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!bug_ok(at != MAP_FAILED, "it can be mapped"))
		return bug_end();
	sigaction(SIGBUS, &sa, NULL);
	bug_without_lockdep("a machine check taints the kernel");
	ret = hit_begin();
	if (!ret)
		ret = hit_load(&phys, 1);
	bug_ok(!ret, "a machine check is raised (%d)", ret);
	bug_ok(!ret && hit_told(), "the kernel has seen it");
	hit_end();
	bug_note("%d signals, code %d, page %ld", (int)signals, (int)code,
		 (long)((u8 *)address - at) / (long)page_size());
	bug_ok(signals == 1 && code == BUS_MCEERR_AR && address == at + PAGE * page_size(),
	       "the process is told where");
	return bug_end();
}
