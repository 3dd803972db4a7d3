// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which operations a worker does. Each is drawn from numbers of its own, so that
 * what happens to one changes none of those that follow.
 */
#include <stdio.h>
#include <string.h>

#include "stress.h"

static const struct {
	const char *name;
	unsigned int weight;
} kinds[OP_KINDS] = {
	[OP_READ]	= { "read", 10 },
	[OP_WRITE]	= { "write", 10 },
	[OP_TAIL]	= { "tail", 3 },
	[OP_BADBUF]	= { "bad-buffer", 3 },
	[OP_SELF]	= { "own-mapping-as-buffer", 4 },
	[OP_MAP]	= { "map", 8 },
	[OP_UNMAP]	= { "unmap-part", 3 },
	[OP_MOVE]	= { "mremap", 3 },
	[OP_PROTECT]	= { "mprotect", 3 },
	[OP_ADVISE]	= { "madvise", 2 },
	[OP_TOUCH]	= { "touch", 20 },
	[OP_WALK]	= { "walk", 3 },
	[OP_FORK]	= { "fork", 1 },
	[OP_BLOCK]	= { "block", 6 },
	[OP_REMAP]	= { "remap-common", 6 },
	[OP_DMA]	= { "dma", 1 },
	[OP_RESET]	= { "reset", 1 },
	[OP_CONFIG]	= { "config", 5 },
	[OP_DECODE]	= { "decode-off", 1 },
	[OP_POWER]	= { "low-power", 1 },
	[OP_INJECT]	= { "inject", 7 },
	[OP_CLEAR]	= { "clear", 6 },
	[OP_CLEAR_ALL]	= { "clear-all", 1 },
	[OP_POLICY]	= { "policy", 1 },
	[OP_LIST]	= { "list", 2 },
	[OP_INFO]	= { "info", 1 },
	[OP_FD]		= { "second-fd", 2 },
	[OP_IOCTL]	= { "ioctl", 3 },
};

const char * const policy_name[POLICIES] = { "auto", "isolate", "keep" };

static enum op_kind draw_kind(struct rng *r)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < OP_KINDS; i++)
		total += kinds[i].weight;
	pick = rng_below(r, total);
	for (i = 0; pick >= kinds[i].weight; i++)
		pick -= kinds[i].weight;
	return i;
}

/* Mostly few, seldom many */
static u32 draw_pages(struct rng *r)
{
	switch (rng_below(r, 8)) {
	case 0:
		return 1 + rng_below(r, 300);
	case 1: case 2:
		return 1 + rng_below(r, 64);
	default:
		return 1 + rng_below(r, CHUNK);
	}
}

/* A page of its own, for what writes */
static u32 own_page(struct rng *r, const struct arena *a, const struct window *w,
		    unsigned int worker)
{
	u32 page = rng_below(r, w->pages);

	while (arena_owner(a, w->first + page) != worker)
		page = (page + 1) % w->pages;
	return page;
}

static bool has_own(const struct arena *a, const struct window *w, unsigned int worker)
{
	for (u32 i = 0; i < w->pages; i++)
		if (arena_owner(a, w->first + i) == worker)
			return true;
	return false;
}

void op_draw(struct op *op, const struct stress *s, unsigned int worker, u32 nr)
{
	const struct arena *a = &s->a;
	struct rng r = { .s = s->seed };
	const struct window *w;
	bool own;

	/* A stream for each operation of each worker of each round */
	r.s = rng_next(&r) ^ ((u64)s->round << 40 | (u64)worker << 32 | nr);
	memset(op, 0, sizeof(*op));
	op->nr = nr;
	op->kind = draw_kind(&r);
	op->window = rng_below(&r, a->windows);
	own = op->kind == OP_WRITE || op->kind == OP_SELF;
	while (own && !has_own(a, &a->win[op->window], worker))
		op->window = (op->window + 1) % a->windows;
	w = &a->win[op->window];
	op->page = own ? own_page(&r, a, w, worker) : rng_below(&r, w->pages);
	op->pages = draw_pages(&r);
	/* Memory errors like company: most are where the others are */
	if (op->kind == OP_INJECT) {
		op->pages = 1 + rng_below(&r, 4);
		if (rng_below(&r, 2))
			op->page %= 16;
	}
	if (op->pages > w->pages - op->page)
		op->pages = w->pages - op->page;
	op->off = rng_below(&r, 2) ? rng_below(&r, a->page) & ~7 : rng_below(&r, a->page);
	op->len = 1 + rng_below(&r, (u64)op->pages * a->page - op->off);
	if (rng_below(&r, 2) && op->len > 256)
		op->len = 1 + op->len % 256;
	op->slot = rng_below(&r, 2 * SLOTS);
	op->way = rng_below(&r, 8);
	op->val = rng_next(&r);
}

void op_text(const struct op *op, const struct arena *a, char *buf, size_t n)
{
	const struct window *w = &a->win[op->window];

	snprintf(buf, n,
		 "%u %s region %u page %u+%u (%u of the arena) byte %u+%u slot %u way %u val %llx",
		 op->nr, kinds[op->kind].name, w->index, op->page, op->pages,
		 w->first + op->page, op->off, op->len, op->slot, op->way,
		 (unsigned long long)op->val);
}
