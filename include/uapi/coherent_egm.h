/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * What the character devices of coherent memory have beyond open and mmap. The ioctl is
 * NVIDIA's, as posted for /dev/egm<N>: [PATCH RFC v2] vfio/nvgrace-egm, February 2026.
 */
#ifndef _UAPI_COHERENT_EGM_H
#define _UAPI_COHERENT_EGM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EGM_TYPE	'E'

/**
 * struct egm_retired_pages_info - memory that must not be touched
 * @offset: bytes from the start of the device's memory; a multiple of the page size
 * @size: bytes; likewise
 */
struct egm_retired_pages_info {
	__aligned_u64 offset;
	__aligned_u64 size;
};

/**
 * struct egm_retired_pages_list - all of that memory
 * @argsz: in: bytes that the caller has for all of this. Out: bytes that all of it has
 * @count: out: how many follow; 0 where @argsz was too small for all
 * @retired_pages: by ascending offset, neither overlapping nor touching
 */
struct egm_retired_pages_list {
	__u32 argsz;
	__u32 count;
	struct egm_retired_pages_info retired_pages[];
};

/*
 * Poison that is on record: what firmware has listed, and errors since. 0, also where @argsz
 * was too small: try again with as many. -EINVAL for less than the first two members.
 */
#define EGM_RETIRED_PAGES_LIST	_IO(EGM_TYPE, 100)

#endif /* _UAPI_COHERENT_EGM_H */
