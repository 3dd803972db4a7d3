// SPDX-License-Identifier: GPL-2.0-only
/*
 * What userspace sees of a region, and the ioctls that name one.
 */
#include <linux/build_bug.h>
#include <linux/overflow.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "cxl.h"
#include "pci.h"

/**
 * coherent_find_window() - the fake BAR behind a VFIO region index
 * @fn: the function
 * @index: region index, any value
 *
 * Return: its window, or NULL for a region that is vfio-pci's.
 */
struct coherent_window *coherent_find_window(struct coherent_function *fn,
					     unsigned int index)
{
	unsigned int i;

	for (i = 0; i < fn->ap.layout.nr_regions; i++)
		if (fn->ap.windows[i].region->bar == index)
			return &fn->ap.windows[i];
	return NULL;
}

/**
 * coherent_is_upper_half() - is it the second slot of a fake 64-bit BAR?
 * @fn: the function
 * @index: region index, any value
 *
 * Such a slot is no region, whatever the physical function has there.
 *
 * Return: whether it is.
 */
bool coherent_is_upper_half(struct coherent_function *fn, unsigned int index)
{
	return index && coherent_find_window(fn, index - 1);
}

/* Only what memory backs can be mapped: one sparse area says so */
static int add_sparse_mmap(const struct coherent_region *region,
			   struct vfio_info_cap *caps)
{
	DEFINE_RAW_FLEX(struct vfio_region_info_cap_sparse_mmap, sparse, areas,
			1);

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	sparse->nr_areas = 1;
	sparse->areas[0].offset = 0;
	sparse->areas[0].size = region->length;
	return vfio_info_add_capability(caps, &sparse->header,
					struct_size(sparse, areas, 1));
}

/**
 * coherent_get_region_info() - &vfio_device_ops.get_region_info_caps
 * @core_vdev: the device
 * @info: index in, the rest out
 * @caps: capabilities are added here
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or as vfio-pci for its own regions.
 */
int coherent_get_region_info(struct vfio_device *core_vdev,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);
	struct coherent_window *win = coherent_find_window(fn, info->index);

	if (!win && !coherent_is_upper_half(fn, info->index)) {
		if (coherent_cxl_is_component(fn, info->index))
			return coherent_cxl_region_info(fn, info, caps);
		return vfio_pci_ioctl_get_region_info(core_vdev, info, caps);
	}

	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = 0;
	info->flags = 0;
	if (!win)
		return 0;

	info->size = win->region->bar_size;
	info->flags = VFIO_REGION_INFO_FLAG_READ |
		      VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;
	return add_sparse_mmap(win->region, caps);
}
EXPORT_SYMBOL_NS_GPL(coherent_get_region_info, "COHERENT_VFIO_PCI");

/*
 * An ioeventfd writes to a physical BAR. On a fake one it would reach the BAR
 * that the fake one hides, which is not what its user wants. (A user who
 * changes the offset without vfio-pci noticing reaches it all the same: the
 * hidden BAR is the user's own device. Where there are registers that a user must
 * not change, the offset is not believed.)
 */
static int check_ioeventfd(struct coherent_function *fn, unsigned long arg)
{
	struct vfio_device_ioeventfd __user *user = (void __user *)arg;
	unsigned int index;
	u64 offset;

	if (get_user(offset, &user->offset))
		return -EFAULT;
	index = VFIO_PCI_OFFSET_TO_INDEX(offset);
	if (coherent_cxl_has_component(fn) || coherent_find_window(fn, index) ||
	    coherent_is_upper_half(fn, index))
		return -EINVAL;
	return 0;
}

/* As vfio-pci has it of a function without such a reset: a wrong call is told first */
static long no_hot_reset(unsigned long arg)
{
	struct vfio_pci_hot_reset hdr;
	unsigned long minsz = offsetofend(struct vfio_pci_hot_reset, count);

	/* Both commands begin alike */
	static_assert(offsetofend(struct vfio_pci_hot_reset, count) ==
		      offsetofend(struct vfio_pci_hot_reset_info, count));

	if (copy_from_user(&hdr, (void __user *)arg, minsz))
		return -EFAULT;
	return hdr.argsz < minsz ? -EINVAL : -ENODEV;
}

/**
 * coherent_ioctl() - &vfio_device_ops.ioctl
 * @core_vdev: the device
 * @cmd: VFIO_DEVICE_*
 * @arg: user address
 *
 * Context: may sleep; no lock held.
 * Return: as uapi/linux/vfio.h documents for @cmd; -EINVAL for an ioeventfd on
 * a fake BAR, or of a function with CXL component registers; -ENODEV for a hot
 * reset that would lose its memory.
 */
long coherent_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		    unsigned long arg)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);
	long ret;

	if (coherent_poison_ioctl(fn, cmd, arg, &ret))
		return ret;
	if (coherent_cxl_refuses(fn, cmd))
		return no_hot_reset(arg);
	ret = cmd == VFIO_DEVICE_IOEVENTFD ? check_ioeventfd(fn, arg) : 0;
	return ret ?: vfio_pci_core_ioctl(core_vdev, cmd, arg);
}
EXPORT_SYMBOL_NS_GPL(coherent_ioctl, "COHERENT_VFIO_PCI");
