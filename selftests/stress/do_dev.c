// SPDX-License-Identifier: GPL-2.0-only
/* Operations: resets, configuration space, power, files, region info. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "model.h"
#include "stress.h"

static long my_faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

static enum reset_kind draw_reset(const struct stress *s, unsigned int way)
{
	/* Unbinding holds the lock that sysfs waits for, until we have closed */
	if (way < 2 && !s->b->unbinding)
		return BY_SYSFS;
	if (way < 4 && s->e.flr)
		return BY_FLR;
	if (way < 6 && s->e.hot_reset && s->group)
		return BY_HOT;
	return BY_IOCTL;
}

/* A reset that was done took the mapping away and asks for readiness anew */
void do_reset(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	struct map *m = &w->map[op->slot % SLOTS];
	enum reset_kind kind = draw_reset(s, op->way);
	bool reached = false;
	u32 page = m->p ? s->a.win[m->window].first + m->page : 0, polls, later;
	long before;
	int ret;

	if (s->e.model)
		block_write(&s->f, TEST_RESET_READY, op->val % 12);
	if (m->p)
		reached = judged_read(w, op, m->p, page, 0);
	polls = s->e.model ? block_read(&s->f, TEST_POLLS) : ~0U;
	fact_begin(&s->b->reset);
	ret = reset_by(&s->f, &s->e, kind);
	fact_end(&s->b->reset, 0);
	/* VFIO only tries to lock the device, and somebody else may have it */
	if (ret && ret != -EAGAIN && ret != -EBUSY)
		fail(s, w->id, "reset: %d", ret);
	if (!m->p)
		return;
	before = my_faults();
	/*
	 * VFIO does not say whether an FLR through config space was done: it is
	 * not while somebody else (unbinding) has the device.
	 */
	if (!judged_read(w, op, m->p, page, 0) || ret || kind == BY_FLR)
		return;
	if (reached && my_faults() == before)
		fail(s, w->id, "a mapping outlived a reset");
	else if (reached)
		log_met(s, MET_RESET);
	later = s->e.model ? block_read(&s->f, TEST_POLLS) : ~0U;
	if (s->e.mem_needed && polls != ~0U && later != ~0U && later == polls)
		fail(s, w->id, "a reset, and nobody asked whether the memory is ready again");
}

/*
 * Any bytes to any of the address registers; what the fake ones then are is
 * known, unless there was a reset: then each may be clear as well, and may have
 * been before it was written.
 */
void do_config(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	struct board *b = s->b;
	const unsigned int cfg = VFIO_PCI_CONFIG_REGION_INDEX;
	unsigned int n = 1 + op->val % 16, off = PCI_BASE_ADDRESS_2 + op->val / 16 % (17 - n);
	struct barmodel kept, clear, both;
	u8 bytes[24], got[24];
	bool quiet;
	u64 since;

	pattern_fill(bytes, n, 0, op->val);
	pthread_mutex_lock(&b->config);
	since = b->reset;
	kept = b->bars;
	clear = kept;
	barmodel_reset(&clear, &s->e);
	both = clear;
	barmodel_write(&kept, off, bytes, n);
	barmodel_write(&both, off, bytes, n);
	if (wr(&s->f, cfg, bytes, n, off) != n)
		fail(s, w->id, "write of %u bytes at %#x of config space", n, off);
	if (rd(&s->f, cfg, got, 24, PCI_BASE_ADDRESS_0) != 24)
		fail(s, w->id, "read of config space");
	quiet = fact_quiet(b->bars_seen, b->reset);
	for (unsigned int bar = 2; bar < 6; bar += 2) {
		u8 *now = got + 4 * bar;

		if (!expect_region(&s->e, bar))
			continue;
		if (memcmp(now, kept.byte + 4 * bar, 8) &&
		    (quiet || (memcmp(now, clear.byte + 4 * bar, 8) &&
			       memcmp(now, both.byte + 4 * bar, 8))))
			fail(s, w->id,
			     "%u bytes written at %#x: BAR %u is %02x%02x%02x%02x%02x%02x%02x%02x (byte 7 first), reset %d",
			     n, off, bar, now[7], now[6], now[5], now[4], now[3], now[2], now[1],
			     now[0], !quiet);
		memcpy(b->bars.byte + 4 * bar, now, 8);
	}
	b->bars_seen = since;
	pthread_mutex_unlock(&b->config);
}

/* What can be reached while decoding is off, or in low power */
static void touch_some(struct worker *w, const struct op *op)
{
	do_touch(w, op);
	do_read(w, op);
	do_block(w, op);
}

void do_decode(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;

	pthread_mutex_lock(&s->b->command);
	fact_begin(&s->b->decode);
	if (fn_memory_decode(&s->f, false))
		fail(s, w->id, "PCI_COMMAND cannot be written");
	fact_end(&s->b->decode, OFF);
	touch_some(w, op);
	fact_begin(&s->b->decode);
	if (fn_memory_decode(&s->f, true))
		fail(s, w->id, "PCI_COMMAND cannot be written");
	fact_end(&s->b->decode, ON);
	pthread_mutex_unlock(&s->b->command);
}

void do_power(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	int ret;

	pthread_mutex_lock(&s->b->power);
	fact_begin(&s->b->awake);
	ret = fn_feature_set(&s->f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	fact_end(&s->b->awake, ret ? ON : OFF);
	touch_some(w, op);
	fact_begin(&s->b->awake);
	if (!ret && fn_feature_set(&s->f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT))
		fail(s, w->id, "no way out of low power");
	fact_end(&s->b->awake, ON);
	pthread_mutex_unlock(&s->b->power);
}

void do_info(struct worker *w, const struct op *op)
{
	unsigned int index = w->s->a.win[op->window].index;
	const struct expect_region *r = expect_region(&w->s->e, index);
	struct vfio_region_info_cap_sparse_mmap *sparse;
	struct vfio_region_info *info = fn_region_info(&w->s->f, index);

	if (!info) {
		fail(w->s, w->id, "region info: %d", errno);
		return;
	}
	sparse = (void *)info_cap(info, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	if (info->size != r->bar || (sparse ? sparse->areas[0].size : info->size) != r->len)
		fail(w->s, w->id, "region %u: size %llx", index, info->size);
	free(info);
}

/* A file of its own: the mapping outlives it */
void do_fd(struct worker *w, const struct op *op)
{
	struct stress *s = w->s;
	const struct window *win = &s->a.win[op->window];
	u32 page = win->first + op->page;
	struct fn other = s->f;
	u8 *p;

	if (s->group && op->way & 1 && !s->b->unbinding)
		other.device = fn_device_fd(&s->f, s->e.bdf);
	else
		other.device = dup(s->f.device);
	if (other.device < 0) {
		fail(s, w->id, "another file: %d", other.device);
		return;
	}
	p = map_plain(&other, win->index, win->off + op->page * s->a.page, s->a.page,
		      PROT_READ | PROT_WRITE);
	if (p == MAP_FAILED) {
		fail(s, w->id, "mmap of another file: %d", errno);
		close(other.device);
		return;
	}
	judged_read(w, op, p, page, 0);
	close(other.device);
	judged_read(w, op, p + 8, page, 8);
	munmap(p, s->a.page);
}
