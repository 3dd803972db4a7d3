// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold_foreign BDF OTHER type1|iommufd|io: map memory of BDF for the DMA of OTHER,
 * another function, close BDF, say "held" and stay, with OTHER open, until killed. With
 * iommufd, which must refuse that, OTHER is held all the same. With io nothing is
 * mapped at all: BDF is read and written through its file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coherent.h"

#define IOVA	0x4000000

static int fail(const char *what, int ret)
{
	fprintf(stderr, "hold_foreign: %s (%d)\n", what, ret);
	return 1;
}

static int by_type1(struct fn *other, const char *bdf, void *map, size_t n)
{
	int ret = fn_open(other, bdf);

	if (ret)
		return fail("cannot open the other one", ret);
	ret = fn_dma_map(other, map, n, IOVA);
	return ret ? fail("cannot map for the other's DMA", ret) : 0;
}

static int by_iommufd(struct fn *other, const char *bdf, void *map, size_t n)
{
	int ret = fn_open_cdev(other, bdf);
	u32 ioas;

	if (!ret)
		ret = fn_ioas_attach(other, &ioas);
	if (ret)
		return fail("cannot open the other one", ret);
	ret = fn_ioas_map(other, ioas, map, n, IOVA);
	return ret == -EFAULT ? 0 : fail("iommufd has mapped it", ret);
}

int main(int argc, char **argv)
{
	struct fn f, other;
	u64 word = 1;
	size_t page = page_size();
	u8 *map = NULL;
	bool io;
	int ret;

	if (argc != 4)
		return fail("BDF OTHER type1|iommufd|io", 0);
	io = !strcmp(argv[3], "io");
	ret = fn_open(&f, argv[1]);
	if (ret)
		return fail("cannot open the function", ret);
	if (io) {
		if (wr(&f, USEMEM, &word, sizeof(word), 0) != sizeof(word))
			return fail("cannot write", 0);
		ret = fn_open(&other, argv[2]);
		if (ret)
			return fail("cannot open the other one", ret);
	} else {
		map = map_plain(&f, USEMEM, 0, page, PROT_READ | PROT_WRITE);
		if (map == MAP_FAILED)
			return fail("cannot map", errno);
		map[0] = 1;
		ret = !strcmp(argv[3], "iommufd") ? by_iommufd(&other, argv[2], map, page) :
						    by_type1(&other, argv[2], map, page);
		if (ret)
			return ret;
		munmap(map, page);
	}
	fn_close(&f);
	printf("held\n");
	fflush(stdout);
	for (;;)
		pause();
}
