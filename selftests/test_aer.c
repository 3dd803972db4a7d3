// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors on the PCIe link (AER), made up by the kernel's own aer_inject. After a
 * fatal one the kernel resets the bus behind the driver's back; after one that is
 * not, nothing but the word goes round.
 *
 * The kernel's message at the end of a recovery is what is waited for. A recovery
 * is one more way of being reset, so what must hold is what test_reset.c and
 * test_ready.c say of the others.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"
#include "coherent.h"
#include "model.h"

#define RW		(PROT_READ | PROT_WRITE)
#define LIMIT_MS	60000
#define AER_SERVICE	"/sys/bus/pci_express/drivers/aer"

static const unsigned int both[] = { USEMEM, RESMEM };

/* What drivers/pci/pcie/aer_inject.c takes; it is in no header */
struct aer_error_inj {
	u8 bus, dev, fn;
	u32 uncor_status, cor_status;
	u32 header_log[4];
	u32 domain;
};

/* ---- what is needed for any of this ---- */

/* An open /dev/aer_inject, with the module loaded for it if need be */
static int aer_open(void)
{
	int fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if (fd >= 0)
		return fd;
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", "aer_inject", NULL);
		_exit(127);
	}
	if (pid < 0 || wait_child(pid, LIMIT_MS))
		return -ENOENT;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Does the kernel itself handle what the port above reports? */
static bool aer_native(const char *bdf)
{
	char path[128], real[PATH_MAX], *port, *end;
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (pci_path(path, sizeof(path), bdf, "..") || !realpath(path, real))
		return false;
	/* .. of a link's target: the port's own directory */
	port = strrchr(real, '/') + 1;
	dir = opendir(AER_SERVICE);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		end = strstr(entry->d_name, ":pcie");
		found = end && strlen(port) == (size_t)(end - entry->d_name) &&
			!strncmp(entry->d_name, port, strlen(port));
	}
	closedir(dir);
	return found;
}

/* Can the kernel reset the bus, with what is on it? Some functions forbid that. */
static bool bus_resettable(const char *bdf)
{
	char path[128], methods[128];

	return !pci_path(path, sizeof(path), bdf, "reset_method") &&
	       !sysfs_read(path, methods, sizeof(methods)) && strstr(methods, "bus");
}

/* NULL, or why errors of this function cannot be made up; else *@fd is open */
static const char *aer_impossible(const struct expect *e, int *fd)
{
	*fd = -1;
	if (!e->hot_reset)
		return "not behind a port of its own";
	if (!aer_native(e->bdf))
		return "firmware leaves AER of the port to nobody (try pcie_ports=native)";
	*fd = aer_open();
	if (*fd < 0)
		return "no /dev/aer_inject (CONFIG_PCIEAER_INJECT)";
	return NULL;
}

/* ---- errors ---- */

#define FATAL		PCI_ERR_UNC_DLP
#define NOT_FATAL	PCI_ERR_UNC_POISON_TLP

static int aer_inject(int fd, const char *bdf, u32 uncor)
{
	struct aer_error_inj inj = { .uncor_status = uncor };
	unsigned int domain, bus, dev, fn;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	inj.domain = domain;
	inj.bus = bus;
	inj.dev = dev;
	inj.fn = fn;
	return write(fd, &inj, sizeof(inj)) == sizeof(inj) ? 0 : -errno;
}

/* The error, and all that the kernel does about it: 0, or -EIO if that failed */
static int aer_error(int fd, const char *bdf, u32 uncor)
{
	int kmsg = kmsg_open(), ret;
	char line[512];

	if (kmsg < 0)
		return kmsg;
	ret = aer_inject(fd, bdf, uncor);
	if (!ret)
		ret = kmsg_wait(kmsg, "AER: device recovery ", LIMIT_MS, line, sizeof(line));
	if (!ret && !strstr(line, "recovery successful"))
		ret = -EIO;
	close(kmsg);
	return ret;
}

static int err_eventfd(const struct fn *f, int efd)
{
	struct {
		struct vfio_irq_set hdr;
		s32 fd;
	} req = {
		.hdr = {
			.argsz = sizeof(req),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_ERR_IRQ_INDEX,
			.count = 1,
		},
		.fd = efd,
	};

	return ioctl(f->device, VFIO_DEVICE_SET_IRQS, &req) ? -errno : 0;
}

static bool signalled(int efd)
{
	struct pollfd pfd = { .fd = efd, .events = POLLIN };
	u64 count;

	return poll(&pfd, 1, 0) == 1 && read(efd, &count, sizeof(count)) == sizeof(count);
}

/* What the function itself, and not VFIO, says to these */
struct real_config {
	u16 command;
	u8 bars[24];
};

static int real_config(const char *bdf, struct real_config *c)
{
	int ret = pci_config_raw(bdf, PCI_COMMAND, &c->command, sizeof(c->command));

	return ret ? ret : pci_config_raw(bdf, PCI_BASE_ADDRESS_0, c->bars, sizeof(c->bars));
}

static bool same_config(const struct real_config *a, const struct real_config *b)
{
	return a->command == b->command && !memcmp(a->bars, b->bars, sizeof(a->bars));
}

/* ---- a fatal error, and what was before it ---- */

enum history { NOTHING, A_RESET, AN_ERROR, LOW_POWER };

FIXTURE(fatal) {
	struct expect e;
	struct fn f;
	size_t page;
	int inject;
};

/* The kernel forgets what it saved of config space when it restores it once */
FIXTURE_VARIANT(fatal) {
	enum history before;
};

FIXTURE_VARIANT_ADD(fatal, first) { .before = NOTHING };
FIXTURE_VARIANT_ADD(fatal, after_a_reset) { .before = A_RESET };
FIXTURE_VARIANT_ADD(fatal, after_another) { .before = AN_ERROR };
FIXTURE_VARIANT_ADD(fatal, after_low_power) { .before = LOW_POWER };

FIXTURE_SETUP(fatal)
{
	const char *why;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	why = aer_impossible(&self->e, &self->inject);
	if (!why && !bus_resettable(self->e.bdf))
		why = "the kernel may not reset this bus";
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	if (self->e.model) {
		ASSERT_EQ(0, block_calm(&self->f));
	}
	self->page = page_size();
	fault_catch();

	switch (variant->before) {
	case A_RESET:
		ASSERT_EQ(0, reset_ioctl(&self->f));
		break;
	case AN_ERROR:
		ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));
		break;
	case LOW_POWER:
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
		ASSERT_EQ(0, fn_feature_set(&self->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
		break;
	case NOTHING:
		break;
	}
}

FIXTURE_TEARDOWN(fatal)
{
	if (self->inject >= 0)
		close(self->inject);
	if (self->f.device < 0)
		return;
	if (self->e.model)
		block_calm(&self->f);
	fn_close(&self->f);
}

TEST_F_TIMEOUT(fatal, revokes_and_comes_back, 120)
{
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u64 seed = now_ms(), got, n = 16 * self->page;
	volatile u8 *map[2] = { NULL, NULL };
	struct real_config before, after;
	u32 messages = 0;

	ASSERT_LE(0, efd);
	ASSERT_EQ(0, err_eventfd(&self->f, efd));
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!expect_region(&self->e, both[k]))
			continue;
		map[k] = map_plain(&self->f, both[k], 0, n, RW);
		ASSERT_NE(MAP_FAILED, (void *)map[k]);
		for (u64 o = 0; o < n; o += self->page)
			*(volatile u64 *)(map[k] + o) = seed + o + k;
		ASSERT_EQ(0, faults_of_walk(map[k], n, self->page));
	}
	ASSERT_EQ(0, real_config(self->e.bdf, &before));
	ASSERT_TRUE(before.command & PCI_COMMAND_MEMORY);
	if (self->e.model) {
		messages = block_read(&self->f, TEST_MESSAGES);
		ASSERT_EQ(0, block_write(&self->f, TEST_SCRATCH, 0x5c5a7c4d));
	}

	ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));

	EXPECT_TRUE(signalled(efd));
	ASSERT_EQ(0, real_config(self->e.bdf, &after));
	EXPECT_TRUE(same_config(&before, &after))
		TH_LOG("command %04x, was %04x", after.command, before.command);
	if (self->e.model) {
		/* the bus was reset, and the registers can be reached again */
		EXPECT_EQ(TEST_MAGIC, block_read(&self->f, TEST_MAGIC_REG));
		EXPECT_LT(messages, block_read(&self->f, TEST_MESSAGES));
		EXPECT_EQ(0, block_read(&self->f, TEST_SCRATCH));
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!map[k])
			continue;
		EXPECT_LE(1, faults_of_walk(map[k], n, self->page));
		for (u64 o = 0; o < n; o += self->page) {
			ASSERT_EQ(seed + o + k, *(volatile u64 *)(map[k] + o));
		}
		ASSERT_EQ(8, rd(&self->f, both[k], &got, 8, n - self->page));
		EXPECT_EQ(seed + n - self->page + k, got);
		munmap((void *)map[k], n);
	}
	close(efd);
}

/* File I/O comes first here, and has to find out on its own that all is well */
TEST_F_TIMEOUT(fatal, file_io_goes_on, 120)
{
	u64 mark = now_ms(), got = 0;

	for (unsigned int k = 0; k < ARRAY_SIZE(both); k++) {
		if (!expect_region(&self->e, both[k]))
			continue;
		ASSERT_EQ(8, wr(&self->f, both[k], &mark, 8, 8));
		ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));
		EXPECT_EQ(8, rd(&self->f, both[k], &got, 8, 8));
		EXPECT_EQ(mark, got);
		mark++;
		EXPECT_EQ(8, wr(&self->f, both[k], &mark, 8, 8));
		EXPECT_EQ(8, rd(&self->f, both[k], &got, 8, 8));
		EXPECT_EQ(mark, got);
	}
}

TEST_F_TIMEOUT(fatal, clears_fake_bars, 120)
{
	struct barmodel m;
	u8 junk[8], now[24];
	char why[128];

	ASSERT_EQ(24, rd(&self->f, VFIO_PCI_CONFIG_REGION_INDEX, now, 24, PCI_BASE_ADDRESS_0));
	barmodel_init(&m, &self->f, &self->e, now);
	memset(junk, 0xff, sizeof(junk));
	for (unsigned int bar = 2; bar < 6; bar += 2) {
		if (!expect_region(&self->e, bar))
			continue;
		ASSERT_EQ(8, wr(&self->f, VFIO_PCI_CONFIG_REGION_INDEX, junk, 8,
				PCI_BASE_ADDRESS_0 + bar * 4));
		barmodel_write(&m, PCI_BASE_ADDRESS_0 + bar * 4, junk, 8);
	}
	ASSERT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
	ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));
	barmodel_reset(&m, &self->e);
	EXPECT_EQ(0, barmodel_compare(&self->f, &m, why, sizeof(why))) TH_LOG("%s", why);
}

/* ---- other corners ---- */

FIXTURE(aer) {
	struct expect e;
	struct fn f;
	size_t page;
	int inject;
	bool bus_reset;
};

FIXTURE_SETUP(aer)
{
	const char *why;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	why = aer_impossible(&self->e, &self->inject);
	if (why)
		SKIP(return, "%s", why);
	self->bus_reset = bus_resettable(self->e.bdf);
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	if (self->e.model) {
		ASSERT_EQ(0, block_calm(&self->f));
	}
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(aer)
{
	if (self->inject >= 0)
		close(self->inject);
	if (self->f.device < 0)
		return;
	if (self->e.model)
		block_calm(&self->f);
	fn_close(&self->f);
}

TEST_F_TIMEOUT(aer, not_fatal_changes_nothing, 120)
{
	unsigned int off = PCI_BASE_ADDRESS_0 + USEMEM * 4;
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u64 seed = now_ms(), got, n = 8 * self->page;
	u32 lo, hi, resets = 0;
	volatile u8 *p;

	ASSERT_LE(0, efd);
	ASSERT_EQ(0, err_eventfd(&self->f, efd));
	p = map_plain(&self->f, USEMEM, 0, n, RW);
	ASSERT_NE(MAP_FAILED, (void *)p);
	for (u64 o = 0; o < n; o += self->page)
		*(volatile u64 *)(p + o) = seed + o;
	ASSERT_EQ(0, faults_of_walk(p, n, self->page));
	ASSERT_EQ(0, cfg_write(&self->f, off, 4, ~0U));
	ASSERT_EQ(0, cfg_write(&self->f, off + 4, 4, ~0U));
	lo = cfg_read(&self->f, off, 4);
	hi = cfg_read(&self->f, off + 4, 4);
	ASSERT_NE(0, hi);
	if (self->e.model)
		resets = block_read(&self->f, TEST_RESETS);
	ASSERT_FALSE(signalled(efd));

	ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, NOT_FATAL));

	EXPECT_TRUE(signalled(efd));
	EXPECT_EQ(0, faults_of_walk(p, n, self->page));
	for (u64 o = 0; o < n; o += self->page) {
		ASSERT_EQ(seed + o, *(volatile u64 *)(p + o));
	}
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, self->page));
	EXPECT_EQ(seed + self->page, got);
	got = ~seed;
	EXPECT_EQ(8, wr(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(got, *(volatile u64 *)p);
	EXPECT_EQ(lo, cfg_read(&self->f, off, 4));
	EXPECT_EQ(hi, cfg_read(&self->f, off + 4, 4));
	if (self->e.model) {
		EXPECT_EQ(resets, block_read(&self->f, TEST_RESETS));
	}
	munmap((void *)p, n);
	close(efd);
}

/* Nobody has it open: whoever opens it afterwards must find it whole */
TEST_F_TIMEOUT(aer, fatal_while_closed, 120)
{
	struct real_config before, after;
	u64 mark = now_ms(), got = 0;

	if (!self->bus_reset)
		SKIP(return, "the kernel may not reset this bus");
	ASSERT_EQ(8, wr(&self->f, USEMEM, &mark, 8, 0));
	fn_close(&self->f);
	ASSERT_EQ(0, real_config(self->e.bdf, &before));
	ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));
	ASSERT_EQ(0, real_config(self->e.bdf, &after));
	EXPECT_EQ(0, memcmp(before.bars, after.bars, sizeof(before.bars)));

	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	if (self->e.model) {
		EXPECT_EQ(TEST_MAGIC, block_read(&self->f, TEST_MAGIC_REG));
	}
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(mark, got);
}

/* ---- accesses meanwhile ---- */

struct worker {
	const struct fn *f;
	unsigned int index;
	u8 *map;		/* NULL: file I/O */
	u64 off, n, page, seed;
	atomic_bool *stop;
	atomic_int tid;
	atomic_ulong rounds;
	ssize_t bad;		/* what an access came back with that was not right */
	bool wrong;		/* contents */
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct fault_seen seen;
	u64 got, o;

	atomic_store(&w->tid, gettid());
	while (!atomic_load(w->stop) && !w->bad && !w->wrong) {
		for (o = 0; o < w->n && !w->bad && !w->wrong; o += w->page) {
			got = 0;
			if (w->map)
				w->bad = touch_read(w->map + o, 8, &got, &seen);
			else
				w->bad = rd(w->f, w->index, &got, 8, w->off + o) - 8;
			w->wrong = !w->bad && got != w->seed + o;
		}
		atomic_fetch_add(&w->rounds, 1);
	}
	return NULL;
}

struct progress {
	struct worker *w;
	unsigned long from;
};

static bool progressed(void *arg)
{
	struct progress *p = arg;

	return atomic_load(&p->w->rounds) >= p->from + 2 || p->w->bad || p->w->wrong;
}

TEST_F_TIMEOUT(aer, fatal_while_in_use, 180)
{
	struct worker w[4] = { 0 };
	atomic_bool stop = false;
	pthread_t thread[4];
	unsigned int i, round;

	if (!self->bus_reset)
		SKIP(return, "the kernel may not reset this bus");
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .page = self->page, .n = 8 * self->page,
			.off = i * 8 * self->page, .seed = now_ms() + i, .stop = &stop,
			.index = i / 2 && self->e.res.present ? RESMEM : USEMEM };
		if (i & 1) {
			w[i].map = map_plain(&self->f, w[i].index, w[i].off, w[i].n, RW);
			ASSERT_NE(MAP_FAILED, (void *)w[i].map);
		}
		for (u64 o = 0; o < w[i].n; o += self->page) {
			u64 word = w[i].seed + o;

			ASSERT_EQ(8, wr(&self->f, w[i].index, &word, 8, w[i].off + o));
		}
	}
	if (self->e.model && self->e.readiness) {
		ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, 50));
	}
	for (i = 0; i < ARRAY_SIZE(w); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, work, &w[i]));
	for (round = 0; round < 3; round++) {
		/* no error while nobody is at it, and none that is not survived */
		for (i = 0; i < ARRAY_SIZE(w); i++) {
			struct progress p = { &w[i], atomic_load(&w[i].rounds) };

			EXPECT_TRUE(wait_for(progressed, &p, LIMIT_MS))
				TH_LOG("thread %u is stuck before error %u", i, round);
		}
		EXPECT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));
	}
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		struct progress p = { &w[i], atomic_load(&w[i].rounds) };

		ASSERT_TRUE(wait_for(progressed, &p, LIMIT_MS))
			TH_LOG("thread %u is stuck at the end", i);
	}
	atomic_store(&stop, true);
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].bad) TH_LOG("thread %u", i);
		EXPECT_FALSE(w[i].wrong) TH_LOG("thread %u", i);
		if (w[i].map)
			munmap(w[i].map, w[i].n);
	}
}

struct polled {
	const struct fn *f;
	u32 from;
};

static bool polled_often(void *arg)
{
	struct polled *p = arg;

	return block_read(p->f, TEST_POLLS) - p->from >= 6;
}

/* Not ready until told: the first accesses wait for as long as that takes */
TEST_F_TIMEOUT(aer, fatal_then_slow, 180)
{
	struct polled polled = { .f = &self->f };
	struct worker w[2] = { 0 };
	atomic_bool stop = false;
	pthread_t thread[2];
	u64 seed = now_ms();

	if (!self->e.model || !self->e.readiness)
		SKIP(return, "no readiness to wait for");
	if (!self->bus_reset)
		SKIP(return, "the kernel may not reset this bus");
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .index = USEMEM, .page = self->page,
			.n = self->page, .seed = seed, .stop = &stop };
	}
	w[1].map = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, (void *)w[1].map);
	ASSERT_EQ(0, touch_write(w[1].map, 8, seed, NULL));
	ASSERT_EQ(0, block_write(&self->f, TEST_RESET_READY, TEST_NEVER));
	ASSERT_EQ(0, aer_error(self->inject, self->e.bdf, FATAL));

	polled.from = block_read(&self->f, TEST_POLLS);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, work, &w[i]));
	/* both ask, again and again, and are let in by nobody */
	EXPECT_TRUE(wait_for(polled_often, &polled, LIMIT_MS / 4));
	EXPECT_EQ(0, atomic_load(&w[0].rounds));
	EXPECT_EQ(0, atomic_load(&w[1].rounds));

	EXPECT_EQ(0, block_write(&self->f, TEST_READY, 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		struct progress p = { &w[i], 0 };

		ASSERT_TRUE(wait_for(progressed, &p, LIMIT_MS));
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; i < ARRAY_SIZE(w); i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].bad);
		EXPECT_FALSE(w[i].wrong);
	}
	munmap(w[1].map, self->page);
}

static bool worker_waits(void *arg)
{
	struct worker *w = arg;
	pid_t tid = atomic_load(&w->tid);

	return atomic_load(&w->rounds) || w->bad || (tid && task_blocked(tid));
}

/*
 * The bus cannot be reset. A kernel that says so to drivers says it with a second
 * call, so with a second signal: then accesses fail at once. To others the recovery
 * just never ends: then accesses wait. Either way a reset of the function helps.
 */
TEST_F_TIMEOUT(aer, fatal_without_recovery, 100)
{
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	u64 word = now_ms(), got, told = 0;
	struct worker w[2] = { 0 };
	atomic_bool stop = false;
	struct fault_seen seen;
	pthread_t thread[2];
	u8 *p;

	if (self->bus_reset)
		SKIP(return, "the bus can be reset, so there is recovery");
	if (self->e.no_reset)
		SKIP(return, "the function cannot be reset");
	ASSERT_LE(0, efd);
	ASSERT_EQ(0, err_eventfd(&self->f, efd));
	p = map_plain(&self->f, USEMEM, 0, self->page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, touch_write(p, 8, word, &seen));

	ASSERT_EQ(-EIO, aer_error(self->inject, self->e.bdf, FATAL));
	ASSERT_EQ(8, read(efd, &told, sizeof(told)));
	if (told > 1) {
		EXPECT_EQ(-EIO, rd(&self->f, USEMEM, &got, 8, 0));
		EXPECT_EQ(-EIO, wr(&self->f, USEMEM, &word, 8, 0));
		EXPECT_EQ(-EFAULT, touch_read(p, 8, &got, &seen));
		EXPECT_EQ(SIGBUS, seen.sig);
	} else {
		TH_LOG("this kernel does not tell drivers that a recovery failed");
	}
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++) {
		w[i] = (struct worker){ .f = &self->f, .index = USEMEM, .page = self->page,
			.map = i ? p : NULL, .n = self->page, .seed = word, .stop = &stop };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, work, &w[i]));
		EXPECT_TRUE(wait_for(worker_waits, &w[i], LIMIT_MS / 2));
		EXPECT_EQ(0, atomic_load(&w[i].rounds));
	}

	ASSERT_EQ(0, reset_ioctl(&self->f));
	EXPECT_EQ(0, touch_read(p, 8, &got, &seen));
	EXPECT_EQ(word, got);
	EXPECT_EQ(8, rd(&self->f, USEMEM, &got, 8, 0));
	EXPECT_EQ(word, got);
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++) {
		struct progress go = { &w[i], 0 };

		ASSERT_TRUE(wait_for(progressed, &go, LIMIT_MS / 2));
	}
	atomic_store(&stop, true);
	for (unsigned int i = 0; told < 2 && i < ARRAY_SIZE(w); i++) {
		pthread_join(thread[i], NULL);
		EXPECT_EQ(0, w[i].bad);
		EXPECT_FALSE(w[i].wrong);
	}
	munmap(p, self->page);
	close(efd);
}

TEST_HARNESS_MAIN
