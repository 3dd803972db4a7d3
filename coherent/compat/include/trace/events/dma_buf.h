/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dma-bufs have tracepoints from 7.0 on. Who looks for one by name on an older kernel
 * finds none.
 */
#ifndef COHERENT_COMPAT_TRACE_DMA_BUF_H
#define COHERENT_COMPAT_TRACE_DMA_BUF_H

struct dma_buf;

static inline void
check_trace_callback_type_dma_buf_export(void (*callback)(void *data,
							  struct dma_buf *dmabuf))
{
}

#endif
