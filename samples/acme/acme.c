// SPDX-License-Identifier: GPL-2.0-only
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "coherent_vfio.h"

#define BASE_PROPERTY	"acme,mem-base"
#define SIZE_PROPERTY	"acme,mem-size"
#define STATUS		0x40	/* in BAR 0 */
#define STATUS_READY	BIT(0)

static int acme_discover(struct coherent_device *cdev, struct coherent_layout *layout)
{
	/* 64 MiB at the end must not be cached; the rest in units of 16 MiB */
	static const struct coherent_carve policy = {
		.reserved = SZ_64M,
		.reserved_memtype = COHERENT_WC,
		.usable_align = SZ_16M,
	};
	u64 base, size;
	int ret;

	ret = coherent_read_aperture(cdev, BASE_PROPERTY, SIZE_PROPERTY, &base, &size);
	return ret ?: coherent_layout_carve(layout, base, size, &policy);
}

static int acme_ready(struct coherent_device *cdev)
{
	return ioread32(cdev->ready_io + STATUS) & STATUS_READY ? 0 : -EAGAIN;
}

static const struct coherent_backend acme_backend = {
	.name			= "acme",
	.discover		= acme_discover,
	.ready			= acme_ready,
	.ready_bar		= 0,
	.ready_timeout_ms	= 5000,
};

static const struct pci_device_id acme_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1234, 0x5678) },
	{ }
};
MODULE_DEVICE_TABLE(pci, acme_ids);

COHERENT_PCI_DRIVER(acme_driver, acme_ids, acme_backend);
COHERENT_KUNIT_BACKEND(acme_backend, acme_driver, BASE_PROPERTY, SIZE_PROPERTY);

MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_DESCRIPTION("VFIO driver for ACME accelerators with CPU-coherent memory");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
