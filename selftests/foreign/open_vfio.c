// SPDX-License-Identifier: GPL-2.0-only
/*
 * For programs that open a file by name and map it from its beginning: linked
 * with --wrap=open --wrap=mmap they can be given "vfio:BDF:REGION", a region of a
 * function, in its place. They themselves stay as they are.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "coherent.h"

int __real_open(const char *path, int flags, ...);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_open(const char *path, int flags, ...);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off);

static struct fn function = { .device = -1 };
static unsigned int region;

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	char bdf[16];
	int mode, ret;

	if (sscanf(path, "vfio:%*4x:%*2x:%*2x.%*1x:%u", &region) == 1) {
		snprintf(bdf, sizeof(bdf), "%.12s", path + strlen("vfio:"));
		ret = fn_open(&function, bdf);
		errno = -ret;
		return ret ? -1 : function.device;
	}
	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return __real_open(path, flags, mode);
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (fd >= 0 && fd == function.device && !((u64)off >> 40))
		off += at(region, 0);
	return __real_mmap(addr, len, prot, flags, fd, off);
}
