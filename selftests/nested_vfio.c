// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a machine in the machine: as nested_memory, of a function that the guest itself
 * gives to userspace. What is written by a mapping is looked at by mapping and by file.
 * Whenever it is opened the guest's VFIO resets it.
 *
 *   nested_vfio write BDF BAR OFFSET LENGTH STEP SEED   a word at each STEP
 *   nested_vfio check BDF BAR OFFSET LENGTH STEP SEED
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "coherent.h"
#include "words.h"

static int check(const struct fn *f, unsigned int bar, const volatile u64 *p, u64 offset,
		 u64 length, u64 step, u64 seed)
{
	u64 o, want, mapped, read;
	int ret;

	for (o = 0; o < length; o += step) {
		want = word_at(seed, offset + o);
		mapped = p[o / 8];
		ret = rd_all(f, bar, &read, sizeof(read), offset + o);
		if (!ret && mapped == want && read == want)
			continue;
		printf("BAR %u at %#llx: mapped %#llx, read %#llx (%s), and not %#llx\n", bar,
		       (unsigned long long)(offset + o), (unsigned long long)mapped,
		       (unsigned long long)read, strerror(-ret), (unsigned long long)want);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	u64 offset, length, step, seed, o;
	unsigned int bar;
	volatile u64 *p;
	struct fn f;
	int ret;

	if (argc != 8) {
		fprintf(stderr, "usage: nested_vfio write|check BDF BAR OFFSET LENGTH STEP SEED\n");
		return 2;
	}
	bar = VFIO_PCI_BAR0_REGION_INDEX + strtoul(argv[3], NULL, 0);
	offset = strtoull(argv[4], NULL, 0);
	length = strtoull(argv[5], NULL, 0);
	step = strtoull(argv[6], NULL, 0);
	seed = strtoull(argv[7], NULL, 0);
	ret = fn_open(&f, argv[2]);
	if (ret) {
		printf("opening %s: %s\n", argv[2], strerror(-ret));
		return 2;
	}
	if (!(f.info.flags & VFIO_DEVICE_FLAGS_RESET) || ioctl(f.device, VFIO_DEVICE_RESET)) {
		perror("VFIO_DEVICE_RESET");
		return 2;
	}
	p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, f.device,
		 f.region[bar].offset + offset);
	if (p == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	if (!strcmp(argv[1], "write")) {
		for (o = 0; o < length; o += step)
			p[o / 8] = word_at(seed, offset + o);
		return 0;
	}
	return check(&f, bar, p, offset, length, step, seed);
}
