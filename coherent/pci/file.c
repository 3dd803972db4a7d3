// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(), write() and mmap() of a device: which part of it does an offset mean?
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/uio.h>
#include <linux/vfio_pci_core.h>

#include "cxl.h"
#include "pci.h"

/*
 * What a read of nothing gives. ZERO_PAGE's opposite; constant, so that it
 * can be copied with no lock held.
 */
static const u8 all_ones[PAGE_SIZE] = { [0 ... PAGE_SIZE - 1] = 0xff };

/* The part of a BAR that nothing backs: reads give ~0, writes vanish */
static ssize_t tail_rw(struct iov_iter *iter, size_t count)
{
	size_t done = 0;

	if (iov_iter_rw(iter) == WRITE) {
		/* Vanishing bytes must exist all the same */
		done = count - fault_in_iov_iter_readable(iter, count);
		iov_iter_advance(iter, done);
		return done ?: -EFAULT;
	}

	while (done < count) {
		size_t n = min_t(size_t, count - done, sizeof(all_ones));
		size_t copied = copy_to_iter(all_ones, n, iter);

		/* Some architectures stop a few bytes before a bad page */
		if (!copied)
			break;
		done += copied;
		cond_resched();
	}
	return done ?: -EFAULT;
}

static ssize_t device_rw(struct coherent_window *win, struct iov_iter *iter,
			 u64 pos, size_t count)
{
	if (!coherent_map(win))
		return -ENOMEM;
	return coherent_copy(win, iter, pos, count);
}

/*
 * File I/O of a fake BAR. @ppos moves by what is returned, and not on error.
 */
static ssize_t bar_rw(struct coherent_window *win, char __user *buf, size_t count,
		      loff_t *ppos, bool write)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	struct coherent_clip clip;
	struct iov_iter iter;
	ssize_t done = 0, ret;

	ret = coherent_clip(win->region, pos, count, &clip);
	if (ret)
		return ret;
	ret = import_ubuf(write ? ITER_SOURCE : ITER_DEST, buf,
			  clip.device + clip.tail, &iter);
	if (ret)
		return ret;

	if (clip.device) {
		ret = device_rw(win, &iter, pos, clip.device);
		if (ret < 0)
			return ret;
		done = ret;
	}
	if (clip.tail && done == clip.device) {
		ret = tail_rw(&iter, clip.tail);
		if (ret > 0)
			done += ret;
	}
	if (!done)
		return ret;
	*ppos += done;
	return done;
}

/* To a region of vfio-pci's */
static ssize_t core_write(struct coherent_function *fn, unsigned int index,
			  char __user *buf, size_t count, loff_t *ppos)
{
	if (coherent_cxl_write_vanishes(fn, index, *ppos & VFIO_PCI_OFFSET_MASK,
					&count)) {
		/* Vanishing bytes must exist all the same */
		if (fault_in_readable(buf, count))
			return -EFAULT;
		*ppos += count;
		return count;
	}
	return vfio_pci_core_write(&fn->cdev->core.vdev, buf, count, ppos);
}

static ssize_t coherent_rw(struct vfio_device *core_vdev, char __user *buf,
			   size_t count, loff_t *ppos, bool write)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	struct coherent_window *win;

	if (!count)
		return 0;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return coherent_config_rw(fn, buf, count, ppos, write);

	win = coherent_find_window(fn, index);
	if (win)
		return bar_rw(win, buf, count, ppos, write);
	if (coherent_is_upper_half(fn, index))
		return -EINVAL;
	if (write)
		return core_write(fn, index, buf, count, ppos);
	return vfio_pci_core_read(core_vdev, buf, count, ppos);
}

/**
 * coherent_read() - &vfio_device_ops.read
 * @core_vdev: the device
 * @buf: the user's buffer
 * @count: bytes asked for
 * @ppos: file offset; moves by what is returned
 *
 * Context: no lock held; may sleep, interruptibly, for a reset to be over.
 * Return: bytes read; -EINVAL at or past the end of a region; -EFAULT; -ETIME
 * when the memory is not ready in time; -ERESTARTSYS when a signal ended the
 * wait for it; -EINTR when killed; -EIO.
 */
ssize_t coherent_read(struct vfio_device *core_vdev, char __user *buf,
		      size_t count, loff_t *ppos)
{
	return coherent_rw(core_vdev, buf, count, ppos, false);
}
EXPORT_SYMBOL_NS_GPL(coherent_read, "COHERENT_VFIO_PCI");

/**
 * coherent_write() - &vfio_device_ops.write
 * @core_vdev: the device
 * @buf: the user's buffer
 * @count: bytes given
 * @ppos: file offset; moves by what is returned
 *
 * Context: as coherent_read().
 * Return: bytes written, or an error as there.
 */
ssize_t coherent_write(struct vfio_device *core_vdev, const char __user *buf,
		       size_t count, loff_t *ppos)
{
	return coherent_rw(core_vdev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_NS_GPL(coherent_write, "COHERENT_VFIO_PCI");

/**
 * coherent_mmap() - &vfio_device_ops.mmap
 * @core_vdev: the device
 * @vma: what is asked for
 *
 * Context: mmap_lock is held for writing; may sleep.
 * Return: 0; -EINVAL for a mapping that is private or reaches past the usable
 * length, or has registers that users must not change; -ENOMEM.
 */
int coherent_mmap(struct vfio_device *core_vdev, struct vm_area_struct *vma)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);
	unsigned int index =
		vma->vm_pgoff >> (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT);
	struct coherent_window *win = coherent_find_window(fn, index);

	if (win)
		return coherent_mmap_window(win, vma);
	if (coherent_is_upper_half(fn, index) ||
	    coherent_cxl_keeps(fn, index,
			       PFN_PHYS(vma->vm_pgoff) & VFIO_PCI_OFFSET_MASK,
			       vma->vm_end - vma->vm_start))
		return -EINVAL;
	return vfio_pci_core_mmap(core_vdev, vma);
}
EXPORT_SYMBOL_NS_GPL(coherent_mmap, "COHERENT_VFIO_PCI");
