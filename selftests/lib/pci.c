// SPDX-License-Identifier: GPL-2.0-only
/* A PCI function seen through sysfs: bind, unbind, resources, /proc/iomem. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coherent.h"

int sysfs_read(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, buf, n - 1);
	if (ret < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	close(fd);
	while (ret && isspace((unsigned char)buf[ret - 1]))
		ret--;
	buf[ret] = '\0';
	return 0;
}

int sysfs_write(const char *path, const char *val)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, val, strlen(val));
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int pci_path(char *buf, size_t n, const char *bdf, const char *file)
{
	int ret = snprintf(buf, n, "/sys/bus/pci/devices/%s/%s", bdf, file);

	return ret < 0 || (size_t)ret >= n ? -ENAMETOOLONG : 0;
}

static int link_name(const char *bdf, const char *file, char *buf, size_t n)
{
	char path[128], target[PATH_MAX];
	ssize_t len;
	int ret;

	ret = pci_path(path, sizeof(path), bdf, file);
	if (ret)
		return ret;
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	if (snprintf(buf, n, "%s", basename(target)) >= (int)n)
		return -ENAMETOOLONG;
	return 0;
}

int pci_driver(const char *bdf, char *buf, size_t n)
{
	return link_name(bdf, "driver", buf, n);
}

int pci_group(const char *bdf)
{
	char name[32];
	int ret = link_name(bdf, "iommu_group", name, sizeof(name));

	return ret ? ret : atoi(name);
}

int pci_unbind(const char *bdf)
{
	char path[128];
	int ret = pci_path(path, sizeof(path), bdf, "driver/unbind");

	if (ret)
		return ret;
	ret = sysfs_write(path, bdf);
	return ret == -ENOENT ? 0 : ret;	/* nothing was bound */
}

void *pci_unbinder_run(void *unbinder)
{
	struct pci_unbinder *u = unbinder;

	u->ret = pci_unbind(u->bdf);
	atomic_store(&u->done, 1);
	return NULL;
}

bool pci_unbinder_done(void *unbinder)
{
	struct pci_unbinder *u = unbinder;

	return atomic_load(&u->done);
}

int pci_bind(const char *bdf, const char *driver)
{
	char path[128];
	int ret = pci_unbind(bdf);

	if (!ret)
		ret = pci_path(path, sizeof(path), bdf, "driver_override");
	if (!ret)
		ret = sysfs_write(path, driver);
	if (!ret)
		ret = sysfs_write("/sys/bus/pci/drivers_probe", bdf);
	/* As function.sh has it: who opens it again finds what was written */
	if (!ret && !pci_path(path, sizeof(path), bdf, "coherent/scrub"))
		sysfs_write(path, "none");
	return ret;
}

int pci_resource(const char *bdf, unsigned int bar, u64 *start, u64 *len)
{
	unsigned long long from, to, flags;
	char path[128], line[128];
	unsigned int i;
	FILE *in;
	int ret = pci_path(path, sizeof(path), bdf, "resource");

	if (ret)
		return ret;
	in = fopen(path, "re");
	if (!in)
		return -errno;
	ret = -ENOENT;
	for (i = 0; fgets(line, sizeof(line), in); i++) {
		if (i != bar)
			continue;
		if (sscanf(line, "%llx %llx %llx", &from, &to, &flags) == 3) {
			*start = from;
			*len = to ? to - from + 1 : 0;
			ret = 0;
		}
		break;
	}
	fclose(in);
	return ret;
}

int pci_config_raw(const char *bdf, unsigned int off, void *buf, size_t n)
{
	char path[128];
	ssize_t got;
	int fd, ret = pci_path(path, sizeof(path), bdf, "config");

	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = pread(fd, buf, n, off);
	close(fd);
	return got == (ssize_t)n ? 0 : -EIO;
}

bool iomem_has(u64 base, u64 len, const char *name)
{
	unsigned long long from, to;
	bool found = false;
	char line[256];
	FILE *in = fopen("/proc/iomem", "re");

	if (!in)
		return false;
	while (!found && fgets(line, sizeof(line), in)) {
		if (sscanf(line, " %llx-%llx :", &from, &to) != 2)
			continue;
		found = from == base && to == base + len - 1 && strstr(line, name);
	}
	fclose(in);
	return found;
}
