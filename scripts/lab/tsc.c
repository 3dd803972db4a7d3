// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc: print how many kHz this machine's time stamp counter has, which is the
 * emulated machine's, too. Prints nothing where there is no such counter.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>

#define MEASURE_NS	100000000

struct moment {
	uint64_t ns;
	uint64_t tsc;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The best of many: of one that was interrupted nothing can be said */
static struct moment now(void)
{
	struct moment best = { 0 };
	uint64_t before, tsc, after, shortest = ~0ULL;

	for (int i = 0; i < 1000; i++) {
		before = now_ns();
		tsc = __rdtsc();
		after = now_ns();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best = (struct moment){ .ns = before + shortest / 2, .tsc = tsc };
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = MEASURE_NS };
	struct moment from = now(), to;

	nanosleep(&pause, NULL);
	to = now();
	printf("%.0f\n", (to.tsc - from.tsc) * 1e6 / (to.ns - from.ns));
	return 0;
}
#else
int main(void)
{
	return 0;
}
#endif
