// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors that a process hits: which signal it gets, whoever knows where it
 * maps the page. mce-inject raises the machine check in the process that writes
 * /dev/mcelog, so this needs a kernel with that file, and the severities of Intel.
 * Nothing is loaded from the page: what the test says to the kernel is all there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <asm/mce.h>
#endif

#include "kselftest_harness.h"
#include "poison_ground.h"
#include "settle.h"
#include "witness.h"

#define MCELOG		"/dev/mcelog"

/* What hit() saw */
struct seen {
	int error;		/* of the write, or of what came before it */
	int count;		/* of signals */
	int code;
	int lsb;
	u8 *addr;
	u8 *at;			/* where it maps the memory */
};

FIXTURE(hit) {
	struct poison_ground g;
	struct seen *seen;
	int log;
};

#if defined(__x86_64__)
/* arch/x86/include/asm/mce.h: what to inject, and an exception in this process */
#define MCJ_HERE	(0x1 | 0x8)
/* Intel: VAL, UC, EN, MISCV, ADDRV, S, AR, and "data load" */
#define STATUS		0xbd80000000000134ULL
/* Restartable, the error's own address, in progress, of this CPU alone */
#define MCGSTATUS	0xfULL
#define MISC		((2 << 6) | 12)
#define USER_CS		0x33

/* The process loads from @phys: the signal comes before this returns */
static int load_from(u64 phys)
{
	struct mce m = {
		.status = STATUS, .mcgstatus = MCGSTATUS, .misc = MISC, .addr = phys,
		.inject_flags = MCJ_HERE, .cs = USER_CS, .bank = 4, .finished = 1,
	};
	cpu_set_t cpus;
	int fd, ret = 0;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		return -errno;
	fd = open(MCELOG, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, &m, sizeof(m)) != sizeof(m))
		ret = -errno;
	close(fd);
	return ret;
}

/* Those of another maker have other severities */
static bool is_intel(void)
{
	char text[4096] = "";
	FILE *info = fopen("/proc/cpuinfo", "re");

	if (!info)
		return false;
	text[fread(text, 1, sizeof(text) - 1, info)] = '\0';
	fclose(info);
	return strstr(text, "GenuineIntel");
}
#else
static int load_from(u64 phys)
{
	(void)phys;
	return -EOPNOTSUPP;
}

static bool is_intel(void)
{
	return false;
}
#endif

FIXTURE_SETUP(hit)
{
	self->g.f.device = -1;
	self->log = -1;
	if (!kernel_has("mcelog") || access(MCELOG, W_OK) || !is_intel())
		SKIP(return, "no machine check can be raised in a process here");
	ASSERT_EQ(0, ground_open(&self->g));
	ASSERT_EQ(0, poison_count(&self->g.e));
	self->seen = mmap(NULL, sizeof(*self->seen), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->seen);
	self->log = open(MCELOG, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(hit)
{
	if (self->log < 0)
		return;
	close(self->log);
	EXPECT_EQ(0, ground_close(&self->g));
}

static struct seen *mine;

static void on_sigbus(int sig, siginfo_t *si, void *context)
{
	(void)sig;
	(void)context;
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

/* A process that maps these pages hits page number @nr, which need not be among them */
static int hit(struct poison_ground *g, struct seen *seen, const struct shown *shown, u64 nr)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	u64 phys = g->e.use.base + nr * g->page;
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
			seen->error = load_from(phys + 0x40);
		_exit(0);
	}
	ret = wait_child(pid, 20000);
	return ret ? ret : seen->error;
}

/* The core hears of each twice: see that the decode chain has run, too */
static bool logged(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[32 * 1024];

	return poll(&p, 1, 20000) == 1 && read(fd, buf, sizeof(buf)) > 0;
}

TEST_F_TIMEOUT(hit, who_maps_the_page_is_told_where, 60)
{
	struct poison_ground *g = &self->g;
	struct witness_map map = { USEMEM, 0, 4 * g->page };
	struct seen *seen = self->seen;
	struct witness early, late;

	ASSERT_EQ(0, witness_start(&early, &g->f, &map, 1, true));
	ASSERT_EQ(0, witness_start(&late, &g->f, &map, 1, false));
	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4 }, 2));
	EXPECT_EQ(1, seen->count);
	EXPECT_EQ(BUS_MCEERR_AR, seen->code);
	EXPECT_EQ(seen->at + 2 * g->page, seen->addr);
	EXPECT_EQ(g->page, 1ULL << seen->lsb);
	EXPECT_TRUE(witness_told(&early, 1, POISON_LIMIT_MS));
	EXPECT_EQ(0, witness_count(&late));
	EXPECT_EQ(1, witness_touch(&late, 0, 2 * g->page));
	EXPECT_TRUE(logged(self->log));
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

	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4, .by_mem = true }, 2));
	EXPECT_EQ(1, seen->count);
	EXPECT_EQ(BUS_MCEERR_AR, seen->code);
	EXPECT_EQ(seen->at + 2 * g->page, seen->addr);
	EXPECT_EQ(g->page, 1ULL << seen->lsb);
	EXPECT_TRUE(logged(self->log));
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 2 * g->page, g->page));
}

/* It would go on as if nothing were, and hit it again */
TEST_F_TIMEOUT(hit, nobody_goes_on_without_a_signal, 60)
{
	struct poison_ground *g = &self->g;
	struct seen *seen = self->seen;

	ASSERT_EQ(0, hit(g, seen, &(struct shown){ .pages = 4 }, 5));
	EXPECT_EQ(1, seen->count);
	/* The kernel does not know where, and says so */
	EXPECT_EQ(SI_KERNEL, seen->code);
	EXPECT_NULL(seen->addr);
	EXPECT_TRUE(logged(self->log));
	EXPECT_EQ(0, settle());
	EXPECT_TRUE(poison_wait(&g->e, 1, POISON_LIMIT_MS));
	EXPECT_TRUE(only_recorded(g, 5 * g->page, g->page));
}

TEST_HARNESS_MAIN
