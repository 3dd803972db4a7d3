// SPDX-License-Identifier: GPL-2.0-only
/* Operations: file I/O. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stress.h"

/* Where an operation of a window ends, in the window's bytes, if it is kept within @pages */
static u64 within(const struct op *op, const struct arena *a, u32 pages)
{
	u64 room = (u64)pages * a->page - op->off;

	return op->len < room ? op->len : room;
}

/* Bytes of the part that nothing backs, behind a window at the end of a region */
static u64 tail_room(const struct worker *w, const struct window *win)
{
	const struct expect_region *r = expect_region(&w->s->e, win->index);

	return win->last ? r->bar - r->len : 0;
}

void do_read(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	const struct window *win = &s->a.win[op->window];
	u64 pos = win->off + op->page * s->a.page + op->off, tail = 0;
	u32 page = win->first + op->page;
	size_t n = within(op, &s->a, op->pages);
	struct sight *k = look(s, page, op->pages);
	u8 *buf;
	const char *wrong;
	ssize_t ret, bad, dev;

	/* To the end and beyond */
	if (op->page + op->pages == win->pages && op->way < 3) {
		tail = tail_room(w, win) < op->len ? tail_room(w, win) : op->len;
		if (tail)
			n = op->pages * s->a.page - op->off;
	}
	buf = calloc(1, n + tail);
	if (!buf)
		abort();
	ret = rd(&s->f, win->index, buf, n + tail, pos);
	wrong = io_wrong(s, k, page, op->off, n, tail, ret);
	if (ret == -EIO)
		log_met(s, MET_POISON_IO);
	dev = ret < (ssize_t)n ? ret : (ssize_t)n;
	if (wrong) {
		fail(s, w->id, "read of %zu+%llu bytes: %zd: %s", n, (unsigned long long)tail,
		     ret, wrong);
	} else if (ret > 0) {
		bad = arena_wrong(s, w->id, page, op->off, buf, dev);
		if (bad >= 0)
			fail(s, w->id, "read: byte %zd of %zd is not what was written", bad, ret);
		if (ret > dev && first_not(buf + dev, ret - dev, 0xff) >= 0)
			fail(s, w->id, "read: behind the end of the memory is not ~0");
	}
	free(buf);
	free(k);
}

/* How many of an operation's pages, from the first on, are the worker's own */
static u32 own_pages(const struct worker *w, const struct op *op)
{
	const struct window *win = &w->s->a.win[op->window];
	u32 n = 0;

	while (n < op->pages &&
	       arena_owner(&w->s->a, win->first + op->page + n) == w->id)
		n++;
	return n;
}

void do_write(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	const struct window *win = &s->a.win[op->window];
	u64 pos = win->off + op->page * s->a.page + op->off, tail = 0;
	u32 page = win->first + op->page, pages = own_pages(w, op);
	size_t n = within(op, &s->a, pages), dev;
	struct sight *k = look(s, page, pages);
	const char *wrong;
	ssize_t ret;
	u8 *buf;

	if (op->page + pages == win->pages && op->way < 4) {
		tail = tail_room(w, win) < op->len ? tail_room(w, win) : op->len;
		if (tail)
			n = pages * s->a.page - op->off;
	}
	buf = malloc(n + tail);
	if (!buf)
		abort();
	arena_bytes(&s->a, page, op->off, buf, n, op->val);
	memset(buf + n, 0xa5, tail);
	ret = wr(&s->f, win->index, buf, n + tail, pos);
	wrong = io_wrong(s, k, page, op->off, n, tail, ret);
	if (wrong)
		fail(s, w->id, "write of %zu+%llu bytes: %zd: %s", n, (unsigned long long)tail,
		     ret, wrong);
	if (ret > 0) {
		dev = ret < (ssize_t)n ? ret : (ssize_t)n;
		memcpy(s->shadow + page * s->a.page + op->off, buf, dev);
	}
	free(buf);
	free(k);
}

/* Where no memory is: behind the usable length, at the BAR's end, beyond it */
void do_tail(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	unsigned int index = s->a.win[op->window].index;
	const struct expect_region *r = expect_region(&s->e, index);
	u64 tail = r->bar - r->len, pos;
	size_t n = 1 + op->len % 10000;
	ssize_t ret, want;
	u8 *buf = calloc(1, n);

	if (!buf)
		abort();
	if (op->way < 2 || !tail) {
		pos = r->bar + (op->way ? op->val % GiB : 0);
		want = -EINVAL;
	} else {
		pos = r->len + op->val % tail;
		if (op->way < 4)
			pos = r->bar - 1 - op->val % (tail < n ? tail : n);
		want = r->bar - pos < n ? r->bar - pos : n;
	}
	if (op->way & 1)
		ret = wr(&s->f, index, buf, n, pos);
	else
		ret = rd(&s->f, index, buf, n, pos);
	if (ret != want)
		fail(s, w->id, "%zu bytes at %#llx of a BAR of %#llx: %zd, not %zd", n,
		     (unsigned long long)pos, (unsigned long long)r->bar, ret, want);
	if (ret > 0 && !(op->way & 1) && first_not(buf, ret, 0xff) >= 0)
		fail(s, w->id, "where nothing is, something was read");
	free(buf);
}

/* A buffer that ends early: what fits is moved; nothing: -EFAULT */
void do_badbuf(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	const size_t size = s->a.page;
	const struct window *win = &s->a.win[op->window];
	u32 page = win->first + op->page;
	struct sight *k = look(s, page, 1);
	size_t fits = op->way & 1 ? 0 : op->val % (size / 2);
	size_t n = size - op->off;
	u8 *buf = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int state;
	ssize_t ret;

	if (buf == MAP_FAILED)
		abort();
	mprotect(buf + size, size, PROT_NONE);
	if (fits > n)
		fits = n;
	ret = rd(&s->f, win->index, buf + size - fits, n,
		 win->off + op->page * size + op->off);
	state = fact_between(k->page[0], s->b->page[page]);
	if (ret == -EIO) {
		if (!(state & IF(POISONED)) && !io_unready(s, k))
			fail(s, w->id, "read into a bad buffer: -EIO with no poison");
	} else if (!(state & IF(CLEAN))) {
		fail(s, w->id, "read of poison into a bad buffer: %zd", ret);
	} else if (fits ? ret <= 0 || ret > (ssize_t)fits : ret != -EFAULT) {
		if (!io_unready(s, k) || ret != -EFAULT)
			fail(s, w->id, "read into a buffer that ends after %zu: %zd", fits, ret);
	} else if (ret > 0 && arena_wrong(s, w->id, page, op->off, buf + size - fits, ret) >= 0) {
		fail(s, w->id, "read into a buffer that ends early: wrong bytes");
	}
	munmap(buf, 2 * size);
	free(k);
}

/*
 * The buffer is a mapping of the very bytes: nothing changes, whatever of it is
 * moved, but all locks are met in their worst order.
 */
void do_self(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	const struct window *win = &s->a.win[op->window];
	u32 page = win->first + op->page, pages = own_pages(w, op);
	struct sight *k = look(s, page, pages);
	u64 pos = win->off + op->page * s->a.page;
	size_t n = pages * s->a.page;
	unsigned int legal = TOUCH_OK;
	ssize_t ret;
	u8 *p;

	p = map_plain(&s->f, win->index, pos, n, PROT_READ | PROT_WRITE);
	if (p == MAP_FAILED) {
		fail(s, w->id, "mmap: %d", errno);
		free(k);
		return;
	}
	if (op->way & 1)
		ret = wr(&s->f, win->index, p, n, pos);
	else
		ret = rd(&s->f, win->index, p, n, pos);
	for (u32 i = 0; i < pages; i++) {
		legal |= touch_legal(s, k, page + i);
		if (fact_between(k->page[i], s->b->page[page + i]) != IF(CLEAN))
			legal |= TOUCH_POISON;
	}
	if (ret != (ssize_t)n && legal == TOUCH_OK)
		fail(s, w->id, "%s of own mapping: %zd, not %zu", op->way & 1 ? "write" : "read",
		     ret, n);
	if (ret != -EFAULT && ret != -EIO && (ret <= 0 || ret > (ssize_t)n))
		fail(s, w->id, "%s of own mapping: %zd", op->way & 1 ? "write" : "read", ret);
	munmap(p, n);
	free(k);
}
