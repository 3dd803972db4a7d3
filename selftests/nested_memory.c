// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a machine in the machine: writes and looks at the memory of a function's BAR as a
 * guest has it, by loads and stores through sysfs. Prints what is wrong.
 *
 *   nested_memory write BDF BAR OFFSET LENGTH STEP SEED   a word at each STEP
 *   nested_memory check BDF BAR OFFSET LENGTH STEP SEED
 *   nested_memory ones  BDF BAR OFFSET LENGTH STEP        all ones, whatever is written
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "words.h"

static volatile u64 *map(const char *bdf, const char *bar, u64 offset, u64 length)
{
	char path[128];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%s", bdf, bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(path);
		exit(2);
	}
	p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	return p;
}

int main(int argc, char **argv)
{
	u64 offset, length, step, seed = 0, o, is, want;
	volatile u64 *p;
	bool ones;

	if (argc < 7) {
		fprintf(stderr, "usage: nested_memory write|check|ones BDF BAR OFFSET LENGTH STEP [SEED]\n");
		return 2;
	}
	ones = !strcmp(argv[1], "ones");
	offset = strtoull(argv[4], NULL, 0);
	length = strtoull(argv[5], NULL, 0);
	step = strtoull(argv[6], NULL, 0);
	if (argc > 7)
		seed = strtoull(argv[7], NULL, 0);
	p = map(argv[2], argv[3], offset, length);
	if (!strcmp(argv[1], "write")) {
		for (o = 0; o < length; o += step)
			p[o / 8] = word_at(seed, offset + o);
		return 0;
	}
	for (o = 0; o < length; o += step) {
		if (ones)
			p[o / 8] = offset + o;
		want = ones ? ~0ULL : word_at(seed, offset + o);
		is = p[o / 8];
		if (is == want)
			continue;
		printf("BAR %s at %#llx: %#llx and not %#llx\n", argv[3],
		       (unsigned long long)(offset + o), (unsigned long long)is,
		       (unsigned long long)want);
		return 1;
	}
	return 0;
}
