// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any PCI function, any reserved range of memory: to try the core without the
 * hardware it is for.
 *
 * The aperture comes from firmware (ACPI, devicetree, a software node):
 * properties coherent,mem-base-pa and coherent,mem-size, and for the policy
 * coherent,reserved-size, coherent,reserved-memtype ("wc", "uc", "cached") and
 * coherent,usable-align. Where firmware has nothing it comes from the module
 * parameter, which is /dev/mem in disguise and refused where that is.
 */
#include <linux/cleanup.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "coherent_vfio.h"

static char *apertures[8];
static int nr_apertures;
module_param_array_named(aperture, apertures, charp, &nr_apertures, 0444);
#define FORMAT "BDF@BASE+SIZE[/RESERVED[/wc|uc|cached[/ALIGN]]]"
MODULE_PARM_DESC(aperture, FORMAT ": a reserved range of memory for a function");

static const char * const memtypes[] = {
	[COHERENT_CACHED] = "cached", [COHERENT_WC] = "wc", [COHERENT_UC] = "uc",
};

static int set_memtype(struct coherent_carve *policy, const char *name)
{
	int i = match_string(memtypes, ARRAY_SIZE(memtypes), name);

	policy->reserved_memtype = max(i, 0);
	return min(i, 0);
}

static int from_firmware(struct pci_dev *pdev, u64 *base, u64 *size,
			 struct coherent_carve *policy)
{
	static const char reserved[] = "coherent,reserved-size";
	static const char align[] = "coherent,usable-align";
	struct device *dev = &pdev->dev;
	const char *memtype = "wc";
	int ret;

	ret = coherent_read_aperture(pdev, "coherent,mem-base-pa",
				     "coherent,mem-size", base, size);
	if (ret)
		return ret;
	device_property_read_string(dev, "coherent,reserved-memtype", &memtype);
	if ((device_property_present(dev, reserved) &&
	     device_property_read_u64(dev, reserved, &policy->reserved)) ||
	    (device_property_present(dev, align) &&
	     device_property_read_u64(dev, align, &policy->usable_align)) ||
	    set_memtype(policy, memtype))
		return dev_err_probe(dev, -EINVAL,
				     "firmware's policy for the reserved part makes no sense\n");
	return 0;
}

/* BASE+SIZE[/RESERVED[/MEMTYPE[/ALIGN]]] */
static int parse_aperture(const char *spec, u64 *base, u64 *size,
			  struct coherent_carve *policy)
{
	char *text __free(kfree) = kstrdup(spec, GFP_KERNEL);
	char *rest = text, *field = strsep(&rest, "+");

	if (!rest || kstrtou64(field, 0, base) ||
	    kstrtou64(strsep(&rest, "/"), 0, size))
		return -EINVAL;
	policy->reserved_memtype = COHERENT_WC;
	if ((rest && kstrtou64(strsep(&rest, "/"), 0, &policy->reserved)) ||
	    (rest && set_memtype(policy, strsep(&rest, "/"))) ||
	    (rest && kstrtou64(rest, 0, &policy->usable_align)))
		return -EINVAL;
	return 0;
}

static int from_parameter(struct pci_dev *pdev, u64 *base, u64 *size,
			  struct coherent_carve *policy)
{
	size_t len = strlen(pci_name(pdev));
	int i;

	for (i = 0; i < nr_apertures; i++) {
		const char *spec = apertures[i];

		if (strncmp(spec, pci_name(pdev), len) || spec[len] != '@')
			continue;
		if (security_locked_down(LOCKDOWN_DEV_MEM))
			return dev_err_probe(&pdev->dev, -EPERM,
					     "kernel lockdown forbids aperture=\n");
		if (parse_aperture(spec + len + 1, base, size, policy))
			return dev_err_probe(&pdev->dev, -EINVAL,
					     "aperture=%s is not " FORMAT "\n",
					     spec);
		return 0;
	}
	return -ENODATA;
}

static int dummy_discover(struct pci_dev *pdev, struct coherent_layout *layout)
{
	struct coherent_carve policy = { };
	u64 base, size;
	int ret;

	ret = from_firmware(pdev, &base, &size, &policy);
	if (ret == -ENODATA)
		ret = from_parameter(pdev, &base, &size, &policy);
	if (ret)
		return ret;
	return coherent_layout_carve(layout, base, size, &policy);
}

static const struct coherent_backend dummy_backend = {
	.name		= "dummy",
	.discover	= dummy_discover,
	.ready_bar	= COHERENT_NO_BAR,
};

static int dummy_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return coherent_pci_probe(pdev, &dummy_backend);
}

/* No MODULE_DEVICE_TABLE: nobody shall be offered this driver by an alias */
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
module_pci_driver(dummy_driver);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("VFIO driver for trying CPU-coherent memory on any PCI function");
MODULE_IMPORT_NS("COHERENT_VFIO_PCI");
