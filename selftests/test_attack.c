// SPDX-License-Identifier: GPL-2.0-only
/*
 * What several processes and threads that hold the device may do to it, in any
 * order. Nothing may crash, hang or warn, no answer may be one that the ABI does
 * not have, and each byte that only one of them writes is what was written last.
 *
 * COHERENT_SEED repeats a run as far as scheduling lets it, COHERENT_ATTACK sets
 * how many steps each thread makes.
 */
#include <pthread.h>
#include <stdio.h>

#include "kselftest_harness.h"
#include "attack.h"

#define RW		(PROT_READ | PROT_WRITE)
#define PROCESSES	2
#define THREADS		3
#define ATTACKERS	(PROCESSES * THREADS)
#define SLOT_PAGES	12

static void *attack(void *arg)
{
	struct attacker *a = arg;
	unsigned long n;

	for (n = 0; n < a->steps && !atomic_load(&a->board->bad); n++) {
		attack_step(a);
		atomic_fetch_add(&a->board->steps, 1);
	}
	attack_end(a);
	return NULL;
}

static void on_usr1(int sig)
{
	(void)sig;
}

static int attack_process(struct attacker *a)
{
	struct sigaction sa = { .sa_handler = on_usr1 };	/* no SA_RESTART */
	pthread_t t[THREADS];

	sigaction(SIGUSR1, &sa, NULL);
	fault_catch();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, attack, &a[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	return 0;
}

FIXTURE(attack) {
	struct expect e;
	struct fn f;
};

FIXTURE_SETUP(attack)
{
	ASSERT_EQ(0, expect_load(&self->e));
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	fault_catch();
}

FIXTURE_TEARDOWN(attack)
{
	fn_close_calm(&self->f, &self->e);
}

TEST_F_TIMEOUT(attack, anything_in_any_order, 600)
{
	u64 seed = env_u64("COHERENT_SEED", now_ms());
	unsigned long steps_each = env_u64("COHERENT_ATTACK", 150);
	size_t slot = SLOT_PAGES * page_size();
	struct attacker a[ATTACKERS];
	struct board *board;
	pid_t pid[PROCESSES];
	u8 *shadows, *got, *p;
	int status;

	ksft_print_msg("COHERENT_SEED=%llu COHERENT_ATTACK=%lu\n",
		       (unsigned long long)seed, steps_each);
	fflush(stdout);
	board = mmap(NULL, sizeof(*board), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shadows = mmap(NULL, ATTACKERS * slot, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	got = malloc(slot);
	ASSERT_NE(MAP_FAILED, board);
	ASSERT_NE(MAP_FAILED, shadows);
	ASSERT_NE(NULL, got);

	for (unsigned int i = 0; i < ATTACKERS; i++) {
		const struct expect_region *r;
		unsigned int index = i & 1 && self->e.res.present ? RESMEM : USEMEM;

		r = expect_region(&self->e, index);
		ASSERT_LE(ATTACKERS * slot, r->len);
		a[i] = (struct attacker){
			.f = &self->f, .e = &self->e, .board = board, .id = i,
			.steps = steps_each, .rng = { .s = seed + i }, .index = index,
			/* slots of one region are neighbours, the last one at its end */
			.slot = i < ATTACKERS - 2 ? i * slot : r->len - slot,
			.slot_len = slot, .shadow = shadows + i * slot,
		};
		if (i == ATTACKERS - 1 && index == a[i - 1].index)
			a[i].slot -= slot;
		ASSERT_EQ(0, wr_all(&self->f, index, a[i].shadow, slot, a[i].slot));
	}
	for (int k = 0; k < PROCESSES; k++) {
		pid[k] = fork();
		ASSERT_LE(0, pid[k]);
		if (!pid[k])
			_exit(attack_process(&a[k * THREADS]));
	}
	for (int k = 0; k < PROCESSES; k++) {
		status = wait_child(pid[k], 570000);
		EXPECT_EQ(0, status) TH_LOG("process %d: %d", k, status);
	}
	EXPECT_EQ(0, atomic_load(&board->bad)) TH_LOG("%s", board->what);
	EXPECT_LE(1, atomic_load(&board->steps));

	/* calm again: everything can be reached, and every byte is right both ways */
	fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
	ASSERT_EQ(0, fn_memory_decode(&self->f, true));
	if (self->e.model) {
		ASSERT_EQ(0, block_calm(&self->f));
	}
	for (unsigned int i = 0; i < ATTACKERS; i++) {
		ASSERT_EQ(0, rd_all(&self->f, a[i].index, got, slot, a[i].slot));
		EXPECT_EQ(0, memcmp(got, a[i].shadow, slot)) TH_LOG("slot %u, read", i);
		p = map_plain(&self->f, a[i].index, a[i].slot, slot, PROT_READ);
		ASSERT_NE(MAP_FAILED, p);
		EXPECT_EQ(0, memcmp(p, a[i].shadow, slot)) TH_LOG("slot %u, mapping", i);
		munmap(p, slot);
	}
	free(got);
}

TEST_HARNESS_MAIN
