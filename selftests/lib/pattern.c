// SPDX-License-Identifier: GPL-2.0-only
/* Bytes that tell where they belong, and a small random generator. */
#include <string.h>

#include "coherent.h"

static u64 mix(u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return x;
}

static u8 byte_at(u64 pos, u64 seed)
{
	return mix((pos >> 3) + seed * 0x9e3779b97f4a7c15ULL) >> (8 * (pos & 7));
}

void pattern_fill(void *buf, size_t n, u64 pos, u64 seed)
{
	u8 *p = buf;
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = byte_at(pos + i, seed);
}

ssize_t pattern_check(const void *buf, size_t n, u64 pos, u64 seed)
{
	const u8 *p = buf;
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != byte_at(pos + i, seed))
			return i;
	return -1;
}

ssize_t first_not(const void *buf, size_t n, u8 byte)
{
	const u8 *p = buf;
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != byte)
			return i;
	return -1;
}

u64 rng_next(struct rng *r)
{
	r->s += 0x9e3779b97f4a7c15ULL;
	return mix(r->s);
}
