/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The randomised tester. Workers (threads of several processes) do to one
 * function whatever may be done to it, and a model says for each answer whether
 * it is one of those that it may be.
 *
 *   op.c			which operations a worker does: a function of seed, round and
 *			worker, and of nothing that happens
 *   fact.c		what is known of the function while others change it
 *   arena.c		the pages that are played with, and what they hold
 *   judge.c		which answers are right
 *   do_*.c		the operations
 *   log.c		what was done last, and the end of a failed run
 *   worker.c round.c stress.c	who does it, and when
 */
#ifndef COHERENT_STRESS_H
#define COHERENT_STRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "coherent.h"

#define PROCESSES	2
#define THREADS		3
#define WORKERS		(PROCESSES * THREADS)
#define CHUNK		4	/* pages in a row that one worker writes */
#define SLOTS		4	/* mappings that a worker has for itself */
#define WINDOWS		4
#define MAX_PAGES	8192
#define LAST		16	/* operations that are kept to be shown */
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))

/* ---- fact.c ---- */

/* One thing that operations change: its value, who is changing it, how often it was */
typedef _Atomic u64 fact;

#define UNKNOWN		7
#define IF(value)	(1U << (value))
#define ANY		0x7fU

void fact_begin(fact *f);
void fact_end(fact *f, unsigned int value);
void fact_set(fact *f, unsigned int value);	/* nobody else is there */
/* What it may have been, as a set of IF(value), from the time of one look to the other */
unsigned int fact_between(u64 before, u64 after);
bool fact_quiet(u64 before, u64 after);

enum { CLEAN, POISONED };
enum { OFF, ON };
enum { AUTO, ISOLATE, KEEP, POLICIES };

extern const char * const policy_name[POLICIES];

/* ---- arena.c ---- */

struct window {
	unsigned int index;	/* region ... */
	u64 off;		/* ... and where in it */
	u32 pages, first;	/* @first: number of its first page in the arena */
	bool last;		/* ends where the usable length ends */
};

struct arena {
	struct window win[WINDOWS];
	unsigned int windows;
	u32 pages;
	size_t page, pmd;
	u64 seed;
	u64 res_off;		/* of the reserved part in the aperture */
};

struct op;
struct stress;

int arena_init(struct arena *a, const struct expect *e, u64 seed);
unsigned int arena_owner(const struct arena *a, u32 page);
u64 arena_word(const struct arena *a, u32 page, u32 off, u32 version);
void arena_bytes(const struct arena *a, u32 page, u64 off, u8 *buf, size_t n, u32 version);
/* Offset of a byte of the arena in its aperture */
u64 arena_aperture(const struct arena *a, const struct expect *e, u32 page);
/* First byte that cannot be there for @worker to see, or -1; -1 for worker: all is known */
ssize_t arena_wrong(const struct stress *s, int worker, u32 page, u64 off, const u8 *buf,
		    size_t n);

/* ---- log.c ---- */

struct worker_log {
	char last[LAST][160];
	atomic_uint done;	/* operations begun */
	atomic_uint tid;
};

/* What a run must have met to have shown anything */
enum met {
	MET_POISON,		/* a touch of poison raised its signal ... */
	MET_POISON_IO,		/* ... and file I/O stopped before it */
	MET_OFF,		/* a touch while memory decoding was off, or in low power */
	MET_RESET,		/* a reset took a mapping away */
	METS
};

/* Shared by all processes */
struct board {
	fact decode, awake, policy, reset;
	fact page[MAX_PAGES];
	pthread_mutex_t command, power, config;
	struct barmodel bars;
	u64 bars_seen;		/* the fact "reset", when they were written last */
	atomic_bool stop, failed;
	bool unbinding;		/* the administrator wants the function back */
	char failure[512];
	int failed_worker;
	atomic_ulong ops, met[METS];
	struct worker_log log[WORKERS];
};

struct stress {
	struct expect e;
	struct fn f;
	struct arena a;
	struct board *b;
	u8 *shadow;		/* what each byte of the arena is */
	u64 seed;
	u32 round, ops;
	bool group;		/* opened by its group, not as a cdev */
	int only;		/* this worker alone, or -1 */
};

/* The first failure counts; @worker is -1 for what is found between rounds */
void fail(struct stress *s, int worker, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void log_op(struct stress *s, unsigned int worker, const struct op *op);
void log_show(const struct stress *s);
void log_met(struct stress *s, enum met what);
/* Prints what was met; NULL, or what a run of that length cannot have missed */
const char *log_missed(const struct stress *s);

/* ---- op.c ---- */

enum op_kind {
	OP_READ, OP_WRITE, OP_TAIL, OP_BADBUF, OP_SELF,
	OP_MAP, OP_UNMAP, OP_MOVE, OP_PROTECT, OP_ADVISE, OP_TOUCH, OP_WALK, OP_FORK,
	OP_BLOCK, OP_REMAP, OP_DMA,
	OP_RESET, OP_CONFIG, OP_DECODE, OP_POWER, OP_INJECT, OP_CLEAR, OP_CLEAR_ALL,
	OP_POLICY, OP_LIST, OP_INFO, OP_FD, OP_IOCTL,
	OP_KINDS
};

struct op {
	enum op_kind kind;
	u32 nr;			/* how many came before */
	unsigned int window;
	u32 page, pages;	/* of the window */
	u32 off, len;		/* bytes */
	unsigned int slot, way;
	u64 val;
};

void op_draw(struct op *op, const struct stress *s, unsigned int worker, u32 nr);
void op_text(const struct op *op, const struct arena *a, char *buf, size_t n);

/* ---- worker.c ---- */

struct map {
	u8 *p;
	unsigned int window;
	u32 page, pages;	/* of the window */
	bool split;		/* several VMAs by now */
};

struct worker {
	struct stress *s;
	unsigned int id;
	struct map map[SLOTS];
	struct map *common;	/* of the process: one for each window */
};

int worker_process(struct stress *s, unsigned int process);
void op_do(struct worker *w, const struct op *op);

/* ---- judge.c ---- */

/* All that an answer depends on, looked at before and after */
struct sight {
	u64 decode, awake, policy, reset;
	unsigned int advices;	/* signals that the process had by then */
	u32 first, pages;
	u64 page[];
};

struct sight *look(const struct stress *s, u32 first, u32 pages);

enum { TOUCH_OK = 1, TOUCH_NO_DECODE = 2, TOUCH_POISON = 4, TOUCH_STRANGE = 8 };

/* What a touch of page @page, seen @before and now, may have come to */
unsigned int touch_legal(const struct stress *s, const struct sight *before, u32 page);
/* Touches that judge themselves; true when memory was reached */
bool judged_read(struct worker *w, const struct op *op, u8 *p, u32 page, u32 off);
bool judged_write(struct worker *w, const struct op *op, u8 *p, u32 page, u32 off,
		  unsigned int size, u32 version);
/* NULL, or what is wrong with file I/O of @n device bytes that came back with @ret */
const char *io_wrong(const struct stress *s, const struct sight *before, u32 page, u64 off,
		     size_t n, size_t tail, ssize_t ret);
/* Can file I/O have failed for want of readiness? */
bool io_unready(const struct stress *s, const struct sight *before);

/* ---- do_*.c ---- */

#define DO(name) void do_##name(struct worker *w, const struct op *op)

DO(read); DO(write); DO(tail); DO(badbuf); DO(self);
DO(map); DO(unmap); DO(move); DO(protect); DO(advise); DO(touch); DO(walk); DO(fork);
DO(block); DO(remap); DO(dma);
DO(reset); DO(config); DO(decode); DO(power); DO(inject); DO(clear); DO(clear_all);
DO(policy); DO(list); DO(info); DO(fd); DO(ioctl);

/* One map over a window, for all threads of a process */
void *map_window(const struct stress *s, unsigned int window, u32 page, u32 pages, u64 skew);

/* ---- round.c ---- */

int stress_open(struct stress *s, bool group);
int stress_round(struct stress *s);

#endif
