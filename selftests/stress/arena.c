// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena: some blocks of each region and its last pages.
 *
 * Every CHUNK pages have another worker who alone writes them, and so knows each
 * byte. Half of each word tells where it belongs, whoever wrote it last: so
 * others can tell as well that they were not shown a wrong page.
 */
#include <errno.h>
#include <string.h>

#include "stress.h"

static void add(struct arena *a, const struct expect_region *r, unsigned int index, u64 off,
		u32 pages)
{
	struct window *w = &a->win[a->windows++];

	*w = (struct window){
		.index = index, .off = off, .pages = pages, .first = a->pages,
		.last = off + pages * a->page == r->len,
	};
	a->pages += pages;
}

static void add_region(struct arena *a, const struct expect_region *r, unsigned int index)
{
	const u32 end = 4 * CHUNK;
	u64 block = first_block(r, a->pmd), room = r->len - end * a->page;
	u64 blocks = a->page > 4096 ? 1 : 2;

	while (blocks && block + blocks * a->pmd > room)
		blocks--;
	if (blocks)
		add(a, r, index, block, blocks * a->pmd / a->page);
	else
		add(a, r, index, 0, 8 * CHUNK);
	add(a, r, index, room, end);
}

int arena_init(struct arena *a, const struct expect *e, u64 seed)
{
	memset(a, 0, sizeof(*a));
	a->page = page_size();
	a->pmd = pmd_size();
	a->seed = seed;
	a->res_off = e->use.len;
	add_region(a, &e->use, USEMEM);
	if (e->res.present)
		add_region(a, &e->res, RESMEM);
	return a->pages > MAX_PAGES ? -E2BIG : 0;
}

unsigned int arena_owner(const struct arena *a, u32 page)
{
	(void)a;
	return page / CHUNK % WORKERS;
}

u64 arena_word(const struct arena *a, u32 page, u32 off, u32 version)
{
	struct rng r = { .s = a->seed ^ (u64)page << 32 ^ off / 8 };

	return rng_next(&r) << 32 | version;
}

/* @off may lie pages behind @page */
void arena_bytes(const struct arena *a, u32 page, u64 off, u8 *buf, size_t n, u32 version)
{
	u64 word = 0;

	for (size_t i = 0; i < n; i++) {
		u64 o = off + i;

		if (!i || !(o & 7))
			word = arena_word(a, page + o / a->page, o % a->page & ~7, version);
		buf[i] = word >> 8 * (o & 7);
	}
}

u64 arena_aperture(const struct arena *a, const struct expect *e, u32 page)
{
	unsigned int i = a->windows - 1;

	(void)e;
	while (page < a->win[i].first)
		i--;
	return (a->win[i].index == USEMEM ? 0 : a->res_off) + a->win[i].off +
	       (page - a->win[i].first) * a->page;
}

/* Only the half that never changes */
static ssize_t misplaced(const struct arena *a, u32 page, u64 off, const u8 *buf, size_t n)
{
	u64 word = 0;

	for (size_t i = 0; i < n; i++) {
		u64 o = off + i;

		if (!i || !(o & 7))
			word = arena_word(a, page, o & ~7, 0);
		if ((o & 7) >= 4 && buf[i] != (u8)(word >> 8 * (o & 7)))
			return i;
	}
	return -1;
}

ssize_t arena_wrong(const struct stress *s, int worker, u32 page, u64 off, const u8 *buf,
		    size_t n)
{
	const struct arena *a = &s->a;
	size_t done = 0;

	page += off / a->page;
	off %= a->page;
	while (done < n) {
		size_t m = a->page - off < n - done ? a->page - off : n - done;
		const u8 *want = s->shadow + page * a->page + off;
		ssize_t bad = -1;

		if (worker >= 0 && arena_owner(a, page) != (unsigned int)worker)
			bad = misplaced(a, page, off, buf + done, m);
		else if (memcmp(buf + done, want, m))
			for (bad = 0; buf[done + bad] == want[bad]; bad++)
				;
		if (bad >= 0)
			return done + bad;
		done += m;
		off = 0;
		page++;
	}
	return -1;
}
