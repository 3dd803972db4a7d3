// SPDX-License-Identifier: GPL-2.0-only
/* Operations: mappings, and what is touched through them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define RW (PROT_READ | PROT_WRITE)

void *map_window(const struct stress *s, unsigned int window, u32 page, u32 pages, u64 skew)
{
	const struct window *w = &s->a.win[window];
	const struct expect_region *r = expect_region(&s->e, w->index);

	return map_aligned(&s->f, w->index, r->base, w->off + page * s->a.page,
			   pages * s->a.page, s->a.pmd, skew * s->a.page, RW);
}

static u32 arena_page(const struct worker *w, const struct map *m, u32 page)
{
	return w->s->a.win[m->window].first + m->page + page;
}

/* A private one, or one that all threads of the process touch; may be absent */
static struct map *pick(struct worker *w, const struct op *op)
{
	if (op->slot < SLOTS)
		return &w->map[op->slot];
	return &w->common[op->window];
}

static void drop(struct worker *w, struct map *m)
{
	if (m->p && munmap(m->p, m->pages * w->s->a.page))
		fail(w->s, w->id, "munmap: %d", errno);
	m->p = NULL;
}

void do_map(struct worker *w, const struct op *op)
{
	struct map *m = &w->map[op->slot % SLOTS];
	const struct window *win = &w->s->a.win[op->window];
	u32 pages = op->pages;

	drop(w, m);
	*m = (struct map){ .window = op->window, .page = op->page };
	/* Half of them all of the window, for huge entries */
	if (op->way < 4) {
		m->page = 0;
		pages = win->pages;
	}
	m->pages = pages;
	m->p = map_window(w->s, op->window, m->page, pages, op->way & 1 ? op->val % 3 : 0);
	if (m->p == MAP_FAILED) {
		fail(w->s, w->id, "mmap of %u pages: %d", pages, errno);
		m->p = NULL;
	}
}

/* The first or the last part goes; what is left is still what it was */
void do_unmap(struct worker *w, const struct op *op)
{
	struct map *m = &w->map[op->slot % SLOTS];
	const size_t size = w->s->a.page;
	u32 n;

	if (!m->p || m->pages < 2)
		return;
	n = 1 + op->val % (m->pages - 1);
	if (op->way & 1) {
		if (munmap(m->p + (m->pages - n) * size, n * size))
			fail(w->s, w->id, "munmap of the end: %d", errno);
	} else {
		if (munmap(m->p, n * size))
			fail(w->s, w->id, "munmap of the beginning: %d", errno);
		m->p += n * size;
		m->page += n;
	}
	m->pages -= n;
}

void do_move(struct worker *w, const struct op *op)
{
	struct map *m = &w->map[op->slot % SLOTS];
	size_t n = m->pages * w->s->a.page;
	u8 *hole, *to;

	/* How much of several VMAs is moved depends on the kernel */
	if (!m->p || m->split)
		return;
	hole = mmap(NULL, n + w->s->a.pmd, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hole == MAP_FAILED)
		abort();
	to = hole + op->val % (w->s->a.pmd / w->s->a.page) * w->s->a.page;
	if (mremap(m->p, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to) {
		fail(w->s, w->id, "mremap: %d", errno);
		return;
	}
	m->p = to;
	if (to > hole)
		munmap(hole, to - hole);
	munmap(to + n, hole + w->s->a.pmd - to);
}

static void expect_denied(struct worker *w, u8 *p, bool write)
{
	struct fault_seen seen = { 0 };
	int ret = write ? touch_write(p, 8, 0, &seen) : touch_read(p, 8, NULL, &seen);

	if (!ret || seen.sig != SIGSEGV || seen.code != SEGV_ACCERR || seen.addr != p)
		fail(w->s, w->id, "%s against mprotect: %d signal %d code %d",
		     write ? "store" : "load", ret, seen.sig, seen.code);
}

void do_protect(struct worker *w, const struct op *op)
{
	struct map *m = &w->map[op->slot % SLOTS];
	const size_t size = w->s->a.page;
	u32 at, n;

	if (!m->p)
		return;
	at = op->val % m->pages;
	n = m->pages - at < op->pages ? m->pages - at : op->pages;
	if (mprotect(m->p + at * size, n * size, op->way & 1 ? PROT_NONE : PROT_READ)) {
		fail(w->s, w->id, "mprotect: %d", errno);
		return;
	}
	if (op->way & 1)
		expect_denied(w, m->p + at * size, false);
	else
		judged_read(w, op, m->p + at * size, arena_page(w, m, at), 0);
	expect_denied(w, m->p + at * size, true);
	if (mprotect(m->p, m->pages * size, RW))
		fail(w->s, w->id, "mprotect back: %d", errno);
	/* PFN mappings are never merged again */
	m->split |= n < m->pages;
}

/* Pages without struct page cannot be given back; other advice may be ignored */
void do_advise(struct worker *w, const struct op *op)
{
	static const int ignored[] = { MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
				       MADV_RANDOM, MADV_SEQUENTIAL, MADV_COLD };
	struct map *m = &w->map[op->slot % SLOTS];

	if (!m->p)
		return;
	if (op->way < 3) {
		if (madvise(m->p, w->s->a.page, MADV_DONTNEED) != -1 || errno != EINVAL)
			fail(w->s, w->id, "MADV_DONTNEED was not refused");
		return;
	}
	madvise(m->p, m->pages * w->s->a.page, ignored[op->val % ARRAY_SIZE(ignored)]);
}

/* One page: written if it is the worker's own, else only looked at */
static void touch_page(struct worker *w, const struct op *op, const struct map *m, u32 page,
		       struct rng *r)
{
	u32 off = rng_below(r, w->s->a.page / 8) * 8, arena = arena_page(w, m, page);
	u8 *p = m->p + page * w->s->a.page + off;

	if (arena_owner(&w->s->a, arena) == w->id && rng_below(r, 2))
		judged_write(w, op, p, arena, off, 1 << rng_below(r, 4), rng_next(r));
	judged_read(w, op, p, arena, off);
}

void do_touch(struct worker *w, const struct op *op)
{
	struct map *m = pick(w, op);
	struct rng r = { .s = op->val };

	for (int i = 0; m->p && i < 12; i++) {
		u32 page = rng_below(&r, m->pages);

		/* Most where memory errors are */
		if (rng_below(&r, 2) && m->pages > 32)
			page %= 32;
		touch_page(w, op, m, page, &r);
	}
}

void do_walk(struct worker *w, const struct op *op)
{
	struct map *m = pick(w, op);

	if (!m->p)
		return;
	for (u32 i = op->val % 5; i < m->pages && !atomic_load(&w->s->b->stop); i += 1 + op->way)
		judged_read(w, op, m->p + i * w->s->a.page, arena_page(w, m, i), 0);
}

void do_fork(struct worker *w, const struct op *op)
{
	struct map *m = pick(w, op);
	int status;
	pid_t pid = fork();

	if (!pid) {
		do_touch(w, op);
		if (m->p)
			munmap(m->p, w->s->a.page);
		_exit(0);
	}
	if (pid < 0)
		return;
	/* What the child wrote of its worker's pages is in the shadow, which is shared */
	status = wait_child(pid, 120000);
	if (status)
		fail(w->s, w->id, "a child ended with %d", status);
}

/* A block afresh: whether its entry is huge is decided at the first touch */
void do_block(struct worker *w, const struct op *op)
{
	const struct window *win = &w->s->a.win[op->window];
	struct map m = { .window = op->window, .pages = win->pages };
	struct rng r = { .s = op->val };

	m.p = map_window(w->s, op->window, 0, win->pages, 0);
	if (m.p == MAP_FAILED) {
		fail(w->s, w->id, "mmap of a window: %d", errno);
		return;
	}
	for (int i = 0; i < 6; i++)
		touch_page(w, op, &m, rng_below(&r, win->pages), &r);
	drop(w, &m);
}

/*
 * The mapping of all threads, made anew under their feet: their next touches
 * race for the entry, and with memory errors for its size.
 */
void do_remap(struct worker *w, const struct op *op)
{
	const struct window *win = &w->s->a.win[op->window];
	struct map *m = &w->common[op->window];
	struct rng r = { .s = op->val };

	if (mmap(m->p, m->pages * w->s->a.page, RW, MAP_SHARED | MAP_FIXED, w->s->f.device,
		 at(win->index, win->off)) != m->p) {
		fail(w->s, w->id, "mmap over a mapping: %d", errno);
		return;
	}
	for (int i = 0; i < 4; i++)
		touch_page(w, op, m, rng_below(&r, m->pages), &r);
}

struct lent {
	struct worker *w;
	u32 page;
	u8 *p;
};

/* A poisoned page is in reach until who maps it for DMA has seen it */
static bool is_back(void *arg)
{
	struct lent *l = arg;
	struct sight *k = look(l->w->s, l->page, 1);
	struct fault_seen seen;
	unsigned int legal;
	u64 val;
	int ret;

	ret = touch_read(l->p, 8, &val, &seen);
	legal = touch_legal(l->w->s, k, l->page);
	free(k);
	return ret || legal & TOUCH_OK;
}

/* Mapped for DMA: refused where it could not be touched, but for poison; else undone */
void do_dma(struct worker *w, const struct op *op)
{
	struct map *m = &w->map[op->slot % SLOTS];
	u64 iova = (4ULL + w->id) * GiB;
	u32 n = m->pages < 64 ? m->pages : 64;
	unsigned int legal = 0, one;
	u64 lent = 0;
	struct sight *k;
	int ret;

	if (!m->p || !w->s->group)
		return;
	k = look(w->s, arena_page(w, m, 0), n);
	ret = fn_dma_map(&w->s->f, m->p, n * w->s->a.page, iova);
	for (u32 i = 0; i < n; i++) {
		one = touch_legal(w->s, k, arena_page(w, m, i));
		if (one & TOUCH_POISON && fact_between(k->policy, w->s->b->policy) & IF(AUTO)) {
			one |= TOUCH_OK;
			lent |= 1ULL << i;
		}
		legal |= one;
	}
	free(k);
	for (u32 i = 0; i < n && !ret; i++) {
		if (!(lent & 1ULL << i))
			continue;

		struct lent l = { w, arena_page(w, m, i), m->p + i * w->s->a.page };

		if (!wait_for(is_back, &l, 20000))
			fail(w->s, w->id, "arena page %u is in reach after its DMA map", l.page);
	}
	if (ret ? legal == TOUCH_OK : !(legal & TOUCH_OK))
		fail(w->s, w->id, "DMA map of %u pages: %d, legal are %#x", n, ret, legal);
	if (!ret && fn_dma_unmap(&w->s->f, n * w->s->a.page, iova))
		fail(w->s, w->id, "DMA unmap failed");
}
