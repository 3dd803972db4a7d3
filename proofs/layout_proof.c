// SPDX-License-Identifier: GPL-2.0-only
/* layout.c: what is accepted is disjoint, aligned, inside and no larger than it must be */
#include "proof.h"
#include "layout.c"

/* Powers of two, as small as can be */
static bool right_bar_size(u64 bar_size, u64 length)
{
	return power_of_two(bar_size) && bar_size >= length &&
	       bar_size / 2 < length;
}

void proof_bar_size(void)
{
	u64 length = any_u64(), bar_size = bar_size_of(length);

	if (length && length <= 1ULL << 63)
		claim(right_bar_size(bar_size, length));
	else
		claim(!bar_size);
	proof_end();
}

static int refusal(u64 base, u64 size, const struct coherent_carve *policy)
{
	u64 align = policy->usable_align, usable;

	if (!size)
		return -ENOLINK;
	if ((u128)base + size > (u128)1 << 64)
		return -EOVERFLOW;
	if (align && !power_of_two(align))
		return -EINVAL;
	if (size <= policy->reserved)
		return -ENOSPC;
	usable = size - policy->reserved;
	return align > usable ? -ENOSPC : 0;
}

void proof_carve(void)
{
	u64 base = any_u64(), size = any_u64(), align, left;
	const struct coherent_carve policy = {
		.reserved = any_u64(),
		.reserved_memtype = COHERENT_WC,
		.usable_align = any_u64(),
	};
	struct coherent_layout layout;
	const struct coherent_region *usable = &layout.regions[0];
	const struct coherent_region *reserved = &layout.regions[1];
	int ret;

	ret = coherent_layout_carve(&layout, base, size, &policy);

	claim(ret == refusal(base, size, &policy));
	claim(layout.base == base && layout.size == size);
	claim(!ret == !layout.why);
	if (ret) {
		claim(!layout.nr_regions);
		return;
	}

	claim(layout.nr_regions == (policy.reserved ? 2 : 1));
	align = policy.usable_align ?: 1;
	claim(usable->bar == 4 && usable->memtype == COHERENT_CACHED);
	claim(usable->base == base);
	claim(!(usable->length & (align - 1)));
	claim(usable->length && usable->length <= size);
	claim(usable->length > 1ULL << 63 ? !usable->bar_size :
	      right_bar_size(usable->bar_size, usable->length));

	/* No more is taken from the usable part than rounding takes */
	left = size - usable->length;
	claim(left >= policy.reserved && left - policy.reserved < align);
	if (policy.reserved) {
		claim(reserved->bar == 2 && reserved->memtype == COHERENT_WC);
		claim(reserved->base - usable->base == usable->length);
		claim(reserved->length == left);
		claim(left > 1ULL << 63 ? !reserved->bar_size :
		      right_bar_size(reserved->bar_size, left));
	}
	proof_end();
}

/* What a layout that may be shown is, in the dullest words */
static bool good_region(const struct coherent_layout *layout,
			const struct coherent_region *region, u64 page_mask)
{
	u128 end = (u128)region->base + region->length;

	return (region->bar == 0 || region->bar == 2 || region->bar == 4) &&
	       region->length && region->length <= 1ULL << 63 &&
	       !(region->base & page_mask) && !(region->length & page_mask) &&
	       region->base >= layout->base &&
	       end <= (u128)layout->base + layout->size;
}

static bool apart(const struct coherent_region *a,
		  const struct coherent_region *b)
{
	return a->bar != b->bar &&
	       ((u128)a->base + a->length <= b->base ||
		(u128)b->base + b->length <= a->base);
}

static bool good_layout(const struct coherent_layout *layout, u64 page_mask,
			u64 last_addr)
{
	unsigned int i, j;

	if (!layout->size || !layout->nr_regions || layout->nr_regions > 3 ||
	    (layout->base & page_mask) || (layout->size & page_mask) ||
	    (u128)layout->base + layout->size > (u128)last_addr + 1 ||
	    (u128)layout->base + layout->size > U64_MAX)
		return false;
	for (i = 0; i < 3; i++) {
		if (i >= layout->nr_regions)
			break;
		if (!good_region(layout, &layout->regions[i], page_mask))
			return false;
		for (j = 0; j < i; j++)
			if (!apart(&layout->regions[i], &layout->regions[j]))
				return false;
	}
	return true;
}

static struct coherent_layout any_layout(void)
{
	struct coherent_layout layout = {
		.base = any_u64(), .size = any_u64(), .nr_regions = any_uint(),
	};
	unsigned int i;

	for (i = 0; i < 3; i++)
		layout.regions[i] = (struct coherent_region) {
			.bar = any_u8(), .base = any_u64(), .length = any_u64(),
			.bar_size = any_u64(),
		};
	return layout;
}

/* Accepted is what is good, all of it and nothing else */
void proof_check(void)
{
	struct coherent_layout layout = any_layout();
	const struct coherent_layout before = layout;
	u64 page_size = any_power_of_two(), last_addr = any_u64();
	unsigned int i = any_uint();
	int ret;

	ret = coherent_layout_check(&layout, page_size, last_addr);

	claim(!ret == good_layout(&before, page_size - 1, last_addr));
	claim(!ret == !layout.why);
	assume(i < 3);
	claim(layout.base == before.base && layout.size == before.size &&
	      layout.nr_regions == before.nr_regions &&
	      layout.regions[i].bar == before.regions[i].bar &&
	      layout.regions[i].base == before.regions[i].base &&
	      layout.regions[i].length == before.regions[i].length);
	if (!ret && i < layout.nr_regions)
		claim(right_bar_size(layout.regions[i].bar_size,
				     layout.regions[i].length));
	proof_end();
}

/* Of those, what VFIO can address */
void proof_check_bars(void)
{
	struct coherent_layout layout = any_layout();
	const struct coherent_layout before = layout;
	bool good = true;
	unsigned int i;
	int ret;

	assume(!coherent_layout_check(&layout, any_power_of_two(), any_u64()));
	ret = coherent_layout_check_bars(&layout);
	for (i = 0; i < 3; i++)
		good = good && (i >= before.nr_regions || before.regions[i].length <= 1ULL << 40);
	claim(!ret == good);
	claim(!ret == !layout.why);
	proof_end();
}

/* What carving makes of whole pages passes the checks, but for their limits */
void proof_carve_passes_check(void)
{
	u64 base = any_u64(), size = any_u64(), page_size = any_power_of_two();
	const struct coherent_carve policy = {
		.reserved = any_u64(),
		.reserved_memtype = COHERENT_WC,
		.usable_align = any_u64(),
	};
	struct coherent_layout layout;

	assume(!(base & (page_size - 1)) && !(size & (page_size - 1)));
	assume(!(policy.reserved & (page_size - 1)));
	assume(!policy.usable_align || policy.usable_align >= page_size);
	assume(size <= 1ULL << 63);
	assume((u128)base + size <= U64_MAX);
	assume(!coherent_layout_carve(&layout, base, size, &policy));

	claim(!coherent_layout_check(&layout, page_size, U64_MAX));
	claim(size > COHERENT_MAX_BAR_SIZE || !coherent_layout_check_bars(&layout));
	proof_end();
}
