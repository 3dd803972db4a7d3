// SPDX-License-Identifier: GPL-2.0-only
/*
 * pud-split BDF page|pmd: split a VMA inside a PUD entry that maps a BAR.
 *
 * BDF has a BAR 2 of two GiB or more, of memory. One entry maps a GiB of it; then a
 * page, or a PMD's worth, is unmapped inside. What has that bug takes the entry for a
 * table of PMDs ("page": an access to what is no kernel address), or asserts that the
 * entry lies in the VMA that it was cut in two for ("pmd", with CONFIG_DEBUG_VM).
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bug.h"

#define PUD	GiB
#define RW	(PROT_READ | PROT_WRITE)

/* A byte in each block of 128 MiB that says which it is */
static void mark(u8 *p)
{
	for (u64 o = 0; o < PUD; o += PUD / 8)
		p[o] = 0x40 + o / (PUD / 8);
}

static bool marked(const u8 *p)
{
	for (u64 o = 0; o < PUD; o += PUD / 8)
		if (p[o] != 0x40 + o / (PUD / 8))
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct fault_seen seen;
	u64 start, len, size;
	long faults;
	struct fn f;
	u8 *p;

	if (argc != 3)
		return 2;
	size = strcmp(argv[2], "pmd") ? page_size() : pmd_size();
	if (!bug_ok(!bug_huge_pages() && !bug_bind(argv[1], "vfio-pci", "vfio-pci") &&
		    !fn_open(&f, argv[1]), "vfio-pci has the function"))
		return bug_end();
	if (!bug_ok(!pci_resource(argv[1], 2, &start, &len) && len >= 2 * PUD,
		    "BAR 2 has two GiB"))
		return bug_end();
	fault_catch();
	p = map_aligned(&f, VFIO_PCI_BAR2_REGION_INDEX, start, 0, PUD, PUD, 0, RW);
	if (!bug_ok(p != MAP_FAILED, "a GiB is mapped"))
		return bug_end();
	mark(p);
	faults = faults_of_walk(p, PUD, pmd_size());
	/* else nothing is tested */
	if (!bug_ok(!faults, "one entry maps all of it (%ld more faults)", faults))
		return bug_end();

	bug_ok(!munmap(p + PUD / 4 + size, size), "a part inside is unmapped");
	bug_ok(marked(p), "the rest is still there");
	bug_ok(touch_read(p + PUD / 4 + size, 8, NULL, &seen) && seen.sig == SIGSEGV,
	       "nothing is at the address that was unmapped");
	bug_ok(!mprotect(p + PUD / 2 + size, size, PROT_READ) &&
	       touch_write(p + PUD / 2 + size, 8, 1, &seen) && marked(p),
	       "another part is protected");
	bug_ok(!munmap(p, PUD), "all is unmapped");
	fn_close(&f);
	return bug_end();
}
