// SPDX-License-Identifier: GPL-2.0-only
/*
 * What several processes and threads may do to memory that a character device shows, in any
 * order: test_attack.c for memory without a function. For the environment see lib/egm.h.
 *
 * COHERENT_SEED repeats a run as far as scheduling lets it, COHERENT_ATTACK sets how many
 * steps each thread makes.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "egm.h"
#include "poison.h"

#define RW		(PROT_READ | PROT_WRITE)
#define PROCESSES	3
#define THREADS		2
#define ATTACKERS	(PROCESSES * THREADS)
#define SLOT_PAGES	8
#define PLACES		512
#define LIMIT_MS	570000

/* Shared by all processes */
struct board {
	atomic_ulong steps;
	atomic_int bad;
	char what[256];
	atomic_uint opens;
	atomic_bool has[PROCESSES];	/* it has the device open ... */
	atomic_bool doomed[PROCESSES];	/* ... and may be killed at any moment */
};

struct attacker {
	const struct egm *egm;
	struct board *board;
	unsigned int id;
	unsigned long steps;
	struct rng rng;
	u64 slot, slot_len;	/* that it alone writes to ... */
	u8 *shadow;		/* ... what that holds; shared with who checks it */
	u64 weak;		/* page in which it alone makes errors */
	int fd;
	u8 *map;		/* of anything */
	u64 map_off, map_len;
};

static void complain(struct board *board, unsigned int id, const char *what, long ret)
{
	if (!atomic_exchange(&board->bad, 1))
		snprintf(board->what, sizeof(board->what), "attacker %u: %s: %ld", id, what, ret);
}

/* ---- several at once ---- */

/* Errors are made in this page of each attacker, behind all slots */
static u64 weak_page(const struct egm *egm, unsigned int id)
{
	return egm->size / 2 + id * page_size();
}

static bool may_be_bad(const struct attacker *a, u64 off)
{
	u64 first = weak_page(a->egm, 0), end = weak_page(a->egm, ATTACKERS);

	return egm_is_retired(a->egm, off) || (off >= first && off < end);
}

static void step_own(struct attacker *a)
{
	u8 *p = egm_map(a->fd, a->slot, a->slot_len);
	struct fault_seen seen;
	u64 off, val, got;

	if (p == MAP_FAILED) {
		complain(a->board, a->id, "mmap", errno);
		return;
	}
	for (int i = 0; i < 6; i++) {
		off = rng_below(&a->rng, a->slot_len / 8) * 8;
		val = rng_next(&a->rng);
		if (touch_read(p + off, 8, &got, &seen) || memcmp(&got, a->shadow + off, 8))
			complain(a->board, a->id, "own slot: wrong bytes", off);
		if (touch_write(p + off, 8, val, &seen))
			complain(a->board, a->id, "own slot: signal", seen.sig);
		memcpy(a->shadow + off, &val, 8);
	}
	/* In two parts; what is in the place of the first by then is somebody else's */
	munmap(p, page_size());
	munmap(p + page_size(), a->slot_len - page_size());
}

static void step_file(struct attacker *a)
{
	close(a->fd);
	a->fd = egm_open(a->egm);
	if (a->fd < 0)
		complain(a->board, a->id, "open", a->fd);
}

static void step_map(struct attacker *a)
{
	u64 page = page_size(), pages = a->egm->size / page;

	if (a->map)
		munmap(a->map, a->map_len);
	a->map_off = rng_below(&a->rng, pages) * page;
	a->map_len = (1 + rng_below(&a->rng, 4 * pmd_size() / page)) * page;
	if (a->map_off + a->map_len > a->egm->size)
		a->map_len = a->egm->size - a->map_off;
	a->map = egm_map(a->fd, a->map_off, a->map_len);
	if (a->map == MAP_FAILED) {
		complain(a->board, a->id, "mmap of anything", errno);
		a->map = NULL;
	}
}

/* Only read: each byte has one writer. A signal says what it must, where it may. */
static void step_touch(struct attacker *a)
{
	struct fault_seen seen;
	u64 off;

	if (!a->map)
		return;
	for (int i = 0; i < 8; i++) {
		off = rng_below(&a->rng, a->map_len / 8) * 8;
		if (!touch_read(a->map + off, 8, NULL, &seen))
			continue;
		if (seen.sig != SIGBUS || seen.code != BUS_MCEERR_AR ||
		    !may_be_bad(a, a->map_off + off))
			complain(a->board, a->id, "touch: signal", seen.sig * 100 + seen.code);
	}
}

static void step_advise(struct attacker *a)
{
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_HUGEPAGE,
				      MADV_COLD, MADV_PAGEOUT, MADV_RANDOM };

	if (a->map)
		madvise(a->map, a->map_len, advice[rng_below(&a->rng, 6)]);
}

static void step_error(struct attacker *a)
{
	u64 page = page_size();
	u8 *p = egm_map(a->fd, a->weak, page);
	struct fault_seen seen;
	int ret;

	if (p == MAP_FAILED) {
		complain(a->board, a->id, "mmap of the weak page", errno);
		return;
	}
	if (touch_write(p, 8, a->id, &seen))
		complain(a->board, a->id, "weak page, mended: signal", seen.sig);
	ret = egm_inject(a->egm, a->weak);
	if (ret)
		complain(a->board, a->id, "inject", ret);
	if (!touch_read(p, 8, NULL, &seen) || seen.code != BUS_MCEERR_AR)
		complain(a->board, a->id, "weak page, bad: no signal", seen.code);
	munmap(p, page);
	ret = egm_clear(a->egm, a->weak, page);
	if (ret)
		complain(a->board, a->id, "clear", ret);
}

/* Ranges in order, of which firmware's are two */
static void step_list(struct attacker *a)
{
	struct egm_list list;
	unsigned int firmware = 0;
	u64 last = 0;
	int ret = egm_list(a->fd, &list, sizeof(list));

	if (ret || list.head.count > 2 + ATTACKERS ||
	    list.head.argsz != 8 + 16 * list.head.count) {
		complain(a->board, a->id, "list", ret);
		return;
	}
	for (unsigned int i = 0; i < list.head.count; i++) {
		const struct egm_retired_pages_info *bad = &list.pages[i];

		if (bad->offset < last || !bad->size || !may_be_bad(a, bad->offset))
			complain(a->board, a->id, "list: offset", bad->offset);
		firmware += egm_is_retired(a->egm, bad->offset);
		last = bad->offset + bad->size;
	}
	if (firmware != 2)
		complain(a->board, a->id, "list: of firmware's", firmware);
}

static void step_fork(struct attacker *a)
{
	pid_t pid = fork();

	if (!pid) {
		if (a->map)
			touch_read(a->map, 8, NULL, NULL);
		_exit(0);
	}
	if (pid > 0 && wait_child(pid, 60000) < 0)
		complain(a->board, a->id, "child did not end", pid);
}

static void (*const steps[])(struct attacker *a) = {
	step_own, step_own, step_own, step_touch, step_touch, step_touch, step_map, step_map,
	step_list, step_list, step_file, step_error, step_advise, step_fork,
};

static void *attack(void *arg)
{
	struct attacker *a = arg;

	a->fd = egm_open(a->egm);
	if (a->fd < 0)
		complain(a->board, a->id, "first open", a->fd);
	for (unsigned long n = 0; n < a->steps && !atomic_load(&a->board->bad); n++) {
		steps[rng_below(&a->rng, ARRAY_SIZE(steps))](a);
		atomic_fetch_add(&a->board->steps, 1);
	}
	if (a->map)
		munmap(a->map, a->map_len);
	close(a->fd);
	return NULL;
}

static int attack_process(struct attacker *a)
{
	pthread_t t[THREADS];

	fault_catch();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, attack, &a[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	return 0;
}

/* ---- one at a time ---- */

/* Nothing is left of who had it before; then there is */
static void look_and_fill(const struct egm *egm, struct board *board, unsigned int id, int fd)
{
	u8 *p = egm_map(fd, 0, egm->size);
	struct fault_seen seen;
	u64 off, got;

	if (p == MAP_FAILED) {
		complain(board, id, "mmap", errno);
		return;
	}
	/* In places that are the same for all of them, all over the memory */
	for (unsigned int i = 0; i < PLACES; i++) {
		off = i * (egm->size / PLACES);
		if (egm_is_retired(egm, off))
			continue;
		if (touch_read(p + off, 8, &got, &seen))
			complain(board, id, "signal", seen.sig);
		else if (got)
			complain(board, id, "not cleared", off);
	}
	for (unsigned int i = 0; i < PLACES; i++)
		touch_write(p + i * (egm->size / PLACES), 8, id + 1, &seen);
	munmap(p, egm->size);
}

/* Until it is killed, or there was enough of it */
static int rival(const struct egm *egm, struct board *board, unsigned int id,
		 unsigned int opens)
{
	int fd;

	fault_catch();
	while (atomic_load(&board->opens) < opens && !atomic_load(&board->bad)) {
		fd = egm_open(egm);
		if (fd < 0) {
			if (fd != -EBUSY)
				complain(board, id, "open", fd);
			sched_yield();
			continue;
		}
		atomic_store(&board->has[id], true);
		for (unsigned int other = 0; other < PROCESSES; other++)
			/* In the order in which its killer does not undo them */
			if (other != id && !atomic_load(&board->doomed[other]) &&
			    atomic_load(&board->has[other]))
				complain(board, id, "it is somebody else's, too", other);
		look_and_fill(egm, board, id, fd);
		atomic_store(&board->has[id], false);
		close(fd);
		atomic_fetch_add(&board->opens, 1);
	}
	return 0;
}

FIXTURE(egm_attack) {
	struct egm egm;
	struct board *board;
	u64 seed;
	unsigned long steps;
};

FIXTURE_SETUP(egm_attack)
{
	ASSERT_EQ(0, egm_load(&self->egm));
	self->board = mmap(NULL, sizeof(*self->board), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->board);
	self->seed = env_u64("COHERENT_SEED", now_ms());
	self->steps = env_u64("COHERENT_ATTACK", 150);
	fault_catch();
	ksft_print_msg("COHERENT_SEED=%llu COHERENT_ATTACK=%lu\n",
		       (unsigned long long)self->seed, self->steps);
	fflush(stdout);
}

FIXTURE_TEARDOWN(egm_attack)
{
	sysfs_write(EGM_SHARED, "0");
	munmap(self->board, sizeof(*self->board));
}

TEST_F_TIMEOUT(egm_attack, anything_in_any_order, 600)
{
	u64 slot = SLOT_PAGES * page_size();
	struct attacker a[ATTACKERS];
	pid_t pid[PROCESSES];
	u8 *shadows, *p;
	int fd, status;

	ASSERT_EQ(0, sysfs_write(EGM_SHARED, "1"));
	/* Who has it open all the while keeps what the others write */
	fd = egm_open(&self->egm);
	ASSERT_LE(0, fd);
	shadows = mmap(NULL, ATTACKERS * slot, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, shadows);
	for (unsigned int i = 0; i < ATTACKERS; i++)
		a[i] = (struct attacker){
			.egm = &self->egm, .board = self->board, .id = i, .steps = self->steps,
			.rng = { .s = self->seed + i }, .slot = i * slot, .slot_len = slot,
			.shadow = shadows + i * slot, .weak = weak_page(&self->egm, i),
		};
	for (int k = 0; k < PROCESSES; k++) {
		pid[k] = fork();
		ASSERT_LE(0, pid[k]);
		if (!pid[k])
			_exit(attack_process(&a[k * THREADS]));
	}
	for (int k = 0; k < PROCESSES; k++) {
		status = wait_child(pid[k], LIMIT_MS);
		EXPECT_EQ(0, status) TH_LOG("process %d: %d", k, status);
	}
	EXPECT_EQ(0, atomic_load(&self->board->bad)) TH_LOG("%s", self->board->what);
	EXPECT_EQ(ATTACKERS * self->steps, atomic_load(&self->board->steps));
	p = egm_map(fd, 0, ATTACKERS * slot);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, memcmp(p, shadows, ATTACKERS * slot));
	munmap(p, ATTACKERS * slot);
	close(fd);
}

/* Whoever opens it has it alone, and cleared, also where the one before was killed */
TEST_F_TIMEOUT(egm_attack, rivals_that_are_killed, 600)
{
	unsigned int opens = 10 + self->steps / 5, k;
	struct board *board = self->board;
	struct rng rng = { .s = self->seed };
	pid_t pid[PROCESSES];

	for (k = 0; k < PROCESSES; k++) {
		pid[k] = fork();
		ASSERT_LE(0, pid[k]);
		if (!pid[k])
			_exit(rival(&self->egm, board, k, opens));
	}
	for (unsigned int seen = 0; seen + 3 < opens && !atomic_load(&board->bad); seen += 3) {
		while (atomic_load(&board->opens) < seen + 3 && !atomic_load(&board->bad))
			usleep(1000);
		k = rng_below(&rng, PROCESSES);
		atomic_store(&board->doomed[k], true);
		kill(pid[k], SIGKILL);
		wait_child(pid[k], LIMIT_MS);
		atomic_store(&board->has[k], false);
		atomic_store(&board->doomed[k], false);
		pid[k] = fork();
		ASSERT_LE(0, pid[k]);
		if (!pid[k])
			_exit(rival(&self->egm, board, k, opens));
	}
	for (k = 0; k < PROCESSES; k++)
		EXPECT_EQ(0, wait_child(pid[k], LIMIT_MS)) TH_LOG("rival %u", k);
	EXPECT_EQ(0, atomic_load(&board->bad)) TH_LOG("%s", board->what);
	EXPECT_LE(opens, atomic_load(&board->opens));
}

TEST_HARNESS_MAIN
