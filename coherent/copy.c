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

/*
 * Device bytes to a kernel buffer. Returns how many could not be loaded: if the
 * architecture survives a machine check on a load (x86), unreported poison ends
 * the copy here and does not panic.
 */
static size_t load(struct coherent_window *win, void *to, u64 off, size_t n)
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

static void store(struct coherent_window *win, u64 off, const void *from,
		  size_t n)
{
	if (win->region->memtype == COHERENT_UC)
		memcpy_toio((void __iomem __force *)win->va + off, from, n);
	else
		memcpy(win->va + off, from, n);
}

/*
 * coherent_access_begin_wait(), and keep away from poison: *@n is cut to what
 * may be touched before coherent_access_end(). On error, -EIO when that is
 * nothing, it is 0 and there is nothing to end.
 */
static int begin_copy(struct coherent_window *win, u64 off, size_t *n)
	__cond_acquires_shared(0, win->ap->face_lock)
	__cond_acquires_shared(0, &win->ap->gate.lock)
{
	int ret = coherent_access_begin_wait(win->ap,
					     COHERENT_ACCESS_COPY,
					     TASK_INTERRUPTIBLE |
					     TASK_FREEZABLE);

	if (ret) {
		*n = 0;
		return ret;
	}
	*n = coherent_poison_clip(win, off, *n);
	if (*n)
		return 0;
	coherent_access_end(win->ap);
	return -EIO;
}

/* One copy, no bounce. Returns bytes moved, fewer where the user is absent. */
static ssize_t copy_direct(struct coherent_window *win, struct iov_iter *iter,
			   u64 off, size_t n)
{
	void *va = win->va + off;
	ssize_t ret;

	ret = begin_copy(win, off, &n);
	if (ret)
		return ret;
	pagefault_disable();
	if (iov_iter_rw(iter) == READ)
		ret = _copy_mc_to_iter(va, n, iter);
	else
		ret = _copy_from_iter(va, n, iter);
	pagefault_enable();
	coherent_access_end(win->ap);
	return ret;
}

/* At most a page, through @buf: the user is touched with no lock held */
static ssize_t copy_bounced(struct coherent_window *win, struct iov_iter *iter,
			    u64 off, size_t n, void *buf)
{
	bool read = iov_iter_rw(iter) == READ;
	size_t taken;
	int ret;

	n = min_t(size_t, n, PAGE_SIZE);
	if (!read) {
		n = copy_from_iter(buf, n, iter);
		if (!n)
			return -EFAULT;
	}

	taken = n;
	ret = begin_copy(win, off, &n);
	if (!read)
		iov_iter_revert(iter, taken - n);
	if (ret)
		return ret;
	if (read)
		n -= load(win, buf, off, n);
	else
		store(win, off, buf, n);
	coherent_access_end(win->ap);

	if (!read)
		return n;
	if (!n)
		return -EIO;
	n = copy_to_iter(buf, n, iter);
	return n ?: -EFAULT;
}

/*
 * Copies up to a chunk. Device memory that must be touched with the right
 * instructions (UC) is always bounced.
 */
static ssize_t copy_chunk(struct coherent_window *win, struct iov_iter *iter,
			  u64 off, size_t n, void **buf)
{
	ssize_t ret;

	if (win->region->memtype != COHERENT_UC) {
		ret = copy_direct(win, iter, off, n);
		if (ret)
			return ret;
	}
	/*
	 * The source of the bytes is faulted in as far as possible. The
	 * destination is not: the kernel's helper for that requests pages as
	 * KVM does, and would be lent poison. Bouncing faults a page in, too.
	 */
	if (win->region->memtype != COHERENT_UC && iov_iter_rw(iter) == WRITE) {
		if (fault_in_iov_iter_readable(iter, n) == n)
			return -EFAULT;
		ret = copy_direct(win, iter, off, n);
		if (ret)
			return ret;
	}
	if (!*buf)
		*buf = (void *)__get_free_page(GFP_KERNEL);
	if (!*buf)
		return -ENOMEM;
	return copy_bounced(win, iter, off, n, *buf);
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
	void *buf = NULL;
	size_t done = 0;
	ssize_t ret = 0;

	while (done < count) {
		ret = copy_chunk(win, iter, off + done,
				 min_t(size_t, count - done, COPY_CHUNK), &buf);
		if (ret < 0)
			break;
		done += ret;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	free_page((unsigned long)buf);

	if (iov_iter_rw(iter) == WRITE &&
	    win->region->memtype != COHERENT_CACHED)
		wmb();	/* Stores to WC memory may sit in the CPU's buffers */
	ret = done ?: ret;
	trace_coherent_copy(dev_name(win->ap->dev), win->region->bar, off, count,
			    iov_iter_rw(iter) == WRITE, ret);
	return ret;
}
