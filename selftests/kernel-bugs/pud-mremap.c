// SPDX-License-Identifier: GPL-2.0-only
/*
 * pud-mremap BDF: move a mapping that has PUD entries, which map a BAR.
 *
 * BDF has a BAR 2 of two GiB or more, of memory. The mapping is moved by whole GiB, and
 * by some that end in a PMD's worth and in a page. What has that bug calls the entries
 * bad, and clears them without flushing the TLB: the old address can be used on.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bug.h"

#define PUD	GiB
#define RW	(PROT_READ | PROT_WRITE)

static void moved(struct fn *f, u64 start, u64 skew)
{
	u8 *p, *q, *room, *to;
	struct fault_seen seen;
	u64 word = 0;
	bool old;

	p = map_aligned(f, VFIO_PCI_BAR2_REGION_INDEX, start, 0, 2 * PUD, PUD, 0, RW);
	room = mmap(NULL, 4 * PUD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (!bug_ok(p != MAP_FAILED && room != MAP_FAILED, "two GiB are mapped"))
		return;
	to = (u8 *)(((uintptr_t)room + PUD - 1) & ~(PUD - 1)) + skew;
	p[0] = 0x5a;
	p[PUD] = 0xa5;
	/* else nothing is tested */
	if (!bug_ok(!faults_of_walk(p, 2 * PUD, pmd_size()), "two entries map all of it"))
		return;
	/* Nothing in between, for what runs then may flush the TLB */
	p[0] = 0x5a;
	q = mremap(p, 2 * PUD, 2 * PUD, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	old = !touch_read(p, 1, &word, &seen);
	if (!bug_ok(q == to, "the mapping moves to %#llx after a GiB", (unsigned long long)skew))
		return;
	bug_ok(!old, "nothing is at its old address (%#llx there)", (unsigned long long)word);
	bug_ok(to[0] == 0x5a && to[PUD] == 0xa5, "all is at its new address");
	bug_ok(!munmap(room, 4 * PUD), "all is unmapped");
	bug_ok(touch_read(p, 1, &word, &seen), "nothing is at its first address");
}

int main(int argc, char **argv)
{
	cpu_set_t one;
	u64 start, len;
	struct fn f;

	if (argc != 2)
		return 2;
	/* Another CPU has another TLB */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	if (!bug_ok(!bug_huge_pages() && !bug_bind(argv[1], "vfio-pci", "vfio-pci") &&
		    !fn_open(&f, argv[1]), "vfio-pci has the function"))
		return bug_end();
	if (!bug_ok(!pci_resource(argv[1], 2, &start, &len) && len >= 2 * PUD,
		    "BAR 2 has two GiB"))
		return bug_end();
	fault_catch();
	moved(&f, start, 0);
	moved(&f, start, pmd_size());
	moved(&f, start, page_size());
	fn_close(&f);
	return bug_end();
}
