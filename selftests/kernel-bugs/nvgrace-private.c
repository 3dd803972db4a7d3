// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-private BDF: map memory of a GPU of the kernel's own nvgrace-gpu privately.
 * What has that bug allows it, and is brought down by the first access.
 */
#include <errno.h>
#include <sys/mman.h>

#include "bug.h"

int main(int argc, char **argv)
{
	struct fault_seen seen;
	struct fn f;
	u8 *p;

	if (argc != 2)
		return 2;
	if (!bug_ok(!bug_bind(argv[1], "nvgrace-gpu-vfio-pci", "nvgrace_gpu_vfio_pci") &&
		    !fn_open(&f, argv[1]), "nvgrace-gpu has the function"))
		return bug_end();
	fault_catch();
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, f.device, at(USEMEM, 0));
	bug_ok(p != MAP_FAILED && !touch_write(p, 8, 1, &seen), "a shared mapping can be used");

	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE, f.device,
		 at(USEMEM, page_size()));
	bug_ok(p == MAP_FAILED && errno == EINVAL, "a private mapping is refused");
	if (p != MAP_FAILED)
		touch_write(p, 8, 1, &seen);
	p = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE, f.device, at(RESMEM, 0));
	bug_ok(p == MAP_FAILED && errno == EINVAL, "... of the reserved memory, too");
	fn_close(&f);
	return bug_end();
}
