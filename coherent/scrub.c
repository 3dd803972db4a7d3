// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between tenants: the memory is cleared before somebody else sees it.
 *
 * Clearing hundreds of GiB takes a while: chunks of it go to as many workers as
 * there are CPUs. Each clears a piece at a time between coherent_access_begin()
 * and coherent_access_end(), so that a reset can come in between, and known
 * poison is left out: readers do not reach it either.
 *
 * Memory is dirty from the moment that somebody may have written to it until
 * all of it was cleared. So whatever was not cleared, for any reason, is
 * cleared before the next open succeeds.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/dev_printk.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "coherent.h"
#include "poison/poison.h"

/* What a worker takes at a time, and what it clears before a reset may come */
#define CHUNK	SZ_64M
#define PIECE	SZ_1M

/* A reset has come in between: until it is worth asking again */
#define PAUSE_MS	16

struct scrub_job {
	struct coherent_aperture *ap;
	bool wait;		/* for memory that is not ready for now */
	atomic64_t next;	/* chunk to be taken */
	int error;		/* the first; others stop when they see it */
	bool left_out;		/* poison, which may heal */
	atomic_t helpers;	/* at work, and the caller, who begins and ends */
	struct completion done;
};

struct scrub_worker {
	struct work_struct work;
	struct scrub_job *job;
};

static void stop(struct scrub_job *job, int error)
{
	cmpxchg(&job->error, 0, error);
}

/* Bytes of the aperture that are shown, region after region */
static u64 total(const struct coherent_aperture *ap)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		sum += ap->layout.regions[i].length;
	return sum;
}

/* The region that byte @pos of total() is in, and which of its bytes that is */
static struct coherent_window *find_byte(struct coherent_aperture *ap, u64 pos,
					 u64 *off)
{
	struct coherent_window *win = ap->windows;

	for (; pos >= win->region->length; win++)
		pos -= win->region->length;
	*off = pos;
	return win;
}

static void clear(struct coherent_window *win, u64 off, size_t n)
{
	if (win->region->memtype == COHERENT_UC)
		memset_io((void __iomem __force *)win->va + off, 0, n);
	else
		memset(win->va + off, 0, n);
}

/* coherent_access_begin(), and wait if that is wanted */
static int begin_piece(struct scrub_job *job)
	__cond_acquires_shared(0, job->ap->face_lock)
	__cond_acquires_shared(0, &job->ap->gate.lock)
{
	int ret;

	for (;;) {
		ret = coherent_access_begin(job->ap, COHERENT_ACCESS_COPY_AWAKE);
		if (ret != -EAGAIN || !job->wait || READ_ONCE(job->error))
			return ret;
		/* The caller can be killed; helpers stop on the error */
		if (fatal_signal_pending(current))
			return -EINTR;
		coherent_access_pause(job->ap, TASK_IDLE, PAUSE_MS, PAUSE_MS);
	}
}

/* At most @n bytes; returns how many are done with, which a bad page is, too */
static ssize_t clear_piece(struct scrub_job *job, struct coherent_window *win,
			   u64 off, size_t n)
{
	size_t good;
	int ret = begin_piece(job);

	if (ret)
		return ret;
	good = coherent_poison_clip(win, off, n);
	if (good)
		clear(win, off, good);
	else
		WRITE_ONCE(job->left_out, true);
	coherent_access_end(job->ap);
	return good ?: min_t(size_t, n, PAGE_SIZE);
}

static void clear_chunk(struct scrub_job *job, u64 pos, u64 end)
{
	u64 off;

	while (pos < end && !READ_ONCE(job->error)) {
		struct coherent_window *win = find_byte(job->ap, pos, &off);
		ssize_t n = min3(end - pos, win->region->length - off,
				 (u64)PIECE);

		n = clear_piece(job, win, off, n);
		if (n < 0) {
			stop(job, n);
			return;
		}
		pos += n;
		atomic64_add(n, &job->ap->scrub.done);
		if (fatal_signal_pending(current))
			stop(job, -EINTR);
		cond_resched();
	}
}

static void work_on(struct scrub_job *job)
{
	u64 sum = job->ap->scrub.total;
	u64 pos;

	while (!READ_ONCE(job->error)) {
		pos = (u64)(atomic64_inc_return(&job->next) - 1) * CHUNK;
		if (pos >= sum)
			break;
		clear_chunk(job, pos, min(pos + CHUNK, sum));
	}
	wmb();	/* Stores to WC memory may sit in the CPU's buffers */
}

static void leave(struct scrub_job *job)
{
	if (atomic_dec_and_test(&job->helpers))
		complete(&job->done);
}

static void work_fn(struct work_struct *work)
{
	struct scrub_job *job = container_of(work, struct scrub_worker, work)->job;

	work_on(job);
	leave(job);
}

/* Helpers may wait for the memory still, which may take minutes */
static void wait_for_helpers(struct scrub_job *job)
{
	leave(job);
	if (wait_for_completion_killable(&job->done))
		stop(job, -EINTR);
}

/* With helpers, if any can start; otherwise the caller does it alone */
static void work_together(struct scrub_job *job)
{
	u64 chunks = DIV_ROUND_UP_ULL(job->ap->scrub.total, CHUNK);
	unsigned int n = min_t(u64, num_online_cpus(), chunks) - 1;
	struct scrub_worker *workers = NULL;
	struct workqueue_struct *wq = NULL;

	if (n)
		workers = kcalloc(n, sizeof(*workers), GFP_KERNEL);
	if (workers)
		wq = alloc_workqueue("coherent-vfio-scrub", WQ_UNBOUND, n);
	init_completion(&job->done);
	atomic_set(&job->helpers, 1);
	for (unsigned int i = 0; wq && i < n; i++) {
		atomic_inc(&job->helpers);
		workers[i].job = job;
		INIT_WORK(&workers[i].work, work_fn);
		queue_work(wq, &workers[i].work);
	}
	work_on(job);
	wait_for_helpers(job);
	if (wq)
		destroy_workqueue(wq);
	kfree(workers);
}

static int map_all(struct coherent_aperture *ap)
{
	for (unsigned int i = 0; i < ap->layout.nr_regions; i++)
		if (!coherent_map(&ap->windows[i]))
			return -ENOMEM;
	return 0;
}

/* All of it but poison; *@left_out says whether there was some */
static int scrub(struct coherent_aperture *ap, bool wait, bool *left_out)
{
	struct scrub_job job = { .ap = ap, .wait = wait };
	int ret = map_all(ap);

	*left_out = false;
	if (ret)
		return ret;
	if (wait) {
		ret = coherent_access_wait(ap, COHERENT_ACCESS_COPY_AWAKE,
					   TASK_KILLABLE);
		if (ret)
			return ret;
	}
	/* What a reset has healed is in the queue once the memory is seen ready */
	ret = coherent_poison_settle();
	if (ret)
		return ret;
	atomic64_set(&ap->scrub.done, 0);
	work_together(&job);
	*left_out = job.left_out;
	return job.error;
}

/**
 * coherent_scrub_open() - clear what an earlier user may have left
 * @ap: the aperture, reset; nobody has its file yet
 *
 * Context: open; may sleep, killably, for the memory to be ready and for as long
 * as it takes to clear.
 * Return: 0; -EINTR when killed; -ENOMEM; or as coherent_access_begin_wait().
 * Then the open must fail, and the memory is still dirty.
 */
int coherent_scrub_open(struct coherent_aperture *ap)
{
	bool left_out;
	int ret = 0;

	if (ap->scrub.dirty &&
	    READ_ONCE(ap->scrub.policy) != COHERENT_SCRUB_NONE)
		ret = scrub(ap, true, &left_out);
	if (ret && ret != -EINTR)
		dev_err_ratelimited(ap->dev,
				    "cannot clear what an earlier user may have left in memory (%d); open refused\n",
				    ret);
	if (!ret)
		ap->scrub.dirty = true;
	return ret;
}

/**
 * coherent_scrub_close() - clear what its user leaves, if that is the policy
 * @ap: the aperture, still enabled, with no file left
 *
 * What cannot be cleared now (the memory is not ready, the user has put the
 * function to sleep, or has it exported for DMA) is cleared before the next open
 * succeeds.
 *
 * Context: close; may sleep for as long as it takes to clear.
 */
void coherent_scrub_close(struct coherent_aperture *ap)
{
	struct device *dev = ap->dev;
	bool left_out = false;
	int ret;

	if (READ_ONCE(ap->scrub.policy) != COHERENT_SCRUB_CLOSE)
		return;
	/* DMA of its user's other devices may go on until it is closed */
	ret = coherent_dmabufs_are_left(ap) ? -EBUSY :
	      pm_runtime_resume_and_get(dev);
	if (!ret) {
		ret = scrub(ap, false, &left_out);
		pm_runtime_put(dev);
	}
	/* What was left out may be readable when the next one comes */
	ap->scrub.dirty = ret || left_out;
	if (ret)
		dev_warn_ratelimited(dev, "memory was not cleared at close (%d); the next open does it\n",
				     ret);
}

/**
 * coherent_scrub_init() - at probe
 * @ap: the aperture, claimed
 * @policy: the backend's
 *
 * The contents of the memory are unknown, so it is dirty. Memory owned by the
 * kernel starts with the policy open, so that it is cleared before it is used.
 */
void coherent_scrub_init(struct coherent_aperture *ap,
			 enum coherent_scrub_policy policy)
{
	ap->scrub.policy = ap->own_memory ? COHERENT_SCRUB_OPEN : policy;
	ap->scrub.dirty = true;
	ap->scrub.total = total(ap);
	atomic64_set(&ap->scrub.done, 0);
}
