// SPDX-License-Identifier: GPL-2.0-only
/* A function opened through /dev/vfio/devices/vfioN and iommufd. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "coherent.h"

int fn_cdev_fd(const char *bdf)
{
	char path[300];
	struct dirent *d;
	int fd = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (fd < 0 && (d = readdir(dir))) {
		if (strncmp(d->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", d->d_name);
		fd = neg(open(path, O_RDWR | O_CLOEXEC));
	}
	closedir(dir);
	return fd;
}

int fn_open_cdev(struct fn *f, const char *bdf)
{
	struct vfio_device_bind_iommufd req = { .argsz = sizeof(req) };
	int ret;

	*f = (struct fn){ .container = -1, .group = -1, .device = -1 };
	ret = fn_cdev_fd(bdf);
	if (ret < 0)
		return ret;
	f->device = ret;
	ret = neg(open("/dev/iommu", O_RDWR | O_CLOEXEC));
	if (ret >= 0) {
		f->container = ret;
		req.iommufd = ret;
		ret = neg(ioctl(f->device, VFIO_DEVICE_BIND_IOMMUFD, &req));
	}
	if (!ret)
		ret = fn_begin(f);
	if (ret)
		fn_close(f);
	return ret;
}

int fn_ioas_attach(const struct fn *f, u32 *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_attach_iommufd_pt attach = { .argsz = sizeof(attach) };
	int ret;

	ret = neg(ioctl(f->container, IOMMU_IOAS_ALLOC, &alloc));
	if (ret)
		return ret;
	*ioas = alloc.out_ioas_id;
	attach.pt_id = *ioas;
	return neg(ioctl(f->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach));
}

int fn_ioas_detach(const struct fn *f)
{
	struct vfio_device_detach_iommufd_pt detach = { .argsz = sizeof(detach) };

	return neg(ioctl(f->device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach));
}

int fn_ioas_map(const struct fn *f, u32 ioas, void *va, u64 len, u64 iova)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)va,
		.length = len,
		.iova = iova,
	};

	return neg(ioctl(f->container, IOMMU_IOAS_MAP, &map));
}

int fn_ioas_unmap(const struct fn *f, u32 ioas, u64 len, u64 iova)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = len,
	};

	if (ioctl(f->container, IOMMU_IOAS_UNMAP, &unmap))
		return -errno;
	return unmap.length == len ? 0 : -EIO;
}
