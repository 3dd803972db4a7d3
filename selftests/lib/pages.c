// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of regions whose alignment is chosen, and marks in their pages. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coherent.h"

u64 page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

u64 pmd_size(void)
{
	return page_size() / sizeof(u64) * page_size();
}

/* Kilobytes of page tables that this process has; -1 if nobody says */
long page_tables(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[128];
	long kb = -1;

	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "VmPTE: %ld kB", &kb) == 1)
			break;
	if (status)
		fclose(status);
	return kb;
}

void *map_aligned(const struct fn *f, unsigned int index, u64 phys, u64 off,
		  size_t len, u64 align, u64 skew, int prot)
{
	size_t room = len + 2 * align;
	char *hole, *want, *got;
	u64 shift;

	hole = mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hole == MAP_FAILED)
		return MAP_FAILED;
	shift = (phys + off + skew - (uintptr_t)hole) & (align - 1);
	want = hole + shift;
	got = mmap(want, len, prot, MAP_SHARED | MAP_FIXED, f->device, at(index, off));
	if (got == MAP_FAILED) {
		munmap(hole, room);
		return MAP_FAILED;
	}
	/* Give back what lies around it */
	if (want > hole)
		munmap(hole, want - hole);
	munmap(want + len, hole + room - (want + len));
	return got;
}

void *map_plain(const struct fn *f, unsigned int index, u64 off, size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_SHARED, f->device, at(index, off));
}

void *map_over(const struct fn *f, unsigned int index, u64 off, size_t len, int prot, void *where)
{
	return mmap(where, len, prot, MAP_SHARED | MAP_FIXED, f->device, at(index, off));
}

u64 first_block(const struct expect_region *r, u64 pmd)
{
	return (pmd - r->base % pmd) % pmd;
}

u8 *map_blocks(const struct fn *f, unsigned int index, const struct expect_region *r,
	       u64 pmd, unsigned int blocks, u64 *off)
{
	*off = first_block(r, pmd);
	if (*off + blocks * pmd > r->len)
		return NULL;
	return map_aligned(f, index, r->base, *off, blocks * pmd, pmd, 0,
			   PROT_READ | PROT_WRITE);
}

int mark_pages(u8 *p, u64 n, u64 page, u64 seed)
{
	for (u64 o = 0; o < n; o += page)
		if (touch_write(p + o, 8, seed + o, NULL))
			return -1;
	return 0;
}

int check_pages(u8 *p, u64 n, u64 page, u64 seed)
{
	u64 got;

	for (u64 o = 0; o < n; o += page)
		if (touch_read(p + o, 8, &got, NULL) || got != seed + o)
			return -1;
	return 0;
}

const char *not_back(const struct fn *f, unsigned int index, u8 *p, u64 n, u64 page, u64 seed)
{
	u64 got;

	if (faults_of_walk(p, n, page) < 1)
		return "the mapping was not revoked";
	if (check_pages(p, n, page, seed))
		return "the mapping shows other memory, or none";
	if (rd(f, index, &got, 8, n - page) != 8 || got != seed + n - page)
		return "file I/O shows other memory, or none";
	return NULL;
}
