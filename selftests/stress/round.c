// SPDX-License-Identifier: GPL-2.0-only
/*
 * A round: everything known, the workers do theirs, and then, in peace, every
 * page must be what they left; also after close, unbind and bind. A round
 * depends on the seed and on its number alone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model.h"
#include "poison.h"
#include "stress.h"

#define ROUND_LIMIT_MS	300000

static bool group_free(void *arg)
{
	struct stress *s = arg;

	return fn_open(&s->f, s->e.bdf) != -EBUSY;
}

int stress_open(struct stress *s, bool group)
{
	int ret;

	s->group = true;
	if (!group) {
		ret = fn_open_cdev(&s->f, s->e.bdf);
		s->group = false;
		/* Most kernels have no such file */
		if (ret != -ENOENT)
			goto out;
		s->group = true;
	}
	if (!wait_for(group_free, s, 10000))
		return -EBUSY;
	ret = s->f.device < 0 ? -ENODEV : 0;
out:
	if (!ret && s->e.model)
		ret = block_calm(&s->f);
	return ret;
}

/* All pages clean, all bytes known, all facts certain */
static int begin(struct stress *s)
{
	struct board *b = s->b;
	u8 now[24];
	int ret;

	ret = poison_policy_set(&s->e, "auto");
	if (!ret)
		ret = poison_clear_all(&s->e);
	fact_set(&b->decode, ON);
	fact_set(&b->awake, ON);
	fact_set(&b->policy, AUTO);
	fact_set(&b->reset, 0);
	for (u32 i = 0; i < s->a.pages; i++)
		fact_set(&b->page[i], CLEAN);
	for (unsigned int i = 0; !ret && i < s->a.windows; i++) {
		const struct window *w = &s->a.win[i];
		u8 *shadow = s->shadow + w->first * s->a.page;
		size_t n = w->pages * s->a.page;

		arena_bytes(&s->a, w->first, 0, shadow, n, s->round);
		ret = wr_all(&s->f, w->index, shadow, n, w->off);
	}
	if (!ret && rd(&s->f, VFIO_PCI_CONFIG_REGION_INDEX, now, 24, PCI_BASE_ADDRESS_0) != 24)
		ret = -EIO;
	if (!ret)
		ret = barmodel_smear(&b->bars, &s->f, &s->e);
	b->bars_seen = b->reset;
	for (unsigned int i = 0; i < WORKERS; i++)
		atomic_store(&b->log[i].done, 0);
	return ret;
}

static void hung(struct stress *s)
{
	fail(s, -1, "workers did not come to an end within %d s", ROUND_LIMIT_MS / 1000);
	/* Where they hang is on the console */
	sysfs_write("/proc/sysrq-trigger", "w");
	sysfs_write("/proc/sysrq-trigger", "t");
}

static void run_workers(struct stress *s)
{
	pid_t pid[PROCESSES];
	u64 begun = now_ms(), gone;
	int status;

	fflush(stdout);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(worker_process(s, i));
	}
	for (unsigned int i = 0; i < PROCESSES; i++) {
		gone = now_ms() - begun;
		status = wait_child(pid[i], gone < ROUND_LIMIT_MS ? ROUND_LIMIT_MS - gone : 1);
		if (status == -ETIME)
			hung(s);
		else if (status)
			fail(s, -1, "process %u ended with %#x", i, status);
	}
}

/* What nobody knows, for two changed it at once, the list tells */
static void settle_facts(struct stress *s, const struct poison_range *r, long n)
{
	for (u32 i = 0; i < s->a.pages; i++) {
		u64 off = arena_aperture(&s->a, &s->e, i);
		u64 now = s->b->page[i];
		bool there = false;

		for (long j = 0; j < n; j++)
			there |= off - r[j].offset < r[j].length;
		if (!(fact_between(now, now) & IF(there ? POISONED : CLEAN)))
			fail(s, -1, "arena page %u is %spoisoned after all", i,
			     there ? "" : "not ");
		fact_set(&s->b->page[i], there ? POISONED : CLEAN);
	}
}

static void check_ledger(struct stress *s, const char *when)
{
	struct poison_range *r = calloc(MAX_PAGES, sizeof(*r));
	long n, pages = 0, count;
	const char *why;

	if (!r)
		abort();
	n = poison_list(&s->e, r, MAX_PAGES);
	why = n < 0 ? "it cannot be read" : poison_list_wrong(&s->e, r, n, &pages);
	count = poison_count(&s->e);
	if (why)
		fail(s, -1, "%s: the list: %s", when, why);
	else if (count != pages)
		fail(s, -1, "%s: count %ld, list %ld", when, count, pages);
	else
		settle_facts(s, r, n);
	free(r);
}

/* Each page, by file and by mapping */
static void check_pages_of(struct stress *s, const struct window *win, u8 *map, const char *when)
{
	const size_t size = s->a.page;
	u8 *buf = malloc(size);
	const char *why;

	for (u32 i = 0; i < win->pages && !atomic_load(&s->b->failed); i++) {
		u32 page = win->first + i;
		bool poisoned = (s->b->page[page] & 0xff) == POISONED;
		ssize_t ret = rd(&s->f, win->index, buf, size, win->off + i * size);

		if (ret != (poisoned ? -EIO : (ssize_t)size))
			fail(s, -1, "%s: read of arena page %u (poisoned: %d): %zd", when, page,
			     poisoned, ret);
		else if (!poisoned && arena_wrong(s, -1, page, 0, buf, size) >= 0)
			fail(s, -1, "%s: arena page %u byte %zd is not what was written", when,
			     page, arena_wrong(s, -1, page, 0, buf, size));
		else if (poisoned && touch_is_poison(map + i * size, 8, &why))
			fail(s, -1, "%s: touch of poisoned arena page %u: %s", when, page, why);
		else if (!poisoned && (touch_copy(buf, map + i * size, size, NULL) ||
				       arena_wrong(s, -1, page, 0, buf, size) >= 0))
			fail(s, -1, "%s: mapping of arena page %u", when, page);
	}
	free(buf);
}

static void check_all(struct stress *s, const char *when)
{
	check_ledger(s, when);
	if (poison_policy_set(&s->e, "auto"))
		fail(s, -1, "%s: policy", when);
	for (unsigned int i = 0; i < s->a.windows; i++) {
		u8 *map = map_window(s, i, 0, s->a.win[i].pages, 0);

		if (map == MAP_FAILED) {
			fail(s, -1, "%s: mmap: %d", when, errno);
			return;
		}
		check_pages_of(s, &s->a.win[i], map, when);
		munmap(map, s->a.win[i].pages * s->a.page);
	}
}

/* The administrator unbinds while the function is in use; it ends when we have closed */
static pid_t begin_unbind(const struct stress *s)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		/* Not to hold what it waits for */
		close(s->f.device);
		close(s->f.group);
		close(s->f.container);
		_exit(pci_unbind(s->e.bdf) ? 1 : 0);
	}
	return pid;
}

/* In peace: close, perhaps unbind and bind, and open again */
static int reopen(struct stress *s, pid_t unbinding, bool rebind, bool group)
{
	int ret = 0;

	fn_close(&s->f);
	if (unbinding > 0 && wait_child(unbinding, 60000))
		fail(s, -1, "unbinding did not come to an end");
	if (unbinding <= 0 && rebind)
		ret = pci_unbind(s->e.bdf);
	if (!ret && (unbinding > 0 || rebind))
		ret = pci_bind(s->e.bdf, s->e.driver);
	if (ret) {
		fail(s, -1, "binding again: %d", ret);
		return ret;
	}
	check_ledger(s, "closed");
	ret = stress_open(s, group);
	if (ret)
		fail(s, -1, "opening again: %d", ret);
	return ret;
}

int stress_round(struct stress *s)
{
	struct rng r = { .s = s->seed ^ (u64)s->round << 20 };
	bool rebind = !rng_below(&r, 3), group = rng_below(&r, 2);
	pid_t unbinding = 0;
	int ret = begin(s);

	if (ret) {
		fail(s, -1, "the round cannot begin: %d", ret);
		return ret;
	}
	s->b->unbinding = !rng_below(&r, 4);
	if (s->b->unbinding)
		unbinding = begin_unbind(s);
	run_workers(s);
	if (s->e.model && !atomic_load(&s->b->failed) && block_calm(&s->f))
		fail(s, -1, "the model does not answer");
	if (!atomic_load(&s->b->failed))
		check_all(s, "at the end");
	ret = reopen(s, unbinding, rebind, group);
	if (!ret && !atomic_load(&s->b->failed))
		check_all(s, "opened again");
	return atomic_load(&s->b->failed) ? -1 : ret;
}
