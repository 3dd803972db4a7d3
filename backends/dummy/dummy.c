// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds any PCI function, with any reserved range of memory: to try the core
 * without the hardware that it is made for.
 *
 * The aperture comes from firmware (ACPI, devicetree, a software node):
 * properties coherent,mem-base-pa and coherent,mem-size, and for the policy
 * coherent,reserved-size, coherent,reserved-memtype ("wc", "uc", "cached") and
 * coherent,usable-align. If firmware has none it comes from the module
 * parameter (parameter.c). coherent,bad-pages lists memory known to be bad.
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/property.h>

#include "coherent_vfio.h"
#include "dummy.h"

#define BASE_PROPERTY	"coherent,mem-base-pa"
#define SIZE_PROPERTY	"coherent,mem-size"

static int from_firmware(struct coherent_device *cdev, u64 *base, u64 *size,
			 struct coherent_carve *policy)
{
	static const char reserved[] = "coherent,reserved-size";
	static const char align[] = "coherent,usable-align";
	struct device *dev = &cdev->core.pdev->dev;
	const char *memtype = "wc";
	int ret;

	ret = coherent_read_aperture(cdev, BASE_PROPERTY, SIZE_PROPERTY, base,
				     size);
	if (ret)
		return ret;
	device_property_read_string(dev, "coherent,reserved-memtype", &memtype);
	if ((device_property_present(dev, reserved) &&
	     device_property_read_u64(dev, reserved, &policy->reserved)) ||
	    (device_property_present(dev, align) &&
	     device_property_read_u64(dev, align, &policy->usable_align)) ||
	    dummy_set_memtype(policy, memtype))
		return dev_err_probe(dev, -EINVAL,
				     "firmware's policy for the reserved part makes no sense\n");
	return 0;
}

static int dummy_discover(struct coherent_device *cdev,
			  struct coherent_layout *layout)
{
	struct coherent_carve policy = { };
	u64 base, size;
	int ret;

	ret = from_firmware(cdev, &base, &size, &policy);
	if (ret == -ENODATA)
		ret = dummy_from_parameter(cdev->core.pdev, &base, &size,
					   &policy);
	if (ret)
		return ret;
	return coherent_layout_carve(layout, base, size, &policy);
}

static int dummy_bad_pages(struct coherent_device *cdev)
{
	return coherent_read_bad_pages(cdev, "coherent,bad-pages");
}

static struct coherent_backend dummy_backend = {
	.name		= "dummy",
	.discover	= dummy_discover,
	.ready_bar	= COHERENT_NO_BAR,
	.bad_pages	= dummy_bad_pages,
};
module_param_named(reset_heals_poison, dummy_backend.reset_heals_poison, bool,
		   0444);
MODULE_PARM_DESC(reset_heals_poison,
		 "after a reset no page counts as poisoned any more (default off)");

static int dummy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return coherent_pci_probe(pdev, &dummy_backend);
}

/* No MODULE_DEVICE_TABLE: no alias may select this driver */
static const struct pci_device_id dummy_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{ }
};

static struct pci_driver dummy_driver = {
	.name			= KBUILD_MODNAME,
	.id_table		= dummy_ids,
	.probe			= dummy_probe,
	.remove			= coherent_pci_remove,
	.err_handler		= &coherent_pci_err_handlers,
	.driver_managed_dma	= true,
};

static int __init dummy_init(void)
{
	int ret = pci_register_driver(&dummy_driver);

	if (ret)
		return ret;
	ret = dummy_software_create();
	if (ret)
		pci_unregister_driver(&dummy_driver);
	return ret;
}
module_init(dummy_init);

static void __exit dummy_exit(void)
{
	dummy_software_destroy();
	pci_unregister_driver(&dummy_driver);
}
module_exit(dummy_exit);

COHERENT_KUNIT_BACKEND(dummy_backend, dummy_driver, BASE_PROPERTY,
		       SIZE_PROPERTY);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO driver for trying CPU-coherent memory on any PCI function");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
MODULE_IMPORT_NS("COHERENT_VFIO_SOFT");
