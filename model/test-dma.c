// SPDX-License-Identifier: GPL-2.0-only
/* DMA of the function: here the client is the one who is asked. */
#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#include "client.h"
#include "model.h"

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define IOVA	0x1234567890ULL
#define LENGTH	100U

static void set_up(struct client *cl, __u32 length)
{
	client_put(cl, BAR0, TEST_DMA_IOVA_LOW, (__u32)IOVA);
	client_put(cl, BAR0, TEST_DMA_IOVA_HIGH, IOVA >> 32);
	client_put(cl, BAR0, TEST_DMA_LENGTH, length);
}

/* The write that starts it is answered, then comes what is asked of us */
static bool asked(struct client *cl, __u32 what, __u16 command)
{
	struct wire_dma_io io = { 0 };

	client_put(cl, BAR0, TEST_DMA, what);
	if (client_receive(cl) != 1 || cl->reply.header.command != command ||
	    cl->reply.header.flags || cl->reply.length < sizeof(io))
		return false;
	memcpy(&io, cl->reply.payload, sizeof(io));
	return io.address == IOVA && io.count == LENGTH;
}

static void answer(struct client *cl, const struct wire_header *to, __u32 error,
		   const void *data, size_t length)
{
	struct wire_dma_io io = { IOVA, LENGTH };
	__u8 *payload = channel_payload(&cl->chan);
	struct wire_header header = *to;

	header.flags = WIRE_TYPE_REPLY | (error ? WIRE_ERROR : 0);
	header.error = error;
	memcpy(payload, &io, sizeof(io));
	if (length)
		memcpy(payload + sizeof(io), data, length);
	length += sizeof(io);
	header.size = sizeof(header) + length;
	CHECK(!channel_send(&cl->chan, &header, length, -1));
}

static void reads_and_writes(struct client *cl)
{
	__u8 data[LENGTH], back[LENGTH];
	struct wire_header header;
	unsigned int i;

	for (i = 0; i < LENGTH; i++)
		data[i] = i * 7 + 1;
	CHECK(asked(cl, DMA_READ, WIRE_DMA_READ));
	header = cl->reply.header;
	/* Others are answered meanwhile */
	CHECK(client_get(cl, BAR0, TEST_DMA) == DMA_BUSY);
	answer(cl, &header, 0, data, LENGTH);
	CHECK(client_get(cl, BAR0, TEST_DMA) == 0);
	CHECK(!client_read(cl, BAR0, DMA_BUFFER, back, LENGTH));
	CHECK(!memcmp(data, back, LENGTH));

	CHECK(asked(cl, DMA_WRITE, WIRE_DMA_WRITE));
	CHECK(cl->reply.length == sizeof(struct wire_dma_io) + LENGTH &&
	      !memcmp((const struct wire_dma_io *)cl->reply.payload + 1, data,
		      LENGTH));
	header = cl->reply.header;
	answer(cl, &header, 0, NULL, 0);
	CHECK(client_get(cl, BAR0, TEST_DMA) == 0);
}

static void errors(struct client *cl)
{
	struct wire_header header;
	__u8 data[LENGTH] = { 0 };

	CHECK(asked(cl, DMA_READ, WIRE_DMA_READ));
	header = cl->reply.header;
	answer(cl, &header, EINVAL, NULL, 0);
	CHECK(client_get(cl, BAR0, TEST_DMA) == EINVAL);

	/* Less than was asked for; then a reply to nothing */
	CHECK(asked(cl, DMA_READ, WIRE_DMA_READ));
	header = cl->reply.header;
	answer(cl, &header, 0, data, LENGTH - 1);
	CHECK(client_get(cl, BAR0, TEST_DMA) == EPROTO);
	answer(cl, &header, 0, data, LENGTH);
	CHECK(client_get(cl, BAR0, TEST_DMA) == EPROTO);

	/* A reset ends it, and what comes late is nobody's */
	CHECK(asked(cl, DMA_READ, WIRE_DMA_READ));
	header = cl->reply.header;
	CHECK(!client_call(cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(client_get(cl, BAR0, TEST_DMA) == 0);
	answer(cl, &header, EINVAL, NULL, 0);
	CHECK(client_get(cl, BAR0, TEST_DMA) == 0);
}

void test_dma(void)
{
	struct client cl;

	client_start(&cl, "--model=plain", NULL);
	set_up(&cl, LENGTH);
	reads_and_writes(&cl);
	errors(&cl);

	set_up(&cl, DMA_ROOM + 1);
	client_put(&cl, BAR0, TEST_DMA, DMA_READ);
	CHECK(client_get(&cl, BAR0, TEST_DMA) == EINVAL);
	set_up(&cl, LENGTH);
	client_put(&cl, BAR0, TEST_DMA, 3);
	CHECK(client_get(&cl, BAR0, TEST_DMA) == EINVAL);
	CHECK(client_finish(&cl));

	/* No room for the buffer */
	client_start(&cl, "--model=plain", "--bar0=8K", NULL);
	set_up(&cl, LENGTH);
	client_put(&cl, BAR0, TEST_DMA, DMA_READ);
	CHECK(client_get(&cl, BAR0, TEST_DMA) == ENXIO);
	CHECK(client_finish(&cl));
}
