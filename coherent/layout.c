// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cut an aperture into regions and refuse what cannot be one.
 *
 * PURE: no kernel state, so that every size around every limit can be tried.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/types.h>

#include "coherent_layout.h"

static int refuse(struct coherent_layout *layout, int err, const char *why)
{
	layout->why = why;
	return err;
}

static bool is_multiple(u64 value, u64 power_of_two)
{
	return !(value & (power_of_two - 1));
}

/* The smallest power of two that holds @length, 0 if there is none in u64 */
static u64 bar_size_of(u64 length)
{
	if (length > 1ULL << 63)
		return 0;
	return length ? roundup_pow_of_two(length) : 0;
}

static void add_region(struct coherent_layout *layout, u8 bar,
		       enum coherent_memtype memtype, u64 base, u64 length)
{
	layout->regions[layout->nr_regions++] = (struct coherent_region) {
		.bar = bar,
		.memtype = memtype,
		.base = base,
		.length = length,
		.bar_size = bar_size_of(length),
	};
}

/**
 * coherent_layout_carve() - cut an aperture into a usable and a reserved part
 * @layout: filled in; @layout->why says why when it is refused
 * @base: host-physical address of the aperture
 * @size: its size in bytes, as firmware gives it
 * @policy: what to reserve at the end
 *
 * The usable part is cached and goes to BAR 4; what remains behind it, if the
 * policy reserves anything, goes to BAR 2.
 *
 * Context: any; takes no lock.
 * Return: 0; -ENOLINK for a size of 0, which is how firmware says that the
 * link to the memory is down; -EOVERFLOW when the aperture wraps; -ENOSPC when
 * nothing usable would be left; -EINVAL for a policy that makes no sense.
 */
int coherent_layout_carve(struct coherent_layout *layout, u64 base, u64 size,
			  const struct coherent_carve *policy)
{
	u64 usable, last;

	*layout = (struct coherent_layout) { .base = base, .size = size };

	if (!size)
		return refuse(layout, -ENOLINK,
			      "size is 0: the link to the memory is down");
	if (check_add_overflow(base, size - 1, &last))
		return refuse(layout, -EOVERFLOW,
			      "base + size wraps around the address space");
	if (policy->usable_align && !is_power_of_2(policy->usable_align))
		return refuse(layout, -EINVAL,
			      "alignment of the usable part is not a power of two");
	if (policy->reserved >= size)
		return refuse(layout, -ENOSPC,
			      "smaller than its reserved part");

	usable = size - policy->reserved;
	if (policy->usable_align)
		usable &= ~(policy->usable_align - 1);
	if (!usable)
		return refuse(layout, -ENOSPC,
			      "nothing usable is left in front of the reserved part");

	add_region(layout, COHERENT_USABLE_BAR, COHERENT_CACHED, base, usable);
	/*
	 * Rounding may leave bytes over even when nothing is reserved. They are
	 * in no region, because no policy says how to map them.
	 */
	if (policy->reserved)
		add_region(layout, COHERENT_RESERVED_BAR,
			   policy->reserved_memtype, base + usable,
			   size - usable);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(coherent_layout_carve, "COHERENT_VFIO_PCI");

static int check_region(struct coherent_layout *layout,
			struct coherent_region *region, u64 page_size)
{
	u64 end;

	if (region->bar != 0 && region->bar != 2 && region->bar != 4)
		return refuse(layout, -EINVAL, "region not on BAR 0, 2 or 4");
	if (!region->length)
		return refuse(layout, -EINVAL, "region of length 0");
	if (!is_multiple(region->base, page_size) ||
	    !is_multiple(region->length, page_size))
		return refuse(layout, -EINVAL,
			      "base or size is not a multiple of the page size");
	if (check_add_overflow(region->base, region->length, &end) ||
	    region->base < layout->base ||
	    end - layout->base > layout->size)
		return refuse(layout, -ERANGE, "region outside the aperture");

	region->bar_size = bar_size_of(region->length);
	if (!region->bar_size)
		return refuse(layout, -EOVERFLOW, "region larger than any BAR");
	return 0;
}

static bool regions_clash(const struct coherent_region *a,
			  const struct coherent_region *b)
{
	return a->bar == b->bar ||
	       (a->base < b->base + b->length && b->base < a->base + a->length);
}

/**
 * coherent_layout_check() - refuse a layout that must not be shown
 * @layout: what a backend's discovery filled in; BAR sizes are set here
 * @page_size: of the running kernel, a power of two
 * @last_addr: the last byte that a physical address can name
 *
 * Context: any; takes no lock.
 * Return: 0, or with @layout->why set: -EINVAL (unaligned, empty, clashing or
 * misplaced regions), -ERANGE (outside the aperture), -EOVERFLOW (wraps, lies
 * beyond @last_addr, or has a region of more than 2^63 bytes).
 */
int coherent_layout_check(struct coherent_layout *layout, u64 page_size,
			  u64 last_addr)
{
	unsigned int i, j;
	u64 last;
	int ret;

	if (!layout->size || !layout->nr_regions ||
	    layout->nr_regions > COHERENT_MAX_REGIONS)
		return refuse(layout, -EINVAL, "no region");
	if (check_add_overflow(layout->base, layout->size - 1, &last) ||
	    last == U64_MAX)
		return refuse(layout, -EOVERFLOW,
			      "base + size wraps around the address space");
	if (last > last_addr)
		return refuse(layout, -EOVERFLOW,
			      "beyond the last physical address");
	if (!is_multiple(layout->base, page_size) ||
	    !is_multiple(layout->size, page_size))
		return refuse(layout, -EINVAL,
			      "base or size is not a multiple of the page size");

	for (i = 0; i < layout->nr_regions; i++) {
		ret = check_region(layout, &layout->regions[i], page_size);
		if (ret)
			return ret;
		for (j = 0; j < i; j++)
			if (regions_clash(&layout->regions[i],
					  &layout->regions[j]))
				return refuse(layout, -EINVAL,
					      "two regions overlap or share a BAR");
	}
	return 0;
}

/**
 * coherent_layout_check_bars() - refuse BARs that VFIO cannot address
 * @layout: that coherent_layout_check() has let pass
 *
 * Context: any; takes no lock.
 * Return: 0; -EOVERFLOW, with @layout->why set.
 */
int coherent_layout_check_bars(struct coherent_layout *layout)
{
	for (unsigned int i = 0; i < layout->nr_regions; i++)
		if (layout->regions[i].bar_size > COHERENT_MAX_BAR_SIZE)
			return refuse(layout, -EOVERFLOW,
				      "BAR larger than the 1 TiB that VFIO can address");
	return 0;
}
