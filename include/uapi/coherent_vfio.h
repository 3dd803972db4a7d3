/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What functions with coherent memory have beyond linux/vfio.h.
 *
 * A device region lists the poisoned memory; every user of the device can read it. Find it
 * like any device region: among those from VFIO_PCI_NUM_REGIONS on, the one whose
 * VFIO_REGION_INFO_CAP_TYPE has the type and subtype below. It can be neither mapped nor
 * written.
 *
 * It begins with struct coherent_vfio_poison_header. nr_ranges times struct
 * coherent_vfio_poison_range follow at header_size, range_size bytes apart: one region
 * after the other, each by ascending offset, neither overlapping nor touching. The rest
 * reads as 0. A list that changes while you read it in pieces is not consistent: read the
 * header again at the end, and read everything again if its sequence has changed.
 *
 * The interrupt irq_index signals an eventfd (VFIO_DEVICE_SET_IRQS, with
 * VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, start 0, count 1; -1 for none)
 * whenever the list has changed, once for many changes.
 */
#ifndef _UAPI_COHERENT_VFIO_H
#define _UAPI_COHERENT_VFIO_H

#include <linux/types.h>
#include <linux/vfio.h>

/* No vendor of PCI's has that number */
#define COHERENT_VFIO_REGION_TYPE	\
	((__u32)VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0xffff)
#define COHERENT_VFIO_REGION_SUBTYPE_POISON	1

/**
 * struct coherent_vfio_poison_header - the beginning of the list
 * @header_size: bytes of this struct; more in later versions
 * @range_size: bytes from one range to the next; likewise
 * @irq_index: the interrupt that tells of changes
 * @flags: 0
 * @sequence: another one after each change
 * @nr_ranges: how many follow
 */
struct coherent_vfio_poison_header {
	__u32 header_size;
	__u32 range_size;
	__u32 irq_index;
	__u32 flags;
	__u64 sequence;
	__u64 nr_ranges;
};

/**
 * struct coherent_vfio_poison_range - memory that is poisoned
 * @region: index of the VFIO region that shows it
 * @reserved: 0
 * @offset: bytes from the start of the region; a multiple of the host's page size
 * @length: bytes; likewise
 */
struct coherent_vfio_poison_range {
	__u32 region;
	__u32 reserved;
	__u64 offset;
	__u64 length;
};

#endif /* _UAPI_COHERENT_VFIO_H */
