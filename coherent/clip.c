// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split a file access into device bytes, the ~0 tail and what is past the end.
 *
 * PURE: no kernel state.
 */
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/types.h>

#include "coherent_layout.h"

/**
 * coherent_clip() - what an access of a region falls on
 * @region: the region
 * @pos: offset in the BAR
 * @count: bytes asked for
 * @clip: filled in; its sum is how many bytes the access moves
 *
 * Return: 0, or -EINVAL for an offset at or past the BAR size.
 */
int coherent_clip(const struct coherent_region *region, u64 pos, u64 count,
		  struct coherent_clip *clip)
{
	if (pos >= region->bar_size)
		return -EINVAL;

	count = min(count, region->bar_size - pos);
	clip->device = pos < region->length ?
		       min(count, region->length - pos) : 0;
	clip->tail = count - clip->device;
	return 0;
}
