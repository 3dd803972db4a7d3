// SPDX-License-Identifier: GPL-2.0-only
/*
 * testblock BDF REGISTER [VALUE]: the device model's registers without VFIO, for
 * scripts that want a slow or broken device before a driver is bound to it.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "coherent.h"
#include "model.h"

static const struct {
	const char *name;
	u32 off;
} regs[] = {
	{ "resets", TEST_RESETS },
	{ "reset-ready", TEST_RESET_READY },
	{ "ready", TEST_READY },
	{ "polls", TEST_POLLS },
	{ "need-resets", TEST_NEED_RESETS },
};

static volatile u32 *map_block(const char *bdf)
{
	char path[128];
	void *p;
	int fd;

	/* Decoding is off as long as no driver is bound */
	if (pci_path(path, sizeof(path), bdf, "enable") || sysfs_write(path, "1") ||
	    pci_path(path, sizeof(path), bdf, "resource0"))
		return NULL;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static int unmap_block(const char *bdf, volatile u32 *p)
{
	char path[128];

	munmap((void *)p, page_size());
	return pci_path(path, sizeof(path), bdf, "enable") ?: sysfs_write(path, "0");
}

int main(int argc, char **argv)
{
	volatile u32 *block;
	unsigned int i;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: testblock BDF REGISTER [VALUE|never]\n");
		return 2;
	}
	for (i = 0; i < sizeof(regs) / sizeof(*regs) && strcmp(regs[i].name, argv[2]); i++)
		;
	if (i == sizeof(regs) / sizeof(*regs)) {
		fprintf(stderr, "testblock: no register called '%s'\n", argv[2]);
		return 2;
	}
	block = map_block(argv[1]);
	if (!block) {
		fprintf(stderr, "testblock: BAR 0 of %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (le32toh(block[TEST_MAGIC_REG / 4]) != TEST_MAGIC) {
		fprintf(stderr, "testblock: %s is not our device model\n", argv[1]);
		return 1;
	}
	if (argc == 4)
		block[regs[i].off / 4] = htole32(!strcmp(argv[3], "never") ? TEST_NEVER :
						 strtoul(argv[3], NULL, 0));
	else
		printf("%u\n", le32toh(block[regs[i].off / 4]));
	return unmap_block(argv[1], block) ? 1 : 0;
}
