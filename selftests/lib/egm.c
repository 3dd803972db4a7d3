// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "egm.h"

#define SYSFS	"/sys/class/egm"
#define DEBUGFS	"/sys/kernel/debug/coherent-vfio"

int egm_load(struct egm *egm)
{
	const char *list = getenv("COHERENT_EGM_RETIRED");
	char *next;

	egm->path = getenv("COHERENT_EGM");
	egm->size = env_u64("COHERENT_EGM_SIZE", 0);
	if (!egm->path || !egm->size || !list)
		return -1;
	egm->retired[0] = strtoull(list, &next, 0);
	egm->retired[1] = strtoull(next, NULL, 0);
	return egm->retired[1] ? 0 : -1;
}

/* The device's, in @dir */
static const char *path_of(const struct egm *egm, const char *dir, const char *file,
			   char *buf, size_t n)
{
	snprintf(buf, n, "%s/%s/%s", dir, strrchr(egm->path, '/') + 1, file);
	return buf;
}

int egm_read(const struct egm *egm, const char *file, char *buf, size_t n)
{
	char path[160];

	return sysfs_read(path_of(egm, SYSFS, file, path, sizeof(path)), buf, n);
}

int egm_write(const struct egm *egm, const char *file, const char *val)
{
	char path[160];

	return sysfs_write(path_of(egm, SYSFS, file, path, sizeof(path)), val);
}

int egm_inject(const struct egm *egm, u64 off)
{
	char path[160], text[32];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)off);
	return sysfs_write(path_of(egm, DEBUGFS, "inject_poison", path, sizeof(path)), text);
}

int egm_clear(const struct egm *egm, u64 off, u64 len)
{
	char text[64];

	snprintf(text, sizeof(text), "%#llx+%#llx", (unsigned long long)off,
		 (unsigned long long)len);
	return egm_write(egm, "coherent/poison_clear", text);
}

int egm_open(const struct egm *egm)
{
	int fd = open(egm->path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

u8 *egm_map(int fd, u64 off, u64 len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, off);
}

int egm_list(int fd, struct egm_list *list, u32 argsz)
{
	memset(list, 0xa5, sizeof(*list));
	list->head.argsz = argsz;
	return neg(ioctl(fd, EGM_RETIRED_PAGES_LIST, list));
}

bool egm_is_retired(const struct egm *egm, u64 off)
{
	for (unsigned int i = 0; i < 2; i++)
		if (off >= egm->retired[i] && off - egm->retired[i] < EGM_RETIRED_SIZE)
			return true;
	return false;
}
