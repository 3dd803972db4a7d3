// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies bytes between a region and a user buffer.
 *
 * The user's buffer may be a mapping of this very device. Faulting it in takes
 * the locks that an access of the region holds. If a reset already waits for
 * them that is a deadlock: so under these locks bytes are copied with page
 * faults disabled. What that could not copy goes through a kernel buffer, a
 * page at a time, with no lock held while the user's buffer is touched. That
 * always makes progress, and faults the user's page in for the following
 * copies.
 */
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/pm_runtime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "coherent.h"
#include "poison/poison.h"
#include "trace.h"

/* How much is copied before a waiting reset may have its turn */
#define COPY_CHUNK	SZ_1M

/* One call of coherent_copy() */
struct copy {
	struct coherent_window *win;
	struct iov_iter *iter;
	void *page;	/* to bounce through, once that was necessary */
	bool awake;	/* holds a runtime PM reference */
};

/*
 * Device bytes to a kernel buffer. Returns how many could not be loaded: if the
 * architecture survives a machine check on a load (x86), unreported poison ends
 * the copy here and does not panic.
 */
static size_t load(const struct coherent_window *win, void *to, u64 off,
		   size_t n)
{
	if (win->region->memtype == COHERENT_UC) {
		memcpy_fromio(to, (void __iomem __force *)win->va + off, n);
		return 0;
	}
#ifdef CONFIG_ARCH_HAS_COPY_MC
	return copy_mc_to_kernel(to, win->va + off, n);
#else
	memcpy(to, win->va + off, n);
	return 0;
#endif
}

static void store(const struct coherent_window *win, u64 off, const void *from,
		  size_t n)
{
	if (win->region->memtype == COHERENT_UC)
		memcpy_toio((void __iomem __force *)win->va + off, from, n);
	else
		memcpy(win->va + off, from, n);
}

static enum coherent_access access_of(const struct copy *copy)
{
	return copy->awake ? COHERENT_ACCESS_COPY_AWAKE : COHERENT_ACCESS_COPY;
}

/*
 * It cannot be at once. Waits; a user in low power sleeps, and its file I/O
 * wakes the device meanwhile.
 */
static noinline int begin_late(struct copy *copy, int ret)
	__cond_acquires_shared(0, copy->win->ap->face_lock)
	__cond_acquires_shared(0, &copy->win->ap->gate.lock)
{
	const unsigned int state = TASK_INTERRUPTIBLE | TASK_FREEZABLE;
	struct coherent_aperture *ap = copy->win->ap;

	if (ret == -EAGAIN)
		ret = coherent_access_begin_wait(ap, access_of(copy), state);
	if (ret != -EHOSTDOWN)
		return ret;
	if (pm_runtime_resume_and_get(ap->dev))
		return -EIO;
	copy->awake = true;
	return coherent_access_begin_wait(ap, access_of(copy), state);
}

/*
 * Begin, and keep away from poison: *@n is cut to what may be touched before
 * coherent_access_end(). On error, -EIO when that is nothing, it is 0 and
 * there is nothing to end.
 */
static __always_inline int begin_copy(struct copy *copy, u64 off, size_t *n)
	__cond_acquires_shared(0, copy->win->ap->face_lock)
	__cond_acquires_shared(0, &copy->win->ap->gate.lock)
{
	int ret = coherent_access_begin(copy->win->ap, access_of(copy));

	if (unlikely(ret))
		ret = begin_late(copy, ret);
	if (ret) {
		*n = 0;
		return ret;
	}
	*n = coherent_poison_clip(copy->win, off, *n);
	if (*n)
		return 0;
	coherent_access_end(copy->win->ap);
	return -EIO;
}

/*
 * One copy, no bounce. Returns bytes moved, fewer where the user is absent.
 * Inlined for small copies, as begin_copy().
 */
static __always_inline ssize_t copy_direct(struct copy *copy, u64 off, size_t n)
{
	void *va = copy->win->va + off;
	ssize_t ret;

	ret = begin_copy(copy, off, &n);
	if (ret)
		return ret;
	pagefault_disable();
	if (iov_iter_rw(copy->iter) == READ)
		ret = _copy_mc_to_iter(va, n, copy->iter);
	else
		ret = _copy_from_iter(va, n, copy->iter);
	pagefault_enable();
	coherent_access_end(copy->win->ap);
	return ret;
}

/* At most a page, by a kernel buffer: the user is touched with no lock held */
static ssize_t copy_bounced(struct copy *copy, u64 off, size_t n)
{
	bool read = iov_iter_rw(copy->iter) == READ;
	size_t taken;
	int ret;

	if (!copy->page)
		copy->page = (void *)__get_free_page(GFP_KERNEL);
	if (!copy->page)
		return -ENOMEM;

	n = min_t(size_t, n, PAGE_SIZE);
	if (!read) {
		n = copy_from_iter(copy->page, n, copy->iter);
		if (!n)
			return -EFAULT;
	}

	taken = n;
	ret = begin_copy(copy, off, &n);
	if (!read)
		iov_iter_revert(copy->iter, taken - n);
	if (ret)
		return ret;
	if (read)
		n -= load(copy->win, copy->page, off, n);
	else
		store(copy->win, off, copy->page, n);
	coherent_access_end(copy->win->ap);

	if (!read)
		return n;
	if (!n)
		return -EIO;
	n = copy_to_iter(copy->page, n, copy->iter);
	return n ?: -EFAULT;
}

/*
 * What could not be copied directly. Device memory that must be touched with
 * the right instructions (UC) never is.
 *
 * The source of the bytes is faulted in as far as possible. The destination is
 * not: the kernel's helper for that requests pages as KVM does, and would be
 * lent poison. Bouncing faults a page in, too.
 */
static noinline ssize_t copy_indirect(struct copy *copy, u64 off, size_t n)
{
	ssize_t ret;

	if (copy->win->region->memtype != COHERENT_UC &&
	    iov_iter_rw(copy->iter) == WRITE) {
		if (fault_in_iov_iter_readable(copy->iter, n) == n)
			return -EFAULT;
		ret = copy_direct(copy, off, n);
		if (ret)
			return ret;
	}
	return copy_bounced(copy, off, n);
}

/* By itself: in line, coherent_copy() would prepare for it though nobody traces */
static noinline void trace_copy(const struct copy *copy, u64 off, size_t count, ssize_t ret)
{
	trace_coherent_copy(copy->win->ap->dev, copy->win->region->bar, off, count,
			    iov_iter_rw(copy->iter) == WRITE, ret);
}

/**
 * coherent_copy() - move bytes between a region and an iterator
 * @win: the region, mapped
 * @iter: the user's buffer; its direction says which way
 * @off: first byte, @off + @count is within the usable length
 * @count: how many
 *
 * Context: no lock held; may sleep, interruptibly.
 * Return: bytes moved, fewer than @count when the buffer ends early; if none:
 * -EFAULT, -EIO (poison, or the device did not give the bytes), -ENOMEM, or as
 * coherent_access_begin_wait(). A signal ends the wait for the memory, but no
 * copy that goes on.
 */
ssize_t coherent_copy(struct coherent_window *win, struct iov_iter *iter,
		      u64 off, size_t count)
{
	struct copy copy = { .win = win, .iter = iter };
	bool direct = win->region->memtype != COHERENT_UC;
	size_t done = 0;
	ssize_t ret = 0;

	while (done < count) {
		size_t n = min_t(size_t, count - done, COPY_CHUNK);

		ret = direct ? copy_direct(&copy, off + done, n) : 0;
		if (!ret)
			ret = copy_indirect(&copy, off + done, n);
		if (ret < 0)
			break;
		done += ret;
		if (done == count)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	if (copy.page)
		free_page((unsigned long)copy.page);
	if (copy.awake)
		pm_runtime_put(win->ap->dev);

	if (iov_iter_rw(iter) == WRITE &&
	    win->region->memtype != COHERENT_CACHED)
		wmb();	/* Stores to WC memory may sit in the CPU's buffers */
	ret = done ?: ret;
	if (trace_coherent_copy_enabled())
		trace_copy(&copy, off, count, ret);
	return ret;
}
