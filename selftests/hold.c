// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold: open a function, map its memory, have some of it mapped for DMA, say
 * so, and stay until killed. For scripts that want somebody to be there.
 *
 *   COHERENT_BDF   the function
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coherent.h"

int main(void)
{
	const char *bdf = getenv("COHERENT_BDF");
	size_t page = page_size();
	struct fn f;
	u8 *map, *own;
	int ret;

	ret = bdf ? fn_open(&f, bdf) : -1;
	if (ret) {
		fprintf(stderr, "hold: cannot open %s (%d)\n", bdf ?: "nothing", ret);
		return 1;
	}
	map = map_plain(&f, USEMEM, 0, page, PROT_READ | PROT_WRITE);
	own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || own == MAP_FAILED) {
		fprintf(stderr, "hold: cannot map\n");
		return 1;
	}
	map[0] = 1;
	own[0] = 1;
	ret = fn_dma_map(&f, own, page, 0x100000);
	if (ret) {
		fprintf(stderr, "hold: cannot map for DMA (%d)\n", ret);
		return 1;
	}
	printf("held\n");
	fflush(stdout);
	for (;;)
		pause();
}
