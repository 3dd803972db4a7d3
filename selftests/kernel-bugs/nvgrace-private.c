// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-private BDF usemem|resmem: map memory of a GPU of the kernel's own nvgrace-gpu
 * privately, this region first. What has that bug allows it, and is brought down by the
 * first access. Shared mappings of both must work.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "bug.h"

static void *map_page(const struct fn *f, unsigned int index, u64 off, int prot, int flags)
{
	return mmap(NULL, page_size(), prot, flags, f->device, at(index, off));
}

static void try_shared(const struct fn *f, unsigned int index, const char *name)
{
	u8 *p = map_page(f, index, 0, PROT_READ | PROT_WRITE, MAP_SHARED);
	struct fault_seen seen;
	u64 word = 0;

	bug_ok(p != MAP_FAILED && !touch_write(p, 8, 0x5a5a, &seen) &&
	       rd(f, index, &word, 8, 0) == 8 && word == 0x5a5a,
	       "a shared mapping of %s can be used", name);
}

/* One that may be written, and one that is only read: both are copy-on-write */
static void try_private(const struct fn *f, unsigned int index, const char *name)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ };
	struct fault_seen seen;
	u8 *p;

	for (int i = 0; i < 2; i++) {
		errno = 0;
		p = map_page(f, index, page_size(), prots[i], MAP_PRIVATE);
		bug_ok(p == MAP_FAILED && errno == EINVAL, "a private mapping of %s is refused%s",
		       name, prots[i] & PROT_WRITE ? "" : ", which is only read");
		if (p != MAP_FAILED)
			touch_read(p, 8, NULL, &seen);
	}
}

int main(int argc, char **argv)
{
	bool res;
	struct fn f;

	if (argc != 3)
		return 2;
	res = !strcmp(argv[2], "resmem");
	if (!bug_ok(!bug_bind(argv[1], "nvgrace-gpu-vfio-pci", "nvgrace_gpu_vfio_pci") &&
		    !fn_open(&f, argv[1]), "nvgrace-gpu has the function"))
		return bug_end();
	fault_catch();
	try_shared(&f, USEMEM, "usemem");
	try_shared(&f, RESMEM, "resmem");
	try_private(&f, res ? RESMEM : USEMEM, res ? "resmem" : "usemem");
	try_private(&f, res ? USEMEM : RESMEM, res ? "usemem" : "resmem");
	fn_close(&f);
	return bug_end();
}
