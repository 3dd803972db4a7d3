/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the function under test for the DMA of another one, its peer: exported as
 * dma-buf, imported by iommufd, and read and written by the peer itself.
 */
#ifndef COHERENT_DMA_H
#define COHERENT_DMA_H

#include "coherent.h"

/* The file descriptor of a dma-buf, or -errno */
int dmabuf_export(const struct fn *f, unsigned int index, u64 off, u64 len);
int dmabuf_export_ranges(const struct fn *f, unsigned int index,
			 const struct vfio_region_dma_range *ranges, u32 nr);
/* Can it be exported? 0, or -errno; nothing is kept */
int dmabuf_exported(const struct fn *f, unsigned int index, u64 off, u64 len);
/* Is there such a feature? 0, or -errno */
int dmabuf_probe(const struct fn *f);
/* Does the kernel have it, whatever the driver says? */
bool dmabuf_in_kernel(const struct fn *f);

/* Of IOMMU_IOAS_MAP_FILE: all of @fd from @start on */
int ioas_map_file(const struct fn *f, u32 ioas, int fd, u64 start, u64 len, u64 iova);

/* A device model (model.h) in an address space of the iommufd of @f */
struct peer {
	struct fn fn;
	u32 ioas;
};

/* The function that COHERENT_PEER names, with bus mastering; or -errno */
int peer_open(struct peer *p, const struct fn *f);
void peer_close(struct peer *p);
/* At most DMA_ROOM bytes; 0, or -errno as the IOMMU has it */
int peer_read(const struct peer *p, u64 iova, void *buf, u32 len);
int peer_write(const struct peer *p, u64 iova, const void *buf, u32 len);

#endif
