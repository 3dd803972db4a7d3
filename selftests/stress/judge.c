// SPDX-License-Identifier: GPL-2.0-only
/* Which answers are right, from what was known before and after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

struct sight *look(const struct stress *s, u32 first, u32 pages)
{
	struct sight *k = malloc(sizeof(*k) + pages * sizeof(k->page[0]));

	if (!k)
		abort();
	k->decode = s->b->decode;
	k->awake = s->b->awake;
	k->policy = s->b->policy;
	k->reset = s->b->reset;
	k->advices = advice_count();
	k->first = first;
	k->pages = pages;
	for (u32 i = 0; i < pages; i++)
		k->page[i] = s->b->page[first + i];
	return k;
}

static unsigned int page_since(const struct stress *s, const struct sight *k, u32 page)
{
	return fact_between(k->page[page - k->first], s->b->page[page]);
}

unsigned int touch_legal(const struct stress *s, const struct sight *k, u32 page)
{
	unsigned int decode = fact_between(k->decode, s->b->decode);
	unsigned int awake = fact_between(k->awake, s->b->awake);
	unsigned int policy = fact_between(k->policy, s->b->policy);
	unsigned int state = page_since(s, k, page), legal = 0;

	if ((decode | awake) & IF(OFF))
		legal |= TOUCH_NO_DECODE;
	if (!(decode & awake & IF(ON)))
		return legal;
	if (state & IF(CLEAN) || policy & IF(KEEP))
		legal |= TOUCH_OK;
	if (state & IF(POISONED) && policy & (IF(AUTO) | IF(ISOLATE)))
		legal |= TOUCH_POISON;
	return legal;
}

static unsigned int classify(const struct stress *s, const struct fault_seen *seen, const u8 *p)
{
	if (seen->sig != SIGBUS || seen->addr != p)
		return TOUCH_STRANGE;
	if (seen->code == BUS_ADRERR)
		return TOUCH_NO_DECODE;
	if (seen->code == BUS_MCEERR_AR && 1UL << seen->lsb == s->a.page)
		return TOUCH_POISON;
	return TOUCH_STRANGE;
}

static bool judge(struct worker *w, const struct sight *k, u32 page, const u8 *p, int ret,
		  const struct fault_seen *seen, const char *what)
{
	unsigned int legal = touch_legal(w->s, k, page), got;

	got = ret ? classify(w->s, seen, p) : TOUCH_OK;
	if (!(got & legal))
		fail(w->s, w->id,
		     "%s of arena page %u at %p: got %#x (signal %d code %d addr %p lsb %d), legal are %#x",
		     what, page, p, got, seen->sig, seen->code, seen->addr, seen->lsb, legal);
	if (got == TOUCH_POISON)
		log_met(w->s, MET_POISON);
	else if (got == TOUCH_NO_DECODE)
		log_met(w->s, MET_OFF);
	return got == TOUCH_OK;
}

bool judged_read(struct worker *w, const struct op *op, u8 *p, u32 page, u32 off)
{
	struct sight *k = look(w->s, page, 1);
	struct fault_seen seen;
	u64 val;
	bool ok;

	(void)op;
	ok = judge(w, k, page, p, touch_read(p, 8, &val, &seen), &seen, "load");
	free(k);
	if (ok && arena_wrong(w->s, w->id, page, off, (u8 *)&val, 8) >= 0)
		fail(w->s, w->id, "load of arena page %u byte %u: %llx is not what was written",
		     page, off, (unsigned long long)val);
	return ok;
}

bool judged_write(struct worker *w, const struct op *op, u8 *p, u32 page, u32 off,
		  unsigned int size, u32 version)
{
	struct sight *k = look(w->s, page, 1);
	u64 val = arena_word(&w->s->a, page, off, version);
	struct fault_seen seen;
	bool ok;

	(void)op;
	ok = judge(w, k, page, p, touch_write(p, size, val, &seen), &seen, "store");
	free(k);
	if (ok)
		memcpy(w->s->shadow + page * w->s->a.page + off, &val, size);
	return ok;
}

bool io_unready(const struct stress *s, const struct sight *k)
{
	return s->e.mem_needed && fact_between(k->decode, s->b->decode) & IF(OFF);
}

const char *io_wrong(const struct stress *s, const struct sight *k, u32 page, u64 off,
		     size_t n, size_t tail, ssize_t ret)
{
	const size_t size = s->a.page;
	u64 end = off + (ret > 0 ? ret : 0);

	if (ret == -EIO || ret >= 0) {
		/* All that was moved may have been clean ... */
		if (ret > (ssize_t)(n + tail))
			return "more than was asked for";
		for (u64 o = off; o < end && o < off + n; o = (o / size + 1) * size)
			if (!(page_since(s, k, page + o / size) & IF(CLEAN)))
				return "it went over poison";
		if (ret == (ssize_t)(n + tail))
			return NULL;
		if (io_unready(s, k))
			return NULL;
		/* A signal ends the wait for a reset in the middle */
		if (ret > 0 && advice_count() != k->advices)
			return NULL;
		/* ... and what stopped it is poison */
		if (end >= off + n)
			return "it stopped after the memory's end";
		if (!(page_since(s, k, page + end / size) & IF(POISONED)))
			return "it stopped where no poison was";
		/*
		 * What goes by way of a buffer goes a page at a time, from wherever
		 * it begins: poison that came in between stops it in mid-page.
		 */
		if (ret > 0 && end % size && page_since(s, k, page + end / size) == IF(POISONED))
			return "it did not stop at a page";
		return ret ? NULL : "0 bytes";
	}
	return "an error that it does not have";
}
