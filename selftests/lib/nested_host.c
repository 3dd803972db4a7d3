// SPDX-License-Identifier: GPL-2.0-only
/* What the host finds in the function when a machine in the machine has given it back. */
#include <stdio.h>
#include <string.h>

#include "nested_guest.h"
#include "words.h"

static bool host_region(const struct fn *f, unsigned int index, const struct expect_region *r,
			u64 seed)
{
	static u8 buf[MiB];
	u64 at, n, o, is;

	for (at = 0; r->present && at < r->len; at += n) {
		n = r->len - at < sizeof(buf) ? r->len - at : sizeof(buf);
		if (rd_all(f, index, buf, n, at))
			return false;
		for (o = 0; o < n; o += step_of(r, at + o)) {
			memcpy(&is, buf + o, sizeof(is));
			if (is == word_at(seed, at + o))
				continue;
			snprintf(said, sizeof(said), "region %u at %#llx: %#llx", index,
				 (unsigned long long)(at + o), (unsigned long long)is);
			return false;
		}
	}
	return true;
}

bool nested_host_finds(const struct expect *e, u64 seed)
{
	struct fn f;
	bool good;
	int ret;

	said[0] = '\0';
	ret = fn_open(&f, e->bdf);
	if (ret) {
		snprintf(said, sizeof(said), "opening the function: %s", strerror(-ret));
		return false;
	}
	good = host_region(&f, USEMEM, &e->use, seed) && host_region(&f, RESMEM, &e->res, seed + 1);
	fn_close(&f);
	return good;
}
