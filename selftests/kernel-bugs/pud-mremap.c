// SPDX-License-Identifier: GPL-2.0-only
/*
 * pud-mremap BDF: move a mapping that has PUD entries, which map a BAR, and a part of one.
 *
 * BDF has a BAR 2 of two GiB or more, of memory. The mapping is moved by whole GiB, and
 * by some that end in a PMD's worth and in a page; then one of its entries, and less than
 * one, are moved alone. What has that bug calls the entries bad, and clears them without
 * flushing the TLB: the old address can be used on.
 *
 * Where the entries are is seen by the page faults that are taken: nothing is tested
 * unless two entries map all in the beginning, and an entry that is moved takes none.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>

#include "bug.h"

#define PUD	GiB
#define RW	(PROT_READ | PROT_WRITE)

#define BYTE	0x40		/* in each block, and its number */
#define BLOCK	(PUD / 4)

/* What is moved: [from, from + len) of two GiB, to skew after a GiB and @from */
struct move {
	const char *what;
	u64 from, len, skew;
	bool whole;		/* entries, which move as they are */
};

static u8 byte_at(u64 off)
{
	return BYTE + off / BLOCK;
}

/* Two entries map all of it: it takes two faults, and no more */
static u8 *two_entries(struct fn *f, u64 start)
{
	u8 *p = map_aligned(f, VFIO_PCI_BAR2_REGION_INDEX, start, 0, 2 * PUD, PUD, 0, RW);
	long faults, more;

	if (!bug_ok(p != MAP_FAILED, "two GiB are mapped"))
		return NULL;
	faults = faults_of_walk(p, 2 * PUD, PUD);
	for (u64 off = 0; off < 2 * PUD; off += BLOCK)
		p[off] = byte_at(off);
	more = faults_of_walk(p, 2 * PUD, pmd_size());
	if (!bug_ok(faults == 2 && !more, "two entries map all of it (%ld faults, and %ld more)",
		    faults, more))
		return NULL;
	return p;
}

/* All of [off, off + len) is at @p; what it should be is @off's */
static bool is_there(const u8 *p, u64 off, u64 len)
{
	u64 word;

	for (u64 o = 0; o < len; o += BLOCK)
		if (touch_read(p + o, 1, &word, NULL) || word != byte_at(off + o))
			return false;
	return true;
}

static void try_move(struct fn *f, u64 start, const struct move *m)
{
	u8 *p = two_entries(f, start), *q, *room, *to;
	struct fault_seen seen;
	u64 word = 0;
	long faults;
	bool old;

	room = mmap(NULL, 4 * PUD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (!p || !bug_ok(room != MAP_FAILED, "there is room for it"))
		return;
	to = (u8 *)(((uintptr_t)room + PUD - 1) & ~(PUD - 1)) + m->from % PUD + m->skew;
	/* Nothing in between, for what runs then may flush the TLB */
	p[m->from] = byte_at(m->from);
	q = mremap(p + m->from, m->len, m->len, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	old = !touch_read(p + m->from, 1, &word, &seen);
	if (!bug_ok(q == to, "%s: moved", m->what))
		return;
	bug_ok(!old, "%s: nothing is at its old address (%#llx there)", m->what,
	       (unsigned long long)word);
	faults = faults_of_walk(to, m->len, pmd_size());
	bug_ok(m->whole ? !faults : faults > 0, "%s: %s (%ld faults)", m->what,
	       m->whole ? "its entries have moved" : "no entry has moved", faults);
	bug_ok(is_there(to, m->from, m->len), "%s: all is at its new address", m->what);
	bug_ok(is_there(p, 0, m->from) &&
	       is_there(p + m->from + m->len, m->from + m->len, 2 * PUD - m->from - m->len),
	       "%s: the rest is where it was", m->what);
	bug_ok(!munmap(room, 4 * PUD) && !munmap(p, 2 * PUD), "%s: all is unmapped", m->what);
	bug_ok(touch_read(p + m->from, 1, &word, &seen) && touch_read(to, 1, &word, &seen),
	       "%s: nothing is at either address", m->what);
}

int main(int argc, char **argv)
{
	const struct move moves[] = {
		{ "by whole GiB", 0, 2 * PUD, 0, true },
		{ "to 2 MiB after a GiB", 0, 2 * PUD, pmd_size(), false },
		{ "to a page after a GiB", 0, 2 * PUD, page_size(), false },
		{ "the second entry", PUD, PUD, 0, true },
		{ "a part of an entry", BLOCK, 2 * BLOCK, 0, false },
		{ "parts of both entries", 2 * BLOCK, 4 * BLOCK, 0, false },
	};
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
	for (unsigned int i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		try_move(&f, start, &moves[i]);
	fn_close(&f);
	return bug_end();
}
