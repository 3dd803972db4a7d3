// SPDX-License-Identifier: GPL-2.0-only
/*
 * testblock BDF REGISTER [VALUE]: the device model's registers without VFIO, for
 * scripts that want a slow or broken device before a driver is bound to it, and for who
 * sits at a shell: also while it is bound, but not while it is open.
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
	{ "wake-ready", TEST_WAKE_READY },
	{ "valid", TEST_VALID },
	{ "reset-valid", TEST_RESET_VALID },
	{ "wake-valid", TEST_WAKE_VALID },
	{ "link-down", TEST_LINK_DOWN },
	{ "stall", TEST_STALL },
	{ "vanish", TEST_VANISH },
};

/* What is to be put back */
struct before {
	bool bound;
	char power[16];
	u16 command;
};

static int config_command(const char *bdf, u16 *command, bool write)
{
	char path[128];
	ssize_t n;
	int fd;

	if (pci_path(path, sizeof(path), bdf, "config"))
		return -1;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = write ? pwrite(fd, command, 2, PCI_COMMAND) : pread(fd, command, 2, PCI_COMMAND);
	close(fd);
	return n == 2 ? 0 : -1;
}

static int set(const char *bdf, const char *file, const char *value)
{
	char path[128];

	return pci_path(path, sizeof(path), bdf, file) ?: sysfs_write(path, value);
}

/* Decoding is off, and a function that has a driver sleeps, as long as nobody opens it */
static int decode(const char *bdf, struct before *before)
{
	char path[128];
	u16 command;

	before->bound = !pci_path(path, sizeof(path), bdf, "driver") && !access(path, F_OK);
	if (!before->bound)
		return set(bdf, "enable", "1");
	if (pci_path(path, sizeof(path), bdf, "power/control") ||
	    sysfs_read(path, before->power, sizeof(before->power)) ||
	    sysfs_write(path, "on") || config_command(bdf, &before->command, false))
		return -1;
	command = before->command | htole16(PCI_COMMAND_MEMORY);
	return config_command(bdf, &command, true);
}

static int decode_as(const char *bdf, struct before *before)
{
	if (!before->bound)
		return set(bdf, "enable", "0");
	/* What was read of a link that was down is no command */
	if (before->command == 0xffff)
		return set(bdf, "power/control", before->power);
	return config_command(bdf, &before->command, true) ?:
	       set(bdf, "power/control", before->power);
}

static volatile u32 *map_block(const char *bdf, struct before *before)
{
	void *p = MAP_FAILED;
	char path[128];
	int fd, err;

	if (decode(bdf, before) || pci_path(path, sizeof(path), bdf, "resource0"))
		return NULL;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		p = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 block_at());
		close(fd);
	}
	if (p != MAP_FAILED)
		return p;
	err = errno;
	decode_as(bdf, before);
	errno = err;
	return NULL;
}

static int unmap_block(const char *bdf, volatile u32 *p, struct before *before)
{
	munmap((void *)p, page_size());
	return decode_as(bdf, before);
}

int main(int argc, char **argv)
{
	struct before before = { };
	volatile u32 *block;
	unsigned int i;
	u32 magic;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: testblock BDF REGISTER [VALUE|never]\nregisters:");
		for (i = 0; i < sizeof(regs) / sizeof(*regs); i++)
			fprintf(stderr, " %s", regs[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	for (i = 0; i < sizeof(regs) / sizeof(*regs) && strcmp(regs[i].name, argv[2]); i++)
		;
	if (i == sizeof(regs) / sizeof(*regs)) {
		fprintf(stderr, "testblock: no register called '%s'\n", argv[2]);
		return 2;
	}
	block = map_block(argv[1], &before);
	if (!block) {
		fprintf(stderr, "testblock: BAR 0 of %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	magic = le32toh(block[TEST_MAGIC_REG / 4]);
	/* With its link down it hears of nothing but that */
	if (magic != TEST_MAGIC &&
	    (magic != ~0U || argc < 4 || regs[i].off != TEST_LINK_DOWN)) {
		fprintf(stderr, "testblock: %s is not our device model\n", argv[1]);
		unmap_block(argv[1], block, &before);
		return 1;
	}
	if (argc == 4)
		block[regs[i].off / 4] = htole32(!strcmp(argv[3], "never") ? TEST_NEVER :
						 strtoul(argv[3], NULL, 0));
	else
		printf("%u\n", le32toh(block[regs[i].off / 4]));
	return unmap_block(argv[1], block, &before) ? 1 : 0;
}
