// SPDX-License-Identifier: GPL-2.0-only
/* clip.c: an access is split into pieces that add up and stay in bounds */
#include "proof.h"
#include "clip.c"

void proof_clip(void)
{
	struct coherent_region region = {
		.length = any_u64(), .bar_size = any_u64(),
	};
	const struct coherent_region before = region;
	u64 pos = any_u64(), count = any_u64();
	struct coherent_clip clip;
	u128 end, moved;
	int ret;

	assume(region.length <= region.bar_size);

	ret = coherent_clip(&region, pos, count, &clip);

	claim(region.length == before.length && region.bar_size == before.bar_size);
	claim(ret == (pos < region.bar_size ? 0 : -EINVAL));
	if (ret)
		return;

	/* Neither more than was asked for, nor past the end of the BAR */
	moved = (u128)clip.device + clip.tail;
	end = (u128)pos + moved;
	claim(moved <= count);
	claim(end <= region.bar_size);
	/* Short only where the BAR ends */
	claim(moved == count || end == region.bar_size);
	/* Device bytes are backed, and the tail begins where backing ends */
	claim(!clip.device || (u128)pos + clip.device <= region.length);
	claim(!clip.tail || (u128)pos + clip.device >= region.length);
	proof_end();
}
