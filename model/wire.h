/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes over the socket: QEMU's docs/interop/vfio-user.rst, protocol
 * version 0.0. Everything is in the host's byte order. Numbers that the
 * protocol takes over from the VFIO ioctls come from <linux/vfio.h>; its
 * structures do not, because they have grown since and the wire has not.
 */
#ifndef COHERENT_MODEL_WIRE_H
#define COHERENT_MODEL_WIRE_H

#include <linux/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum wire_command {
	WIRE_VERSION		= 1,
	WIRE_DMA_MAP		= 2,
	WIRE_DMA_UNMAP		= 3,
	WIRE_GET_INFO		= 4,
	WIRE_GET_REGION_INFO	= 5,
	WIRE_GET_REGION_IO_FDS	= 6,
	WIRE_GET_IRQ_INFO	= 7,
	WIRE_SET_IRQS		= 8,
	WIRE_REGION_READ	= 9,
	WIRE_REGION_WRITE	= 10,
	WIRE_DMA_READ		= 11,
	WIRE_DMA_WRITE		= 12,
	WIRE_DEVICE_RESET	= 13,
	WIRE_REGION_WRITE_MULTI	= 15,
	WIRE_DEVICE_FEATURE	= 16,
	WIRE_MIG_DATA_READ	= 17,
	WIRE_MIG_DATA_WRITE	= 18,
};

#define WIRE_TYPE_MASK		0xfU
#define WIRE_TYPE_COMMAND	0x0U
#define WIRE_TYPE_REPLY		0x1U
#define WIRE_NO_REPLY		0x10U
#define WIRE_ERROR		0x20U

struct wire_header {
	__u16 id;
	__u16 command;
	__u32 size;		/* of the whole message, this header included */
	__u32 flags;
	__u32 error;
};

struct wire_version {
	__u16 major;
	__u16 minor;
	/* optional JSON text follows, with its NUL */
};

/* Access modes that need a file descriptor. */
#define WIRE_DMA_MODE_FD	0xcU

struct wire_dma_map {
	__u32 argsz;
	__u32 flags;
	__u64 offset;
	__u64 address;
	__u64 size;
};

struct wire_dma_unmap {
	__u32 argsz;
	__u32 flags;
	__u64 address;
	__u64 size;
};

struct wire_device_info {
	__u32 argsz;
	__u32 flags;
	__u32 num_regions;
	__u32 num_irqs;
};

struct wire_region_info {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 cap_offset;
	__u64 size;
	__u64 offset;
};

struct wire_irq_info {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 count;
};

struct wire_irq_set {
	__u32 argsz;
	__u32 flags;
	__u32 index;
	__u32 start;
	__u32 count;
	/* data follows */
};

/* Both the request and the reply of a read or a write start with this. */
struct wire_region_io {
	__u64 offset;
	__u32 region;
	__u32 count;
	/* data follows */
};

/* Request and reply of the function's own reads and writes start with this. */
struct wire_dma_io {
	__u64 address;
	__u64 count;
	/* data follows */
};

#define WIRE_MULTI_BYTES	8

struct wire_multi_write {
	__u64 offset;
	__u32 region;
	__u32 count;
	__u8 data[WIRE_MULTI_BYTES];
};

/* What either side may send in one read or write unless it says otherwise. */
#define WIRE_MAX_DATA		0x100000U
/* Room for the header and for the largest thing in front of the data. */
#define WIRE_MAX_MESSAGE	(WIRE_MAX_DATA + 64U)
/* File descriptors in one message: what this program says it can take. */
#define WIRE_MAX_FDS		8

#endif /* COHERENT_MODEL_WIRE_H */
