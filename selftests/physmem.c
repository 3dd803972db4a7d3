// SPDX-License-Identifier: GPL-2.0-only
/*
 * physmem BDF WORD...: write 64-bit words to the beginning of the memory that the dummy
 * shows for a function, as firmware wrote them there before the kernel came.
 */
#include <stdio.h>
#include <stdlib.h>

#include "coherent.h"

int main(int argc, char **argv)
{
	struct fn f;
	int ret;

	if (argc < 3) {
		fprintf(stderr, "usage: physmem BDF WORD...\n");
		return 2;
	}
	ret = fn_open(&f, argv[1]);
	if (ret) {
		fprintf(stderr, "physmem: cannot open %s (%d)\n", argv[1], ret);
		return 1;
	}
	for (int i = 2; i < argc && !ret; i++) {
		u64 word = strtoull(argv[i], NULL, 0);

		ret = wr_all(&f, USEMEM, &word, sizeof(word), 8 * (i - 2));
	}
	fn_close(&f);
	return ret ? 1 : 0;
}
