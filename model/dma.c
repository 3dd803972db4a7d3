// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: between a buffer in BAR 0 and an address that the function is told. Its
 * reads and writes are the client's to do, who has the IOMMU: what that does not
 * map is an error.
 *
 * The register that starts it is written by a message that is answered first, so
 * whoever wrote polls for the end.
 */
#include <errno.h>
#include <string.h>

#include "model.h"
#include "wire.h"

void dma_start(struct dma *dma, __u32 command)
{
	if (dma->status == DMA_BUSY)
		return;
	if ((command != DMA_READ && command != DMA_WRITE) || !dma->length ||
	    dma->length > DMA_ROOM) {
		dma->status = EINVAL;
		return;
	}
	dma->command = command;
	dma->status = DMA_BUSY;
}

size_t dma_request(struct dma *dma, const struct bar *bar, __u16 *command,
		   void *payload)
{
	struct wire_dma_io io = { dma->iova, dma->length };
	size_t length = sizeof(io);

	if (!dma->command)
		return 0;
	if (bar->size < DMA_BUFFER + DMA_ROOM) {
		dma->command = 0;
		dma->status = ENXIO;
		return 0;
	}
	memcpy(payload, &io, sizeof(io));
	*command = WIRE_DMA_READ;
	if (dma->command == DMA_WRITE) {
		*command = WIRE_DMA_WRITE;
		memcpy((__u8 *)payload + length, bar->memory + DMA_BUFFER,
		       dma->length);
		length += dma->length;
	}
	dma->asked = dma->command;
	dma->command = 0;
	return length;
}

void dma_answer(struct dma *dma, const struct bar *bar, int error,
		const void *payload, size_t length)
{
	if (dma->status != DMA_BUSY || dma->command)
		return;
	if (!error && dma->asked == DMA_READ) {
		if (length >= sizeof(struct wire_dma_io) + dma->length)
			memcpy(bar->memory + DMA_BUFFER,
			       (const struct wire_dma_io *)payload + 1,
			       dma->length);
		else
			error = EPROTO;
	}
	dma->status = error;
}
