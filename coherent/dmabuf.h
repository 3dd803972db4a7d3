/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dma-bufs of an aperture (dmabuf.c), for the face that exports them.
 */
#ifndef COHERENT_DMABUF_H
#define COHERENT_DMABUF_H

#include <linux/list.h>
#include <linux/types.h>

struct coherent_aperture;
struct dma_buf;

/**
 * struct coherent_dmabuf - a dma-buf of the device's memory
 * @node: in coherent_dmabufs.list
 * @dmabuf: NULL until it is there; set once, without a lock
 * @in_the_making: whoever exports it has not ended yet
 * @missed: something was revoked before it was there
 * @nr_ranges: elements of @ranges
 * @ranges: its pages
 * @ranges.first: first PFN
 * @ranges.last: last PFN
 *
 * @in_the_making and @missed are protected by coherent_dmabufs.lock.
 */
struct coherent_dmabuf {
	struct list_head node;
	struct dma_buf *dmabuf;
	bool in_the_making;
	bool missed;
	size_t nr_ranges;
	struct {
		unsigned long first;
		unsigned long last;
	} ranges[] __counted_by(nr_ranges);
};

void coherent_dmabufs_prune(struct coherent_aperture *ap);
void coherent_dmabufs_forget(struct coherent_aperture *ap);
struct coherent_dmabuf *coherent_dmabuf_alloc(size_t nr);
void coherent_dmabuf_begin(struct coherent_aperture *ap,
			   struct coherent_dmabuf *buf);
void coherent_dmabuf_exported(struct coherent_dmabuf *buf,
			      struct dma_buf *dmabuf);
void coherent_dmabuf_end(struct coherent_aperture *ap,
			 struct coherent_dmabuf *buf);
bool coherent_dmabuf_range_is_poisoned(const struct coherent_aperture *ap,
				       unsigned long first, unsigned long last);
bool coherent_dmabuf_is_poisoned(const struct coherent_aperture *ap,
				 const struct coherent_dmabuf *buf);

#endif /* COHERENT_DMABUF_H */
