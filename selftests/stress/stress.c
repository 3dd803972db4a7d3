// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress: see stress.h. On the function that the environment describes
 * (lib/expect.c), for a time; prints KTAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "poison.h"
#include "stress.h"

static void usage(void)
{
	fprintf(stderr,
		"usage: stress [-t SECONDS] [-s SEED] [-r ROUND] [-c ROUNDS] [-n OPERATIONS]\n"
		"              [-w WORKER] [-l]\n"
		"  -t  rounds are begun for so long (60)\n"
		"  -s  what everything is drawn from (the clock)\n"
		"  -r  the first round (0); each stands for itself\n"
		"  -c  so many rounds and no more\n"
		"  -n  of each worker in a round (100)\n"
		"  -w  this worker alone\n"
		"  -l  list what would be done, and do nothing\n");
	exit(2);
}

static void *shared(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static void mutex_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void list(struct stress *s)
{
	char text[160];
	struct op op;

	for (unsigned int w = 0; w < WORKERS; w++) {
		if (s->only >= 0 && s->only != (int)w)
			continue;
		printf("# seed %llu round %u worker %u\n", (unsigned long long)s->seed,
		       s->round, w);
		for (u32 nr = 0; nr < s->ops; nr++) {
			op_draw(&op, s, w, nr);
			op_text(&op, &s->a, text, sizeof(text));
			printf("%s\n", text);
		}
	}
}

static int run(struct stress *s, u64 seconds, u64 rounds)
{
	u64 end = now_ms() + 1000 * seconds, done = 0;
	int ret = stress_open(s, true);
	const char *missed;

	if (ret) {
		fail(s, -1, "the function cannot be opened: %d", ret);
		return 1;
	}
	for (; now_ms() < end && done < rounds && !ret; done++, s->round++)
		ret = stress_round(s);
	if (ret)
		s->round--;
	if (s->f.device >= 0 && poison_clear_all(&s->e))
		fail(s, -1, "memory errors cannot be cleared");
	fn_close(&s->f);
	printf("# %llu rounds, %lu operations\n", (unsigned long long)done,
	       atomic_load(&s->b->ops));
	missed = log_missed(s);
	if (missed)
		fail(s, -1, "never met: %s", missed);
	return atomic_load(&s->b->failed) || !done;
}

int main(int argc, char **argv)
{
	struct stress s = { .ops = 100, .seed = now_us(), .only = -1 };
	u64 seconds = 60, rounds = ~0ULL;
	bool only_list = false;
	int opt, ret;

	while ((opt = getopt(argc, argv, "t:s:r:c:n:w:l")) != -1) {
		u64 val = optarg ? strtoull(optarg, NULL, 0) : 0;

		if (opt == 't')
			seconds = val;
		else if (opt == 's')
			s.seed = val;
		else if (opt == 'r')
			s.round = val;
		else if (opt == 'c')
			rounds = val;
		else if (opt == 'n')
			s.ops = val;
		else if (opt == 'w')
			s.only = val;
		else if (opt == 'l')
			only_list = true;
		else
			usage();
	}
	s.f.device = -1;
	if (expect_load(&s.e) || s.e.pass_through || arena_init(&s.a, &s.e, s.seed)) {
		fprintf(stderr, "stress: no description of a function with coherent memory\n");
		return 2;
	}
	if (only_list) {
		list(&s);
		return 0;
	}
	s.b = shared(sizeof(*s.b));
	s.shadow = shared(s.a.pages * s.a.page);
	s.b->failed_worker = -1;
	mutex_init(&s.b->command);
	mutex_init(&s.b->power);
	mutex_init(&s.b->config);
	fault_catch();

	printf("TAP version 13\n1..1\n# seed %llu, %u pages in %u windows, %d workers\n",
	       (unsigned long long)s.seed, s.a.pages, s.a.windows, WORKERS);
	ret = run(&s, seconds, rounds);
	if (ret)
		log_show(&s);
	printf("%s 1 every answer was one of those that it may be\n", ret ? "not ok" : "ok");
	return ret;
}
