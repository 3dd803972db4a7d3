// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps of an attack: what a process may do with the device that it holds.
 * A step complains only of what no user of VFIO should ever see; which of the
 * fair answers comes depends on what the other attackers are doing.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attack.h"
#include "model.h"

#define RW		(PROT_READ | PROT_WRITE)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))

static void complain(struct attacker *a, const char *what, long ret)
{
	if (!atomic_exchange(&a->board->bad, 1))
		snprintf(a->board->what, sizeof(a->board->what), "attacker %u: %s: %ld",
			 a->id, what, ret);
}

/* Errors that file I/O on a fake region has for a good buffer in a good place */
static bool io_error_is_fair(const struct attacker *a, ssize_t ret)
{
	/* a signal, which some attacker sends, ends a wait before anything is moved */
	if (ret == -EINTR)
		return true;
	/* reset while memory decoding is off, and readiness behind a BAR */
	return ret == -EIO && a->e->mem_needed;
}

static unsigned int some_region(struct attacker *a)
{
	return rng_below(&a->rng, 2) && a->e->res.present ? RESMEM : USEMEM;
}

/* ---- steps ---- */

static void step_own_write(struct attacker *a)
{
	size_t off = rng_below(&a->rng, a->slot_len - 1);
	size_t n = 1 + rng_below(&a->rng, a->slot_len - off);
	ssize_t ret, done;
	u8 *buf;

	if (rng_below(&a->rng, 2) && n > 100)
		n = 1 + rng_below(&a->rng, 100);
	buf = malloc(n);
	if (!buf)
		return;
	pattern_fill(buf, n, off, rng_next(&a->rng));
	for (done = 0; done < (ssize_t)n; done += ret) {
		ret = wr(a->f, a->index, buf + done, n - done, a->slot + off + done);
		if (ret <= 0) {
			if (!io_error_is_fair(a, ret))
				complain(a, "write", ret);
			break;
		}
		memcpy(a->shadow + off + done, buf + done, ret);
	}
	free(buf);
}

static void step_own_read(struct attacker *a)
{
	size_t off = rng_below(&a->rng, a->slot_len - 1);
	size_t n = 1 + rng_below(&a->rng, a->slot_len - off);
	u8 *buf = malloc(n);
	ssize_t ret;

	if (!buf)
		return;
	ret = rd(a->f, a->index, buf, n, a->slot + off);
	if (ret <= 0) {
		if (!io_error_is_fair(a, ret))
			complain(a, "read", ret);
	} else if (memcmp(buf, a->shadow + off, ret)) {
		complain(a, "read: wrong bytes", ret);
	}
	free(buf);
}

/* Through a mapping of its own slot: SIGBUS is fair while decoding may be off */
static void step_own_map(struct attacker *a)
{
	size_t page = page_size(), off, n;
	struct fault_seen seen;
	u64 val, got;
	u8 *p;

	p = map_plain(a->f, a->index, a->slot, a->slot_len, RW);
	if (p == MAP_FAILED) {
		complain(a, "mmap", errno);
		return;
	}
	for (n = 0; n < 6; n++) {
		off = rng_below(&a->rng, a->slot_len / 8) * 8;
		val = rng_next(&a->rng);
		if (touch_write(p + off, 8, val, &seen)) {
			if (seen.sig != SIGBUS || seen.addr != p + off)
				complain(a, "touch: wrong signal", seen.sig);
			continue;
		}
		memcpy(a->shadow + off, &val, 8);
		if (!touch_read(p + off, 8, &got, &seen) && got != val)
			complain(a, "touch: wrong bytes", off);
	}
	/* In three parts; what is in the place of the first by then is somebody else's */
	munmap(p + page, page);
	munmap(p, page);
	munmap(p + 2 * page, a->slot_len - 2 * page);
}

static void step_map(struct attacker *a)
{
	unsigned int k = rng_below(&a->rng, ATTACK_MAPS), index = some_region(a);
	const struct expect_region *r = expect_region(a->e, index);
	u64 page = page_size(), off, n;

	if (a->map[k]) {
		munmap(a->map[k], a->map_len[k]);
		a->map[k] = NULL;
	}
	off = rng_below(&a->rng, r->len / page) * page;
	n = (1 + rng_below(&a->rng, 2 * pmd_size() / page)) * page;
	if (off + n > r->len)
		n = r->len - off;
	a->map[k] = map_aligned(a->f, index, r->base, off, n, pmd_size(),
				rng_below(&a->rng, 2) * page, RW);
	if (a->map[k] == MAP_FAILED) {
		complain(a, "mmap", errno);
		a->map[k] = NULL;
	}
	a->map_len[k] = n;
}

/* Foreign places are only read: each byte has one writer */
static void step_touch(struct attacker *a)
{
	unsigned int k = rng_below(&a->rng, ATTACK_MAPS);
	struct fault_seen seen;
	u8 *p;

	if (!a->map[k])
		return;
	for (int i = 0; i < 8; i++) {
		p = a->map[k] + rng_below(&a->rng, a->map_len[k] - 8);
		if (touch_read(p, 1, NULL, &seen) && seen.sig != SIGBUS)
			complain(a, "touch: wrong signal", seen.sig);
	}
}

static void step_advise(struct attacker *a)
{
	static const int advice[] = { MADV_DONTNEED, MADV_WILLNEED, MADV_HUGEPAGE,
				      MADV_COLD, MADV_PAGEOUT, MADV_RANDOM };
	unsigned int k = rng_below(&a->rng, ATTACK_MAPS);

	if (!a->map[k])
		return;
	madvise(a->map[k], a->map_len[k], advice[rng_below(&a->rng, ARRAY_SIZE(advice))]);
	mprotect(a->map[k], page_size(), PROT_READ);
	mprotect(a->map[k], a->map_len[k], RW);
}

/* Bytes of the device into a mapping of the device, elsewhere in its own slot */
static void step_own_to_own(struct attacker *a)
{
	size_t half = a->slot_len / 2 & ~(page_size() - 1);
	ssize_t ret;
	u8 *p;

	p = map_plain(a->f, a->index, a->slot + half, half, RW);
	if (p == MAP_FAILED) {
		complain(a, "mmap", errno);
		return;
	}
	ret = rd(a->f, a->index, p, half, a->slot);
	if (ret > 0)
		memcpy(a->shadow + half, a->shadow, ret);
	else if (ret != -EFAULT && !io_error_is_fair(a, ret))
		complain(a, "read into own mapping", ret);
	munmap(p, half);
}

static void step_bad_buffer(struct attacker *a)
{
	unsigned int index = some_region(a);
	ssize_t ret = rd(a->f, index, (void *)8, 100, rng_below(&a->rng, 1000));

	if (ret != -EFAULT && !io_error_is_fair(a, ret))
		complain(a, "read into nowhere", ret);
}

static void step_reset(struct attacker *a)
{
	int ret;

	if (a->e->no_reset)
		return;
	if (a->e->model)
		block_write(a->f, TEST_RESET_READY, rng_below(&a->rng, 15));
	switch (rng_below(&a->rng, 4)) {
	case 0:
		ret = reset_sysfs(a->e->bdf);
		break;
	case 1:
		ret = a->e->flr ? reset_flr(a->f) : reset_ioctl(a->f);
		break;
	case 2:
		ret = a->e->hot_reset ? reset_hot(a->f) : reset_ioctl(a->f);
		break;
	default:
		ret = reset_ioctl(a->f);
	}
	/* VFIO only tries to lock the device, or the bus, and somebody else may have it */
	if (ret && ret != -EAGAIN && ret != -EBUSY)
		complain(a, "reset", ret);
}

static void step_config(struct attacker *a)
{
	u8 buf[64];
	unsigned int n = 1 + rng_below(&a->rng, 24);
	unsigned int off = PCI_BASE_ADDRESS_0 + rng_below(&a->rng, 25 - n);
	ssize_t ret;

	pattern_fill(buf, n, 0, rng_next(&a->rng));
	ret = wr(a->f, VFIO_PCI_CONFIG_REGION_INDEX, buf, n, off);
	if (ret != n)
		complain(a, "config write", ret);
	ret = rd(a->f, VFIO_PCI_CONFIG_REGION_INDEX, buf, sizeof(buf), 0);
	if (ret != sizeof(buf))
		complain(a, "config read", ret);
}

static void step_decode(struct attacker *a)
{
	fn_memory_decode(a->f, false);
	if (rng_below(&a->rng, 2))
		sched_yield();
	fn_memory_decode(a->f, true);
}

static void step_power(struct attacker *a)
{
	/* somebody else may have done either before us: both answers are fair */
	fn_feature_set(a->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	fn_feature_set(a->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static void step_info(struct attacker *a)
{
	struct vfio_region_info *info;
	unsigned int index = rng_below(&a->rng, VFIO_PCI_VGA_REGION_INDEX);

	info = fn_region_info(a->f, index);
	if (!info)
		complain(a, "region info", errno);
	free(info);
}

static void step_fork(struct attacker *a)
{
	unsigned int k = rng_below(&a->rng, ATTACK_MAPS);
	pid_t pid = fork();

	if (!pid) {
		if (a->map[k])
			touch_read(a->map[k], 8, NULL, NULL);
		_exit(0);
	}
	if (pid > 0 && wait_child(pid, 60000) < 0)
		complain(a, "child did not end", pid);
}

static void step_dma(struct attacker *a)
{
	u64 iova = (4ULL + a->id) * GiB;
	unsigned int k = rng_below(&a->rng, ATTACK_MAPS);

	if (!a->map[k])
		return;
	/* fails while decoding is off; must be undone when it worked */
	if (!fn_dma_map(a->f, a->map[k], a->map_len[k], iova) &&
	    fn_dma_unmap(a->f, a->map_len[k], iova))
		complain(a, "DMA unmap", errno);
}

static void step_signal(struct attacker *a)
{
	(void)a;
	kill(getpid(), SIGUSR1);
}

static const struct {
	void (*run)(struct attacker *a);
	unsigned int weight;
} steps[] = {
	{ step_own_write, 12 },
	{ step_own_read, 12 },
	{ step_own_map, 12 },
	{ step_own_to_own, 6 },
	{ step_map, 10 },
	{ step_touch, 12 },
	{ step_advise, 4 },
	{ step_bad_buffer, 3 },
	{ step_reset, 3 },
	{ step_config, 8 },
	{ step_decode, 3 },
	{ step_power, 2 },
	{ step_info, 4 },
	{ step_fork, 2 },
	{ step_dma, 3 },
	{ step_signal, 4 },
};

void attack_step(struct attacker *a)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		total += steps[i].weight;
	pick = rng_below(&a->rng, total);
	for (i = 0; pick >= steps[i].weight; i++)
		pick -= steps[i].weight;
	steps[i].run(a);
}

void attack_end(struct attacker *a)
{
	for (unsigned int i = 0; i < ATTACK_MAPS; i++) {
		if (a->map[i])
			munmap(a->map[i], a->map_len[i]);
		a->map[i] = NULL;
	}
}
