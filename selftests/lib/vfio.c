// SPDX-License-Identifier: GPL-2.0-only
/* A function opened through /dev/vfio/GROUP and a type1 container. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "coherent.h"

int neg(int ret)
{
	return ret < 0 ? -errno : ret;
}

struct vfio_region_info *fn_region_info(const struct fn *f, unsigned int index)
{
	struct vfio_region_info *info, *bigger;
	size_t size = sizeof(*info);

	info = calloc(1, size);
	while (info) {
		info->argsz = size;
		info->index = index;
		if (ioctl(f->device, VFIO_DEVICE_GET_REGION_INFO, info)) {
			free(info);
			return NULL;
		}
		if (info->argsz <= size)
			return info;
		size = info->argsz;
		bigger = realloc(info, size);
		if (!bigger)
			free(info);
		info = bigger;
		if (info)
			memset(info, 0, size);
	}
	return NULL;
}

struct vfio_info_cap_header *info_cap(struct vfio_region_info *info, u16 id)
{
	struct vfio_info_cap_header *h;
	u32 off = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	while (off) {
		h = (void *)((char *)info + off);
		if (h->id == id)
			return h;
		off = h->next;
	}
	return NULL;
}

static int fetch_regions(struct fn *f)
{
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info *info;
	unsigned int i;

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		memset(&f->region[i], 0, sizeof(f->region[i]));
		f->usable[i] = 0;
		info = fn_region_info(f, i);
		if (!info) {
			/* Only the VGA region may be absent altogether */
			if (i == VFIO_PCI_VGA_REGION_INDEX)
				continue;
			return -errno;
		}
		f->region[i] = *info;
		f->usable[i] = info->size;
		sparse = (void *)info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
		if (sparse && sparse->nr_areas == 1 && !sparse->areas[0].offset)
			f->usable[i] = sparse->areas[0].size;
		free(info);
	}
	return 0;
}

static int open_group(struct fn *f, const char *bdf)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[64];

	f->group_nr = pci_group(bdf);
	if (f->group_nr < 0)
		return f->group_nr;
	snprintf(path, sizeof(path), "/dev/vfio/%d", f->group_nr);
	f->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (f->container < 0)
		return -errno;
	f->group = open(path, O_RDWR | O_CLOEXEC);
	if (f->group < 0)
		return -errno;
	if (ioctl(f->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -ENOTUNIQ;
	if (ioctl(f->group, VFIO_GROUP_SET_CONTAINER, &f->container))
		return -errno;
	if (ioctl(f->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

int fn_device_fd(const struct fn *f, const char *bdf)
{
	return neg(ioctl(f->group, VFIO_GROUP_GET_DEVICE_FD, bdf));
}

int fn_begin(struct fn *f)
{
	int ret;

	f->info.argsz = sizeof(f->info);
	ret = neg(ioctl(f->device, VFIO_DEVICE_GET_INFO, &f->info));
	if (!ret)
		ret = fetch_regions(f);
	return ret ? ret : fn_memory_decode(f, true);
}

int fn_open(struct fn *f, const char *bdf)
{
	int ret;

	memset(f, 0, sizeof(*f));
	f->container = -1;
	f->group = -1;
	f->device = -1;

	ret = open_group(f, bdf);
	if (ret)
		goto err;
	ret = fn_device_fd(f, bdf);
	if (ret < 0)
		goto err;
	f->device = ret;
	ret = fn_begin(f);
	if (!ret)
		return 0;
err:
	fn_close(f);
	return ret;
}

void fn_close(struct fn *f)
{
	if (f->device >= 0)
		close(f->device);
	if (f->group >= 0)
		close(f->group);
	if (f->container >= 0)
		close(f->container);
	f->device = -1;
	f->group = -1;
	f->container = -1;
}

ssize_t rd(const struct fn *f, unsigned int index, void *buf, size_t n, u64 off)
{
	ssize_t ret = pread(f->device, buf, n, at(index, off));

	return ret < 0 ? -errno : ret;
}

ssize_t wr(const struct fn *f, unsigned int index, const void *buf, size_t n, u64 off)
{
	ssize_t ret = pwrite(f->device, buf, n, at(index, off));

	return ret < 0 ? -errno : ret;
}

int rd_all(const struct fn *f, unsigned int index, void *buf, size_t n, u64 off)
{
	ssize_t ret;

	for (; n; n -= ret, off += ret, buf = (char *)buf + ret) {
		ret = rd(f, index, buf, n, off);
		if (ret <= 0)
			return ret ? ret : -ENODATA;
	}
	return 0;
}

int wr_all(const struct fn *f, unsigned int index, const void *buf, size_t n, u64 off)
{
	ssize_t ret;

	for (; n; n -= ret, off += ret, buf = (const char *)buf + ret) {
		ret = wr(f, index, buf, n, off);
		if (ret <= 0)
			return ret ? ret : -ENODATA;
	}
	return 0;
}

u32 cfg_read(const struct fn *f, unsigned int off, unsigned int size)
{
	u32 val = 0;

	if (rd(f, VFIO_PCI_CONFIG_REGION_INDEX, &val, size, off) != size)
		return ~0U;
	return le32toh(val);
}

int cfg_write(const struct fn *f, unsigned int off, unsigned int size, u32 val)
{
	ssize_t ret;

	val = htole32(val);
	ret = wr(f, VFIO_PCI_CONFIG_REGION_INDEX, &val, size, off);
	if (ret < 0)
		return ret;
	return ret == size ? 0 : -EIO;
}

unsigned int cfg_find_cap(const struct fn *f, u8 id)
{
	unsigned int pos = cfg_read(f, PCI_CAPABILITY_LIST, 1);
	unsigned int limit = 48;	/* a list cannot be longer; a loop can */

	while (pos >= 0x40 && pos != 0xff && limit--) {
		if (cfg_read(f, pos, 1) == id)
			return pos;
		pos = cfg_read(f, pos + 1, 1);
	}
	return 0;
}

int fn_memory_decode(const struct fn *f, bool on)
{
	u32 cmd = cfg_read(f, PCI_COMMAND, 2);

	if (on)
		cmd |= PCI_COMMAND_MEMORY;
	else
		cmd &= ~PCI_COMMAND_MEMORY;
	return cfg_write(f, PCI_COMMAND, 2, cmd);
}

int fn_feature_set(const struct fn *f, u32 feature)
{
	struct vfio_device_feature req = {
		.argsz = sizeof(req),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return neg(ioctl(f->device, VFIO_DEVICE_FEATURE, &req));
}

int fn_dma_map(const struct fn *f, void *va, u64 len, u64 iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = len,
	};

	return neg(ioctl(f->container, VFIO_IOMMU_MAP_DMA, &map));
}

int fn_dma_unmap(const struct fn *f, u64 len, u64 iova)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	return neg(ioctl(f->container, VFIO_IOMMU_UNMAP_DMA, &unmap));
}

int fn_irq_eventfd(const struct fn *f, unsigned int index, int efd)
{
	struct {
		struct vfio_irq_set hdr;
		s32 fd;
	} req = {
		.hdr = {
			.argsz = sizeof(req),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = index,
			.count = 1,
		},
		.fd = efd,
	};

	return neg(ioctl(f->device, VFIO_DEVICE_SET_IRQS, &req));
}
