// SPDX-License-Identifier: GPL-2.0-only
/* Operations: memory errors, and what the administrator does about them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "poison.h"
#include "stress.h"

static void begin(struct stress *s, u32 first, u32 n)
{
	for (u32 i = 0; i < n; i++)
		fact_begin(&s->b->page[first + i]);
}

static void end(struct stress *s, u32 first, u32 n, unsigned int value)
{
	for (u32 i = 0; i < n; i++)
		fact_end(&s->b->page[first + i], value);
}

/* One range of a window is one range of the aperture */
void do_inject(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	u32 first = s->a.win[op->window].first + op->page;
	int ret;

	begin(s, first, op->pages);
	ret = inject_many(&s->e, arena_aperture(&s->a, &s->e, first), op->pages, 0);
	end(s, first, op->pages, POISONED);
	if (ret)
		fail(s, w->id, "an error cannot be made up: %d", ret);
}

static int clear_text(const struct stress *s, const char *text)
{
	char path[128];

	return sysfs_write(poison_path(&s->e, "poison_clear", path, sizeof(path)), text);
}

void do_clear(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	u32 first = s->a.win[op->window].first + op->page;
	char text[64];
	int ret;

	snprintf(text, sizeof(text), "%#llx+%#llx",
		 (unsigned long long)arena_aperture(&s->a, &s->e, first),
		 (unsigned long long)(op->pages * s->a.page));
	begin(s, first, op->pages);
	ret = clear_text(s, text);
	end(s, first, op->pages, CLEAN);
	if (ret)
		fail(s, w->id, "clear of %s: %d", text, ret);
}

void do_clear_all(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	int ret;

	(void)op;
	begin(s, 0, s->a.pages);
	ret = clear_text(s, "all");
	end(s, 0, s->a.pages, CLEAN);
	if (ret)
		fail(s, w->id, "clear of all: %d", ret);
}

/* Mostly back to the usual one: the others know poison least */
void do_policy(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	unsigned int policy = op->way < 4 ? AUTO : op->way < 6 ? ISOLATE : KEEP;
	int ret;

	fact_begin(&s->b->policy);
	ret = poison_policy_set(&s->e, policy_name[policy]);
	fact_end(&s->b->policy, policy);
	if (ret)
		fail(s, w->id, "policy %s: %d", policy_name[policy], ret);
}

/* One read(), for that alone is of one moment; -EAGAIN if there is more than that */
static long list_once(const struct stress *s, struct poison_range *r)
{
	char path[128];
	ssize_t n;
	int fd;

	poison_path(&s->e, "poison_ranges", path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, r, s->a.page);
	if (n < 0)
		n = -errno;
	else if (n == (ssize_t)s->a.page)
		n = -EAGAIN;
	close(fd);
	return n < 0 ? n : n / (ssize_t)sizeof(*r);
}

/* The list is well-formed, and right about each page that nobody changed meanwhile */
void do_list(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	struct sight *k = look(s, 0, s->a.pages);
	struct poison_range *r = malloc(s->a.page);
	long least = 0, most = 0, pages, count, n;
	unsigned int state;
	const char *why;

	if (!r)
		abort();
	if (op->way & 1) {
		count = poison_count(&s->e);
		for (u32 i = 0; i < s->a.pages; i++) {
			state = fact_between(k->page[i], s->b->page[i]);
			least += state == IF(POISONED);
			most += !!(state & IF(POISONED));
		}
		if (count < least || count > most)
			fail(s, w->id, "count is %ld, and not %ld to %ld", count, least, most);
		goto out;
	}
	n = list_once(s, r);
	if (n == -EAGAIN)
		goto out;
	why = n < 0 ? "it cannot be read" : poison_list_wrong(&s->e, r, n, &pages);
	if (why)
		fail(s, w->id, "the list: %s (%ld)", why, n);
	for (u32 i = 0; i < s->a.pages && !why; i++) {
		u64 off = arena_aperture(&s->a, &s->e, i);
		bool there = false;

		for (long j = 0; j < n && r[j].offset <= off; j++)
			there |= off - r[j].offset < r[j].length;
		state = fact_between(k->page[i], s->b->page[i]);
		if (!(state & IF(there ? POISONED : CLEAN)))
			fail(s, w->id, "arena page %u is %son the list", i, there ? "" : "not ");
	}
out:
	free(r);
	free(k);
}
