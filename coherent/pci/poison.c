// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison, for the user of the device: a VMM without privileges cannot read
 * sysfs. The list is a device region in vfio-pci's format, and an interrupt
 * after vfio-pci's own announces changes; include/uapi/coherent_vfio.h.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include <uapi/coherent_vfio.h>

#include "../poison/poison.h"
#include "pci.h"

#define POISON_IRQ_INDEX	VFIO_PCI_NUM_IRQS

/* What is copied at a time */
#define PIECE			SZ_4K

/* As many as could be stored */
static size_t zeros(char __user *buf, size_t count)
{
	size_t done = 0, n, left;

	while (done < count && !fatal_signal_pending(current)) {
		n = min_t(size_t, count - done, SZ_1M);
		left = clear_user(buf + done, n);
		done += n - left;
		if (left)
			break;
		cond_resched();
	}
	return done;
}

static ssize_t region_read(struct coherent_function *fn, char __user *buf,
			   u64 pos, size_t count)
{
	void *piece __free(kfree) = kmalloc(PIECE, GFP_KERNEL);
	size_t done = 0;

	if (!piece)
		return -ENOMEM;
	while (done < count) {
		size_t n = min_t(size_t, count - done, PIECE);
		ssize_t ret = coherent_poison_list(&fn->ap, POISON_IRQ_INDEX,
						   pos + done, piece, n);

		if (ret >= 0 && copy_to_user(buf + done, piece, n))
			ret = -EFAULT;
		if (ret < 0)
			return done ?: ret;
		done += n;
		/* The end of the list; the region is much larger */
		if (ret < n)
			return done + zeros(buf + done, count - done);
		if (fatal_signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

static ssize_t region_rw(struct vfio_pci_core_device *core, char __user *buf,
			 size_t count, loff_t *ppos, bool write)
{
	struct coherent_function *fn = to_coherent_function(&core->vdev);
	unsigned int i = VFIO_PCI_OFFSET_TO_INDEX(*ppos) - VFIO_PCI_NUM_REGIONS;
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	u64 size = core->region[i].size;
	ssize_t ret;

	if (write || pos >= size)
		return -EINVAL;
	ret = region_read(fn, buf, pos, min_t(u64, count, size - pos));
	if (ret > 0)
		*ppos += ret;
	return ret;
}

static void region_release(struct vfio_pci_core_device *core,
			   struct vfio_pci_region *region)
{
}

static const struct vfio_pci_regops region_ops = {
	.rw		= region_rw,
	.release	= region_release,
};

/**
 * coherent_poison_open() - on open: show the list
 * @fn: the function, enabled; vfio-pci forgets the region when it is disabled
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_poison_open(struct coherent_function *fn)
{
	return vfio_pci_core_register_dev_region(&fn->cdev->core,
						 COHERENT_VFIO_REGION_TYPE,
						 COHERENT_VFIO_REGION_SUBTYPE_POISON,
						 &region_ops,
						 coherent_poison_list_size(&fn->ap),
						 VFIO_REGION_INFO_FLAG_READ, NULL);
}

static void set_event(struct coherent_function *fn, struct eventfd_ctx *event)
{
	scoped_guard(mutex, &fn->poison_lock)
		swap(fn->poison_event, event);
	if (event)
		eventfd_ctx_put(event);
}

/**
 * coherent_poison_close() - no user is notified any more
 * @fn: the function
 */
void coherent_poison_close(struct coherent_function *fn)
{
	set_event(fn, NULL);
}

/**
 * coherent_poison_tell() - the list has changed
 * @ap: the aperture of a function
 *
 * Context: may sleep; takes poison_lock.
 */
void coherent_poison_tell(struct coherent_aperture *ap)
{
	struct coherent_function *fn =
		container_of(ap, struct coherent_function, ap);

	guard(mutex)(&fn->poison_lock);
	if (fn->poison_event)
		eventfd_signal(fn->poison_event);
}

static long set_trigger(struct coherent_function *fn, const void __user *data)
{
	struct eventfd_ctx *event = NULL;
	s32 fd;

	if (copy_from_user(&fd, data, sizeof(fd)))
		return -EFAULT;
	if (fd >= 0)
		event = eventfd_ctx_fdget(fd);
	if (IS_ERR(event))
		return PTR_ERR(event);
	set_event(fn, event);
	return 0;
}

static long trigger(struct coherent_function *fn, const void __user *data)
{
	u8 wanted = 1;

	if (data && copy_from_user(&wanted, data, sizeof(wanted)))
		return -EFAULT;
	if (wanted)
		coherent_poison_tell(&fn->ap);
	return 0;
}

/* As vfio-pci has it for those of its interrupts that the device does not raise */
static long set_irqs(struct coherent_function *fn,
		     struct vfio_irq_set __user *user)
{
	struct vfio_irq_set hdr;
	size_t size;
	int ret;

	if (copy_from_user(&hdr, user, offsetofend(struct vfio_irq_set, count)))
		return -EFAULT;
	ret = vfio_set_irqs_validate_and_prepare(&hdr, 1, POISON_IRQ_INDEX + 1,
						 &size);
	if (ret)
		return ret;
	if ((hdr.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) !=
	    VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;
	switch (hdr.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (!hdr.count)
			set_event(fn, NULL);
		return hdr.count ? trigger(fn, NULL) : 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		return hdr.count ? trigger(fn, user->data) : -EINVAL;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return hdr.count ? set_trigger(fn, user->data) : -EINVAL;
	}
	return -EINVAL;
}

static long get_irq_info(struct vfio_irq_info __user *user)
{
	struct vfio_irq_info info;
	size_t size = offsetofend(struct vfio_irq_info, count);

	if (copy_from_user(&info, user, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
	info.count = 1;
	return copy_to_user(user, &info, size) ? -EFAULT : 0;
}

/* vfio-pci's answer, and one interrupt more */
static long get_info(struct coherent_function *fn, unsigned long arg)
{
	struct vfio_device_info __user *user = (void __user *)arg;
	long ret;

	ret = vfio_pci_core_ioctl(&fn->cdev->core.vdev, VFIO_DEVICE_GET_INFO, arg);
	if (!ret && put_user(POISON_IRQ_INDEX + 1, &user->num_irqs))
		ret = -EFAULT;
	return ret;
}

static bool is_ours(const u32 __user *index)
{
	u32 value;

	/* vfio-pci meets an invalid address again, and returns the error */
	return !get_user(value, index) && value == POISON_IRQ_INDEX;
}

/**
 * coherent_poison_ioctl() - is it about the interrupt that tells of poison?
 * @fn: the function
 * @cmd: VFIO_DEVICE_*
 * @arg: user address
 * @ret: where to store what the ioctl returns
 *
 * Context: may sleep; no lock held.
 * Return: whether it is, and done.
 */
bool coherent_poison_ioctl(struct coherent_function *fn, unsigned int cmd,
			   unsigned long arg, long *ret)
{
	struct vfio_irq_info __user *info = (void __user *)arg;
	struct vfio_irq_set __user *set = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		*ret = get_info(fn, arg);
		return true;
	case VFIO_DEVICE_GET_IRQ_INFO:
		if (!is_ours(&info->index))
			return false;
		*ret = get_irq_info(info);
		return true;
	case VFIO_DEVICE_SET_IRQS:
		if (!is_ours(&set->index))
			return false;
		*ret = set_irqs(fn, set);
		return true;
	}
	return false;
}
