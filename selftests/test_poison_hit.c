// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors that a process hits: which signal it gets, whoever knows where it
 * maps the page.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "failnth.h"
#include "hit.h"
#include "poison_ground.h"
#include "settle.h"
#include "witness.h"

/* What hit() saw */
struct seen {
	int error;		/* of hit_load(), or of what came before it */
	int count;		/* of signals */
	int code;
	int lsb;
	u8 *addr;
	u8 *at;			/* where it maps the memory */
};

FIXTURE(hit) {
	struct poison_ground g;
	struct seen *seen;
	bool begun;
};

FIXTURE_SETUP(hit)
{
	self->g.f.device = -1;
	if (hit_missing())
		SKIP(return, "%s", hit_missing());
	ASSERT_EQ(0, ground_open(&self->g));
	ASSERT_EQ(0, poison_count(&self->g.e));
	self->seen = mmap(NULL, sizeof(*self->seen), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->seen);
	ASSERT_EQ(0, hit_begin());
	self->begun = true;
}

FIXTURE_TEARDOWN(hit)
{
	if (!self->begun)
		return;
	hit_end();
#if HIT_RECORDS > 1
	EXPECT_EQ(0, failnth_whoever(0));
	EXPECT_EQ(0, failnth_only_in(NULL));
#endif
	EXPECT_EQ(0, ground_close(&self->g));
}

static struct seen *mine;

static void on_sigbus(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	hit_over(context);
	mine->count++;
	mine->code = si->si_code;
	mine->addr = si->si_addr;
	mine->lsb = si->si_code == BUS_MCEERR_AR ? si->si_addr_lsb : 0;
}

/* Pages from the beginning of the aperture on, by whose file */
struct shown {
	u64 pages;
	bool by_mem;		/* the kernel's own, of all memory */
};

static u8 *map_shown(struct poison_ground *g, const struct shown *shown)
{
	u64 len = shown->pages * g->page;
	int fd;
	u8 *at;

	if (!shown->by_mem)
		return map_plain(&g->f, USEMEM, 0, len, RW);
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	at = mmap(NULL, len, RW, MAP_SHARED, fd, g->e.use.base);
	if (fd >= 0)
		close(fd);
	return at;
}

/*
 * A process that maps these pages hits page number @nr, which need not be among them; with
 * @more in the same report, which is an address or 0
 */
static int hit(struct poison_ground *g, struct seen *seen, const struct shown *shown, u64 nr,
	       u64 more)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	u64 phys[] = { g->e.use.base + nr * g->page + 0x40, more };
	pid_t pid;
	int ret = settle_expect();

	if (ret)
		return ret;
	memset(seen, 0, sizeof(*seen));
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		mine = seen;
		sigaction(SIGBUS, &sa, NULL);
		seen->error = early_kill(false);
		seen->at = map_shown(g, shown);
		if (seen->at == MAP_FAILED)
			seen->error = -errno;
		if (!seen->error)
			seen->error = hit_load(phys, more ? 2 : 1);
		_exit(0);
	}
	ret = wait_child(pid, 20000);
	return ret ? ret : seen->error;
}

TEST_F_TIMEOUT(hit, who_maps_the_page_is_told_where, 60)
{
	struct poison_ground *g = &self->g;
	struct witness_map map = { USEMEM, 0, 4 * g->page };
	struct seen *seen = self->seen;
	struct witness early, late;

	ASSERT_EQ(0, witness_start(&early, &g->f, &map, 1, true));
	ASSERT_EQ(0, witness_start(&late, &g->f, &map, 1, false));
	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4 }, 2, 0));
	EXPECT_EQ(1, seen->count);
	EXPECT_EQ(BUS_MCEERR_AR, seen->code);
	EXPECT_EQ(seen->at + 2 * g->page, seen->addr);
	EXPECT_EQ(g->page, 1ULL << seen->lsb);
	EXPECT_TRUE(witness_told(&early, 1, POISON_LIMIT_MS));
	EXPECT_EQ(0, witness_count(&late));
	EXPECT_EQ(1, witness_touch(&late, 0, 2 * g->page));
	EXPECT_TRUE(hit_told());
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 2 * g->page, g->page));
	EXPECT_EQ(1, witness_count(&early));
	EXPECT_EQ(0, witness_end(&early));
	EXPECT_EQ(0, witness_end(&late));
}

/* Its VMA is none of the device's file, but its page tables show the page */
TEST_F_TIMEOUT(hit, who_maps_it_by_another_file_is_told_where, 60)
{
	struct poison_ground *g = &self->g;
	struct seen *seen = self->seen;

	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4, .by_mem = true }, 2, 0));
	EXPECT_EQ(1, seen->count);
	EXPECT_EQ(BUS_MCEERR_AR, seen->code);
	EXPECT_EQ(seen->at + 2 * g->page, seen->addr);
	EXPECT_EQ(g->page, 1ULL << seen->lsb);
	EXPECT_TRUE(hit_told());
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 2 * g->page, g->page));
}

/* It would go on as if nothing were, and hit it again */
TEST_F_TIMEOUT(hit, nobody_goes_on_without_a_signal, 60)
{
	struct poison_ground *g = &self->g;
	struct seen *seen = self->seen;

	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4 }, 5, 0));
	EXPECT_EQ(1, seen->count);
	/* The kernel does not know where, and says so */
	EXPECT_EQ(SI_KERNEL, seen->code);
	EXPECT_NULL(seen->addr);
	EXPECT_TRUE(hit_told());
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 5 * g->page, g->page));
}

/* A machine check is one record */
#if HIT_RECORDS > 1
/* Where a page of this process lies; 0 if that is not to be known */
static u64 phys_of(const volatile u8 *p, size_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	u64 entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)p / page * sizeof(entry)) != sizeof(entry))
		entry = 0;
	if (fd >= 0)
		close(fd);
	return (entry & ((1ULL << 55) - 1)) * page;
}

/* How much of its own memory the kernel does not use any more, in KiB; -1 if it does not say */
static long corrupted(void)
{
	FILE *info = fopen("/proc/meminfo", "re");
	char line[256];
	long n = -1;

	while (info && n < 0 && fgets(line, sizeof(line), info))
		sscanf(line, "HardwareCorrupted: %ld kB", &n);
	if (info)
		fclose(info);
	return n;
}

static bool more_corrupted(void *before)
{
	return corrupted() > *(long *)before;
}

/*
 * The next record of the report is of memory that the kernel can take away, and says
 * nothing of this one
 */
TEST_F_TIMEOUT(hit, no_memory_for_the_first_record_of_two_is_no_reason_to_go_on, 60)
{
	struct poison_ground *g = &self->g;
	struct seen *seen = self->seen;
	long before = corrupted();
	volatile u8 *own;
	u64 phys;

	own = mmap(NULL, g->page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)own);
	*own = 1;
	phys = phys_of(own, g->page);
	ASSERT_NE(0, phys);
	ASSERT_EQ(0, failnth_all());
	/* The compiler may have made the first a part of the second, which calls it */
	ASSERT_TRUE(!failnth_only_in("ghes_hit") || !failnth_only_in("ghes_do_memory_failure")) {
		TH_LOG("the kernel has neither function: has the compiler given them other names?");
	}
	ASSERT_EQ(0, failnth_whoever(1));
	EXPECT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4 }, 2, phys));
	EXPECT_EQ(0, failnth_left());
	EXPECT_EQ(1, seen->count);
	EXPECT_EQ(SI_KERNEL, seen->code);
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 2 * g->page, g->page));
	/* Not to be anybody else's while it is taken away, which is until the next boot */
	EXPECT_TRUE(wait_for(more_corrupted, &before, POISON_LIMIT_MS));
}
#endif

TEST_HARNESS_MAIN
