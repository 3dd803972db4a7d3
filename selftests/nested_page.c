// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a machine in the machine: has a page of its memory, writes the page's
 * guest-physical address to /tmp/page, and touches it once there is a file /tmp/touch.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coherent.h"

#define LIMIT_MS	120000

static bool is_wanted(void *unused)
{
	(void)unused;
	return !access("/tmp/touch", F_OK);
}

int main(void)
{
	u64 page = page_size(), entry = 0;
	volatile u64 *p = mmap(NULL, page, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY);
	FILE *out;

	if (p == MAP_FAILED || fd < 0)
		return 2;
	*p = 0x5eed;
	if (pread(fd, &entry, 8, (uintptr_t)p / page * 8) != 8 || !(entry >> 63))
		return 2;
	out = fopen("/tmp/page.new", "w");
	if (!out)
		return 2;
	fprintf(out, "%#llx\n", (unsigned long long)(entry & ((1ULL << 55) - 1)) * page);
	fclose(out);
	if (rename("/tmp/page.new", "/tmp/page") || !wait_for(is_wanted, NULL, LIMIT_MS))
		return 2;
	return *p == 0x5eed ? 0 : 1;
}
