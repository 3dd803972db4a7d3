// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users do with the device's file: open, mmap, and the list of poison. There is
 * no read() and no write(), as posted for EGM.
 */
#include <linux/build_bug.h>
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include <uapi/coherent_egm.h>

#include "../poison/poison.h"
#include "chardev.h"

/* Nobody touches it any more: what the first open has made goes */
static void close_memory(struct coherent_chardev *chardev)
{
	coherent_gate_happens(&chardev->ap, COHERENT_GATE_CLOSED);
	coherent_loans_end(&chardev->ap);
	coherent_unmap_all(&chardev->ap);
}

static int open_memory(struct coherent_chardev *chardev)
{
	int ret;

	coherent_gate_happens(&chardev->ap, COHERENT_GATE_OPENED);
	ret = coherent_scrub_open(&chardev->ap);
	if (ret)
		close_memory(chardev);
	return ret;
}

static bool is_shared(const struct coherent_chardev *chardev)
{
	return READ_ONCE(*chardev->info->shared);
}

/* Who shares it waits for the memory to be cleared; who does not is told at once */
static int lock_users(struct coherent_chardev *chardev)
	__cond_acquires(0, &chardev->users_lock)
{
	if (is_shared(chardev))
		return mutex_lock_killable(&chardev->users_lock);
	return mutex_trylock(&chardev->users_lock) ? 0 : -EBUSY;
}

static int chardev_open(struct inode *inode, struct file *file)
{
	struct coherent_chardev *chardev =
		container_of(inode->i_cdev, struct coherent_chardev, cdev);
	int ret = lock_users(chardev);

	if (ret)
		return ret;
	if (!chardev->users)
		ret = open_memory(chardev);
	else if (!is_shared(chardev))
		ret = -EBUSY;
	if (!ret) {
		chardev->users++;
		file->private_data = chardev;
		file->f_mapping = chardev->inode->i_mapping;
	}
	mutex_unlock(&chardev->users_lock);
	return ret;
}

/* The last one that had this file is gone, and its mappings are */
static int chardev_release(struct inode *inode, struct file *file)
{
	struct coherent_chardev *chardev = file->private_data;

	guard(mutex)(&chardev->users_lock);
	if (--chardev->users)
		return 0;
	coherent_scrub_close(&chardev->ap);
	close_memory(chardev);
	return 0;
}

static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct coherent_chardev *chardev = file->private_data;

	coherent_foreign_unwatched();
	return coherent_mmap_window(&chardev->ap.windows[0], vma);
}

/* VMMs ask for the size so */
static loff_t chardev_llseek(struct file *file, loff_t offset, int whence)
{
	const struct coherent_chardev *chardev = file->private_data;

	return fixed_size_llseek(file, offset, whence, chardev->info->size);
}

/* While the list is stored it may grow: then once more, as long as the caller has room */
static long retired_pages(struct coherent_chardev *chardev,
			  struct egm_retired_pages_list __user *user)
{
	struct coherent_poison_span *list __free(kvfree) = NULL;
	struct egm_retired_pages_list head;
	u32 room, nr, had = 0;

	/* They are copied as they are */
	static_assert(sizeof(*list) == sizeof(struct egm_retired_pages_info) &&
		      offsetof(typeof(*list), length) ==
		      offsetof(struct egm_retired_pages_info, size));

	if (copy_from_user(&head, user, sizeof(head)))
		return -EFAULT;
	if (head.argsz < sizeof(head))
		return -EINVAL;
	room = (head.argsz - sizeof(head)) / sizeof(*list);
	for (;;) {
		nr = coherent_poison_spans(&chardev->ap, list, had);
		if (nr <= had || nr > room)
			break;
		kvfree(list);
		had = nr;
		list = kvmalloc_array(had, sizeof(*list), GFP_KERNEL_ACCOUNT);
		if (!list)
			return -ENOMEM;
	}
	head.argsz = struct_size(user, retired_pages, nr);
	head.count = nr <= room ? nr : 0;
	if (copy_to_user(user->retired_pages, list, head.count * sizeof(*list)) ||
	    copy_to_user(user, &head, sizeof(head)))
		return -EFAULT;
	return 0;
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != EGM_RETIRED_PAGES_LIST)
		return -EINVAL;
	return retired_pages(file->private_data, (void __user *)arg);
}

const struct file_operations coherent_chardev_fops = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.release	= chardev_release,
	.mmap		= chardev_mmap,
	.llseek		= chardev_llseek,
	.unlocked_ioctl	= chardev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};
