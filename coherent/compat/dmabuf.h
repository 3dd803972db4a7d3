/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_DMABUF_H
#define COHERENT_COMPAT_DMABUF_H

#ifndef COMPAT_HAS_DMABUF_INVALIDATE	/* from 7.0 */
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif

#endif
