// SPDX-License-Identifier: GPL-2.0-only
/* A process of workers: threads that do their operations one after the other. */
#include <stdlib.h>
#include <sys/mman.h>

#include "poison.h"
#include "stress.h"

static void (*const run[OP_KINDS])(struct worker *w, const struct op *op) = {
	[OP_READ] = do_read, [OP_WRITE] = do_write, [OP_TAIL] = do_tail,
	[OP_BADBUF] = do_badbuf, [OP_SELF] = do_self,
	[OP_MAP] = do_map, [OP_UNMAP] = do_unmap, [OP_MOVE] = do_move,
	[OP_PROTECT] = do_protect, [OP_ADVISE] = do_advise, [OP_TOUCH] = do_touch,
	[OP_WALK] = do_walk, [OP_FORK] = do_fork, [OP_BLOCK] = do_block,
	[OP_REMAP] = do_remap, [OP_DMA] = do_dma,
	[OP_RESET] = do_reset, [OP_CONFIG] = do_config, [OP_DECODE] = do_decode,
	[OP_POWER] = do_power, [OP_INJECT] = do_inject, [OP_CLEAR] = do_clear,
	[OP_CLEAR_ALL] = do_clear_all, [OP_POLICY] = do_policy, [OP_LIST] = do_list,
	[OP_INFO] = do_info, [OP_FD] = do_fd,
	[OP_IOCTL] = do_ioctl,
};

void op_do(struct worker *w, const struct op *op)
{
	run[op->kind](w, op);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct stress *s = w->s;
	struct op op;

	/* Some hear of errors before they touch them */
	early_kill(w->id & 1);
	for (u32 nr = 0; nr < s->ops && !atomic_load(&s->b->stop); nr++) {
		op_draw(&op, s, w->id, nr);
		log_op(s, w->id, &op);
		op_do(w, &op);
	}
	for (unsigned int i = 0; i < SLOTS; i++)
		if (w->map[i].p)
			munmap(w->map[i].p, w->map[i].pages * s->a.page);
	return NULL;
}

/* Returns the status of the process; what the workers found is on the board */
int worker_process(struct stress *s, unsigned int process)
{
	struct worker w[THREADS] = { 0 };
	struct map common[WINDOWS] = { 0 };
	pthread_t thread[THREADS];

	fault_catch();
	/* One of them has a file of its own, where that can be */
	if (process && s->group && !s->b->unbinding) {
		s->f.device = fn_device_fd(&s->f, s->e.bdf);
		if (s->f.device < 0)
			return 4;
	}
	for (unsigned int i = 0; i < s->a.windows; i++) {
		common[i] = (struct map){ .window = i, .pages = s->a.win[i].pages };
		common[i].p = map_window(s, i, 0, common[i].pages, 0);
		if (common[i].p == MAP_FAILED)
			return 2;
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		w[i].s = s;
		w[i].id = process * THREADS + i;
		w[i].common = common;
		if (s->only >= 0 && s->only != (int)w[i].id)
			continue;
		if (pthread_create(&thread[i], NULL, work, &w[i]))
			return 3;
	}
	for (unsigned int i = 0; i < THREADS; i++)
		if (s->only < 0 || s->only == (int)w[i].id)
			pthread_join(thread[i], NULL);
	return 0;
}
