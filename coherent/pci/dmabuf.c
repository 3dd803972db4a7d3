// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions exported as dma-bufs: the real BARs of a function without coherent
 * memory, as vfio-pci has it.
 */
#include <linux/vfio_pci_core.h>

#include "pci.h"

static const struct vfio_pci_device_ops dmabuf_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

/**
 * coherent_dmabuf_setup() - let its BARs be exported
 * @cdev: a function that is passed through, not yet registered
 */
void coherent_dmabuf_setup(struct coherent_device *cdev)
{
	cdev->core.pci_ops = &dmabuf_ops;
}
