// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVIDIA GH200, GB200, GB300: GPU memory that the CPU reaches over NVLink-C2C.
 *
 * Firmware describes the memory by two _DSD properties of the GPU's ACPI
 * device; no BAR holds it.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "coherent_vfio.h"

#define BASE_PROPERTY		"nvidia,gpu-mem-base-pa"
#define SIZE_PROPERTY		"nvidia,gpu-mem-size"

/* NVIDIA's DVSEC, id 3: a bitmap of what the hardware can do */
#define NVIDIA_DVSEC_ID		3
#define NVIDIA_DVSEC_BITMAP	0xa
#define MIG_WITH_CACHED_MEMORY	BIT(0)

/*
 * An ABI between the GPU's firmware and the driver in the guest: both compute
 * where the reserved part begins from these two numbers.
 */
#define RESERVED_SIZE		SZ_1G
#define MEMBLK_SIZE		SZ_512M

/* BAR 0 */
#define READY_BAR		0
#define C2C_LINK_STATUS		0x1498
#define HBM_TRAINING_STATUS	0x200bc
#define STATUS_READY		0xff
#define READY_TIMEOUT_MS	30000

/*
 * Where the hardware can do without, nothing is reserved. Elsewhere (GH200)
 * MIG needs a part of the memory that is never cached.
 */
static bool needs_reserved_part(struct pci_dev *pdev)
{
	u16 dvsec, bitmap;

	dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_NVIDIA,
					  NVIDIA_DVSEC_ID);
	if (!dvsec)
		return true;
	if (pci_read_config_word(pdev, dvsec + NVIDIA_DVSEC_BITMAP, &bitmap) ||
	    PCI_POSSIBLE_ERROR(bitmap))
		return true;
	return !(bitmap & MIG_WITH_CACHED_MEMORY);
}

static int nvgrace_discover(struct coherent_device *cdev,
			    struct coherent_layout *layout)
{
	static const struct coherent_carve with_reserved_part = {
		.reserved = RESERVED_SIZE,
		.reserved_memtype = COHERENT_WC,
		.usable_align = MEMBLK_SIZE,
	};
	static const struct coherent_carve all_usable = { };
	u64 base, size;
	int ret;

	ret = coherent_read_aperture(cdev, BASE_PROPERTY, SIZE_PROPERTY,
				     &base, &size);
	if (ret)
		return ret;
	return coherent_layout_carve(layout, base, size,
				     needs_reserved_part(cdev->core.pdev) ?
				     &with_reserved_part : &all_usable);
}

static int nvgrace_ready(struct coherent_device *cdev)
{
	/* Of memory, never of ports */
	void __iomem *io = cdev->ready_io;

	if (readl(io + C2C_LINK_STATUS) == STATUS_READY &&
	    readl(io + HBM_TRAINING_STATUS) == STATUS_READY)
		return 0;
	return -EAGAIN;
}

static const struct coherent_backend nvgrace_backend = {
	.name			= "nvgrace",
	.discover		= nvgrace_discover,
	.ready			= nvgrace_ready,
	.ready_bar		= READY_BAR,
	.ready_timeout_ms	= READY_TIMEOUT_MS,
	.cxl_ready		= true,
};

static int nvgrace_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return coherent_pci_probe(pdev, &nvgrace_backend);
}

static const struct pci_device_id nvgrace_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2342) }, /* GH200 120GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2345) }, /* GH200 480GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2348) }, /* GH200 */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2941) }, /* GB200 */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x31c2) }, /* GB300 */
	{ }
};
MODULE_DEVICE_TABLE(pci, nvgrace_ids);

static struct pci_driver nvgrace_driver = {
	.name			= KBUILD_MODNAME,
	.id_table		= nvgrace_ids,
	.probe			= nvgrace_probe,
	.remove			= coherent_pci_remove,
	.err_handler		= &coherent_pci_err_handlers,
	.driver_managed_dma	= true,
};
module_pci_driver(nvgrace_driver);

/* What the GPU writes at the beginning and at the end of training */
static void __maybe_unused nvgrace_set_ready(struct coherent_device *cdev, bool ready)
{
	u32 status = ready ? STATUS_READY : 0;

	iowrite32(status, cdev->ready_io + C2C_LINK_STATUS);
	iowrite32(status, cdev->ready_io + HBM_TRAINING_STATUS);
}

COHERENT_KUNIT_BACKEND(nvgrace_backend, nvgrace_driver, BASE_PROPERTY,
		       SIZE_PROPERTY, .set_ready = nvgrace_set_ready);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO driver for NVIDIA Grace GPUs with CPU-coherent memory");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
