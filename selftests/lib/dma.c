// SPDX-License-Identifier: GPL-2.0-only
/* See dma.h. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "model.h"

#define DMA_LIMIT_MS	20000

int dmabuf_export_ranges(const struct fn *f, unsigned int index,
			 const struct vfio_region_dma_range *ranges, u32 nr)
{
	size_t room = nr * sizeof(*ranges);
	struct vfio_device_feature_dma_buf *buf;
	struct vfio_device_feature *feature;
	size_t size = sizeof(*feature) + sizeof(*buf) + room;
	int ret;

	feature = calloc(1, size);
	if (!feature)
		return -ENOMEM;
	feature->argsz = size;
	feature->flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF;
	buf = (void *)feature->data;
	buf->region_index = index;
	buf->open_flags = O_RDWR | O_CLOEXEC;
	buf->nr_ranges = nr;
	memcpy(buf->dma_ranges, ranges, room);
	ret = neg(ioctl(f->device, VFIO_DEVICE_FEATURE, feature));
	free(feature);
	return ret;
}

int dmabuf_export(const struct fn *f, unsigned int index, u64 off, u64 len)
{
	struct vfio_region_dma_range range = { off, len };

	return dmabuf_export_ranges(f, index, &range, 1);
}

int dmabuf_exported(const struct fn *f, unsigned int index, u64 off, u64 len)
{
	int fd = dmabuf_export(f, index, off, len);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int dmabuf_probe(const struct fn *f)
{
	struct vfio_device_feature feature = {
		.argsz = sizeof(feature),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			 VFIO_DEVICE_FEATURE_DMA_BUF,
	};

	return neg(ioctl(f->device, VFIO_DEVICE_FEATURE, &feature));
}

bool dmabuf_in_kernel(const struct fn *f)
{
	return dmabuf_probe(f) != -ENOTTY;
}

int ioas_map_file(const struct fn *f, u32 ioas, int fd, u64 start, u64 len, u64 iova)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = fd,
		.start = start,
		.length = len,
		.iova = iova,
	};

	return neg(ioctl(f->container, IOMMU_IOAS_MAP_FILE, &map));
}

static int join(struct peer *p, const struct fn *f)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = f->container,
	};
	int ret;

	p->fn.container = fcntl(f->container, F_DUPFD_CLOEXEC, 0);
	if (p->fn.container < 0)
		return -errno;
	ret = neg(ioctl(p->fn.device, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	if (!ret)
		ret = fn_begin(&p->fn);
	if (!ret)
		ret = fn_ioas_attach(&p->fn, &p->ioas);
	if (!ret)
		ret = cfg_write(&p->fn, PCI_COMMAND, 2,
				cfg_read(&p->fn, PCI_COMMAND, 2) | PCI_COMMAND_MASTER);
	return ret;
}

int peer_open(struct peer *p, const struct fn *f)
{
	const char *bdf = getenv("COHERENT_PEER");
	int ret;

	p->fn = (struct fn){ .container = -1, .group = -1, .device = -1 };
	if (!bdf || !*bdf)
		return -ENODEV;
	ret = fn_cdev_fd(bdf);
	if (ret < 0)
		return ret;
	p->fn.device = ret;
	ret = join(p, f);
	if (ret)
		peer_close(p);
	return ret;
}

void peer_close(struct peer *p)
{
	fn_close(&p->fn);
}

static bool is_done(void *arg)
{
	return block_read(arg, TEST_DMA) != DMA_BUSY;
}

static int dma(const struct peer *p, u64 iova, u32 len, u32 command)
{
	int ret;

	ret = block_write(&p->fn, TEST_DMA_IOVA_LOW, (u32)iova);
	if (!ret)
		ret = block_write(&p->fn, TEST_DMA_IOVA_HIGH, iova >> 32);
	if (!ret)
		ret = block_write(&p->fn, TEST_DMA_LENGTH, len);
	if (!ret)
		ret = block_write(&p->fn, TEST_DMA, command);
	if (ret)
		return ret;
	if (!wait_for(is_done, (void *)&p->fn, DMA_LIMIT_MS))
		return -ETIME;
	return -(int)block_read(&p->fn, TEST_DMA);
}

int peer_read(const struct peer *p, u64 iova, void *buf, u32 len)
{
	int ret = dma(p, iova, len, DMA_READ);

	return ret ?: rd_all(&p->fn, VFIO_PCI_BAR0_REGION_INDEX, buf, len, DMA_BUFFER);
}

int peer_write(const struct peer *p, u64 iova, const void *buf, u32 len)
{
	int ret = wr_all(&p->fn, VFIO_PCI_BAR0_REGION_INDEX, buf, len, DMA_BUFFER);

	return ret ?: dma(p, iova, len, DMA_WRITE);
}
