// SPDX-License-Identifier: GPL-2.0-only
/*
 * GET_REGION_INFO for kernels before 6.19, where it was a driver's ioctl and
 * not an op that the VFIO core copies for.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#ifndef COMPAT_HAS_REGION_INFO_OP

#undef vfio_pci_core_ioctl	/* The kernel's */

#define INFO_MINSZ	offsetofend(struct vfio_region_info, offset)

/* Marks "the kernel's own ioctl must answer this one" inside this file */
#define NOT_OURS	1

/* vfio_pci_core_ioctl() answers for regions that it knows by itself. */
int compat_vfio_pci_region_info(struct vfio_device *core_vdev,
				struct vfio_region_info *info,
				struct vfio_info_cap *caps)
{
	return NOT_OURS;
}

static long get_region_info(struct vfio_device *core_vdev, unsigned long arg)
{
	const struct vfio_device_ops *ops = (const void *)core_vdev->ops;
	struct vfio_region_info __user *uinfo = (void __user *)arg;
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	long ret;

	if (copy_from_user(&info, uinfo, INFO_MINSZ))
		return -EFAULT;
	if (info.argsz < INFO_MINSZ)
		return -EINVAL;
	info.cap_offset = 0;

	ret = ops->get_region_info_caps(core_vdev, &info, &caps);
	if (ret == NOT_OURS)
		return vfio_pci_core_ioctl(core_vdev,
					   VFIO_DEVICE_GET_REGION_INFO, arg);
	if (ret)
		goto out;

	if (caps.size) {
		size_t need = sizeof(info) + caps.size;

		info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
		if (info.argsz < need) {
			/* Told how much room to bring, the caller asks again */
			info.argsz = need;
		} else {
			vfio_info_cap_shift(&caps, sizeof(info));
			info.cap_offset = sizeof(info);
			if (copy_to_user(uinfo + 1, caps.buf, caps.size))
				ret = -EFAULT;
		}
	}
	if (!ret && copy_to_user(uinfo, &info, INFO_MINSZ))
		ret = -EFAULT;
out:
	kfree(caps.buf);
	return ret;
}

/*
 * vfio_pci_core_ioctl() with an op for region info. Called with no lock held;
 * may sleep. Errors as uapi/linux/vfio.h documents for @cmd.
 */
long compat_vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
				unsigned long arg)
{
	if (cmd == VFIO_DEVICE_GET_REGION_INFO)
		return get_region_info(core_vdev, arg);
	return vfio_pci_core_ioctl(core_vdev, cmd, arg);
}

#endif
