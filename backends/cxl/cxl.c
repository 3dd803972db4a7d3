// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL Type-2 functions: accelerators whose memory is CXL.mem, found by their own
 * registers and by no vendor's property.
 *
 * The table has the functions that are known to be such. Any other can be given to
 * this driver by driver_override; one without CXL memory is passed through.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "coherent_vfio.h"

static int cxl_discover(struct coherent_device *cdev, struct coherent_layout *layout)
{
	static const struct coherent_carve all_usable = { };
	u64 base, size;
	int ret, bar;

	ret = coherent_cxl_read_aperture(cdev, layout, &base, &size);
	if (ret)
		return ret;
	/* Registers in BARs must not be hidden */
	bar = coherent_free_bar(cdev->core.pdev);
	if (bar < 0) {
		layout->why = "all BARs of the function are in use, and none is left to show it";
		return bar;
	}
	ret = coherent_layout_carve(layout, base, size, &all_usable);
	if (!ret)
		layout->regions[0].bar = bar;
	return ret;
}

static const struct coherent_backend cxl_backend = {
	.name			= "cxl",
	.discover		= cxl_discover,
	.ready_bar		= COHERENT_NO_BAR,
	.cxl_ready		= true,
};

static const struct pci_device_id cxl_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x3041) }, /* Vera Rubin */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x307f) }, /* its PF */
	{ }
};
MODULE_DEVICE_TABLE(pci, cxl_ids);

COHERENT_PCI_DRIVER(cxl_driver, cxl_ids, cxl_backend);
COHERENT_KUNIT_BACKEND(cxl_backend, cxl_driver, NULL, NULL, .cxl = true);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO driver for CXL Type-2 devices");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
