// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function whose firmware describes no coherent memory is vfio-pci's, whole.
 * So it is in a virtual machine, where the memory is a BAR that the host made
 * (nested assignment).
 */
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "coherent.h"

static int passthrough_open(struct vfio_device *core_vdev)
{
	struct coherent_device *cdev = to_coherent_device(core_vdev);
	int ret;

	ret = vfio_pci_core_enable(&cdev->core);
	if (ret)
		return ret;
	vfio_pci_core_finish_enable(&cdev->core);
	return 0;
}

const struct vfio_device_ops coherent_passthrough_ops = {
	COHERENT_VFIO_OPS_COMMON
	COMPAT_REGION_INFO_OP(vfio_pci_ioctl_get_region_info)
	.name			= "coherent-vfio-pci-passthrough",
	.open_device		= passthrough_open,
	.close_device		= vfio_pci_core_close_device,
	.ioctl			= vfio_pci_core_ioctl,
	.device_feature		= vfio_pci_core_ioctl_feature,
	.read			= vfio_pci_core_read,
	.write			= vfio_pci_core_write,
	.mmap			= vfio_pci_core_mmap,
};
