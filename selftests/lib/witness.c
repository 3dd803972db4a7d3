// SPDX-License-Identifier: GPL-2.0-only
/* A process that maps parts of the device and tells what it hears and finds. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "witness.h"

#define LIMIT_MS	20000
#define RW		(PROT_READ | PROT_WRITE)

enum { DO_NOTHING, DO_COUNT, DO_TOUCH, DO_END };

/* Shared with the process */
struct witness_board {
	atomic_int ready;	/* 1, or a negative errno value */
	atomic_int order;	/* DO_NOTHING again when it is done */
	unsigned int map;	/* of DO_TOUCH */
	u64 off;
	int answer;
	atomic_uint told;
	struct advice last;
	u8 *at[WITNESS_MAPS];
	size_t len[WITNESS_MAPS];
};

static int set_up(struct witness_board *b, const struct fn *f, const struct witness_map *map,
		  unsigned int n, bool early)
{
	int ret;

	fault_catch();
	advice_forget();
	ret = early_kill(early);
	for (unsigned int i = 0; i < n && !ret; i++) {
		b->len[i] = map[i].len;
		b->at[i] = map_plain(f, map[i].index, map[i].off, map[i].len, RW);
		if (b->at[i] == MAP_FAILED)
			return -errno;
		for (u64 o = 0; o < map[i].len && !ret; o += page_size())
			ret = touch_read(b->at[i] + o, 1, NULL, NULL);
	}
	return ret;
}

static void publish(struct witness_board *b)
{
	unsigned int n = advice_count();

	if (n == atomic_load(&b->told))
		return;
	b->last = advice_get(n - 1);
	atomic_store(&b->told, n);
}

static void obey(struct witness_board *b, int order)
{
	const char *why;

	switch (order) {
	case DO_TOUCH:
		b->answer = touch_read(b->at[b->map] + b->off, 1, NULL, NULL);
		if (b->answer)
			b->answer = touch_is_poison(b->at[b->map] + b->off, 1, &why) ? -EFAULT : 1;
		break;
	default:
		b->answer = 0;
	}
}

static void __attribute__((noreturn))
serve(struct witness_board *b)
{
	int order;

	for (;;) {
		/* Back from here, signals sent before have been delivered */
		poll(NULL, 0, 1);
		publish(b);
		order = atomic_load(&b->order);
		if (order == DO_NOTHING)
			continue;
		if (order == DO_END)
			_exit(0);
		poll(NULL, 0, 0);
		obey(b, order);
		publish(b);
		atomic_store(&b->order, DO_NOTHING);
	}
}

static bool is_ready(void *arg)
{
	struct witness_board *b = arg;

	return atomic_load(&b->ready);
}

int witness_start(struct witness *w, const struct fn *f, const struct witness_map *map,
		  unsigned int n, bool early)
{
	struct witness_board *b = mmap(NULL, sizeof(*b), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t parent = getpid();
	int ret;

	w->pid = -1;
	w->board = b;
	if (b == MAP_FAILED || n > WITNESS_MAPS)
		return -ENOMEM;
	w->pid = fork();
	if (w->pid < 0)
		return -errno;
	if (!w->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		ret = set_up(b, f, map, n, early);
		atomic_store(&b->ready, ret ? ret : 1);
		if (ret)
			_exit(1);
		serve(b);
	}
	if (!wait_for(is_ready, b, LIMIT_MS))
		return -ETIME;
	return b->ready < 0 ? b->ready : 0;
}

struct hoped {
	struct witness_board *b;
	unsigned int n;
};

static bool heard(void *arg)
{
	struct hoped *h = arg;

	return atomic_load(&h->b->told) >= h->n;
}

bool witness_told(struct witness *w, unsigned int n, u64 ms)
{
	struct hoped h = { w->board, n };

	return wait_for(heard, &h, ms);
}

static bool is_done(void *arg)
{
	struct witness_board *b = arg;

	return atomic_load(&b->order) == DO_NOTHING;
}

static int order(struct witness *w, int what)
{
	atomic_store(&w->board->order, what);
	return wait_for(is_done, w->board, LIMIT_MS) ? w->board->answer : -ETIME;
}

int witness_count(struct witness *w)
{
	int ret = order(w, DO_COUNT);

	return ret ? ret : (int)atomic_load(&w->board->told);
}

bool witness_where(struct witness *w, unsigned int *map, u64 *off, int *lsb)
{
	struct witness_board *b = w->board;
	u8 *addr = b->last.addr;

	*lsb = b->last.lsb;
	for (*map = 0; *map < WITNESS_MAPS; (*map)++) {
		if (b->at[*map] && addr >= b->at[*map] && addr < b->at[*map] + b->len[*map]) {
			*off = addr - b->at[*map];
			return true;
		}
	}
	return false;
}

int witness_touch(struct witness *w, unsigned int map, u64 off)
{
	w->board->map = map;
	w->board->off = off;
	return order(w, DO_TOUCH);
}

int witness_end(struct witness *w)
{
	int status;

	if (w->pid < 0)
		return -ECHILD;
	atomic_store(&w->board->order, DO_END);
	status = wait_child(w->pid, LIMIT_MS);
	munmap(w->board, sizeof(*w->board));
	w->pid = -1;
	return status;
}
