// SPDX-License-Identifier: GPL-2.0-only
/*
 * If firmware describes no coherent memory for a function, vfio-pci handles all
 * of it. That is the case in a virtual machine, where the memory is in a BAR
 * that the host made (nested assignment).
 */
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

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
	.name			= "coherent-vfio-pci-passthrough",
	.open_device		= passthrough_open,
	.close_device		= vfio_pci_core_close_device,
	.ioctl			= vfio_pci_core_ioctl,
	.get_region_info_caps	= vfio_pci_ioctl_get_region_info,
	.device_feature		= vfio_pci_core_ioctl_feature,
	.read			= vfio_pci_core_read,
	.write			= vfio_pci_core_write,
	.mmap			= vfio_pci_core_mmap,
};

/*
 * In a virtual machine the memory is behind a BAR. If no BAR is that large
 * there is no such BAR, and the user has to work without the memory.
 */
static void warn_of_lost_memory(struct pci_dev *pdev)
{
	u64 memory = coherent_cxl_memory(pdev);

	if (!memory)
		return;
	for (unsigned int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (pci_resource_len(pdev, bar) >= memory)
			return;
	pci_warn(pdev, "has %#llx bytes of CXL memory, and firmware does not say where: passed through without it\n",
		 memory);
}

/**
 * coherent_passthrough_probe() - bind a function without coherent memory
 * @pdev: the function
 * @backend: which has looked for some
 *
 * Context: probe; may sleep.
 * Return: 0, or why VFIO refuses it.
 */
int coherent_passthrough_probe(struct pci_dev *pdev,
			       const struct coherent_backend *backend)
{
	struct coherent_device *cdev;
	int ret;

	cdev = coherent_alloc(pdev, backend, &coherent_passthrough_ops);
	if (IS_ERR(cdev))
		return PTR_ERR(cdev);
	coherent_dmabuf_setup(cdev->function);
	warn_of_lost_memory(pdev);
	dev_set_drvdata(&pdev->dev, &cdev->core);
	ret = vfio_pci_core_register_device(&cdev->core);
	if (ret) {
		dev_set_drvdata(&pdev->dev, NULL);
		vfio_put_device(&cdev->core.vdev);
		return ret;
	}
	/* The table of power management is the driver's, for all its devices */
	coherent_sleep_register(cdev);
	return 0;
}

/**
 * coherent_passthrough_remove() - undo coherent_passthrough_probe()
 * @cdev: the device
 *
 * Context: may sleep until the last user has closed the device.
 */
void coherent_passthrough_remove(struct coherent_device *cdev)
{
	vfio_pci_core_unregister_device(&cdev->core);
	vfio_put_device(&cdev->core.vdev);
}
