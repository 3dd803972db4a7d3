// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find the aperture, and its bad memory, in firmware's description; and refuse
 * what must not be shown.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "../poison/poison.h"
#include "pci.h"

/**
 * coherent_read_aperture() - read base and size from two firmware properties
 * @cdev: the device, in coherent_backend.discover
 * @base_name: 64-bit property with the host-physical base address
 * @size_name: 64-bit property with the size in bytes
 * @base: where to store the base
 * @size: where to store the size; 0 is handed on, see coherent_layout_carve()
 *
 * Properties come from ACPI _DSD, devicetree or a software node.
 *
 * Context: may sleep.
 * Return: 0; -ENODATA when both are absent; -EINVAL or what the property code
 * says when one is there without the other or is no 64-bit number, which is
 * also said to the log.
 */
int coherent_read_aperture(struct coherent_device *cdev, const char *base_name,
			   const char *size_name, u64 *base, u64 *size)
{
	struct device *dev = &cdev->core.pdev->dev;
	bool has_base = device_property_present(dev, base_name);
	bool has_size = device_property_present(dev, size_name);
	int ret;

	if (!has_base && !has_size)
		return -ENODATA;
	if (has_base != has_size)
		return dev_err_probe(dev, -EINVAL,
				     "firmware gives %s without %s\n",
				     has_base ? base_name : size_name,
				     has_base ? size_name : base_name);

	ret = device_property_read_u64(dev, base_name, base);
	if (ret)
		return dev_err_probe(dev, ret, "firmware's %s is no number\n",
				     base_name);
	ret = device_property_read_u64(dev, size_name, size);
	if (ret)
		return dev_err_probe(dev, ret, "firmware's %s is no number\n",
				     size_name);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(coherent_read_aperture, "COHERENT_VFIO_PCI");

/* Nothing begins in the pair, and no 64-bit BAR ends in it */
static bool is_free(struct pci_dev *pdev, unsigned int bar)
{
	if (pci_resource_len(pdev, bar) || pci_resource_len(pdev, bar + 1))
		return false;
	return !bar || !pci_resource_len(pdev, bar - 1) ||
	       !(pci_resource_flags(pdev, bar - 1) & IORESOURCE_MEM_64);
}

/**
 * coherent_free_bar() - where a fake BAR hides nothing of the function's
 * @pdev: the function
 *
 * A fake BAR hides what is in its place. For memory that users expect in no certain
 * BAR: the last pair of BARs that the function has nothing in.
 *
 * Return: 4, 2 or 0, for &coherent_region.bar; -ENOSPC where all are in use.
 */
int coherent_free_bar(struct pci_dev *pdev)
{
	for (int bar = COHERENT_USABLE_BAR; bar >= 0; bar -= 2)
		if (is_free(pdev, bar))
			return bar;
	return -ENOSPC;
}
EXPORT_SYMBOL_NS_GPL(coherent_free_bar, "COHERENT_VFIO_PCI");

/**
 * coherent_discover() - ask the backend for the aperture and check the answer
 * @fn: the function; its layout is filled in
 *
 * Context: probe; may sleep.
 * Return: 0, to be undone by coherent_undiscover(); -ENODATA when there is no
 * coherent memory to show; any other error refuses the function and has been
 * logged, once.
 */
int coherent_discover(struct coherent_function *fn)
{
	struct coherent_layout *layout = &fn->ap.layout;
	struct coherent_device *cdev = fn->cdev;
	int ret;

	ret = cdev->backend->discover(cdev, layout);
	if (ret == -ENODATA)
		return ret;
	if (!ret) {
		ret = coherent_aperture_check(layout) ?: coherent_layout_check_bars(layout);
		if (ret)
			coherent_undiscover(fn);
	}
	/* Without a reason the backend has spoken already */
	if (ret && layout->why)
		dev_err_probe(fn->ap.dev, ret,
			      "coherent memory at %#llx, size %#llx, refused: %s\n",
			      layout->base, layout->size, layout->why);
	return ret;
}

/** coherent_undiscover() - undo coherent_discover() */
void coherent_undiscover(struct coherent_function *fn)
{
	struct coherent_device *cdev = fn->cdev;

	if (cdev->backend->remove)
		cdev->backend->remove(cdev);
}

/**
 * coherent_bad_page() - firmware has marked memory as bad
 * @cdev: the device, in coherent_backend.bad_pages
 * @base: host-physical address
 * @length: bytes; what is not of the device's aperture is left out
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an empty or wrapping range; -ENOMEM.
 */
int coherent_bad_page(struct coherent_device *cdev, u64 base, u64 length)
{
	return coherent_poison_bad(&cdev->function->ap, base, length);
}
EXPORT_SYMBOL_NS_GPL(coherent_bad_page, "COHERENT_VFIO_PCI");

/**
 * coherent_read_bad_pages() - a firmware property that lists bad memory
 * @cdev: the device, in coherent_backend.bad_pages
 * @name: of the property: pairs of 64-bit numbers, address and length in bytes
 *
 * Context: may sleep.
 * Return: 0, also without such a property; -EINVAL when it is no list of
 * pairs; -ENOMEM.
 */
int coherent_read_bad_pages(struct coherent_device *cdev, const char *name)
{
	struct device *dev = &cdev->core.pdev->dev;
	int n = device_property_count_u64(dev, name);
	int ret;
	u64 *pairs __free(kfree) = NULL;

	if (!device_property_present(dev, name))
		return 0;
	if (n <= 0 || n % 2)
		return -EINVAL;
	pairs = kcalloc(n, sizeof(*pairs), GFP_KERNEL);
	if (!pairs)
		return -ENOMEM;
	ret = device_property_read_u64_array(dev, name, pairs, n);
	for (int i = 0; !ret && i < n; i += 2)
		ret = coherent_bad_page(cdev, pairs[i], pairs[i + 1]);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(coherent_read_bad_pages, "COHERENT_VFIO_PCI");

/**
 * coherent_discover_bad_pages() - ask the backend what is known to be bad
 * @fn: the function, its aperture attached to the ledger
 *
 * Context: probe; may sleep.
 * Return: 0; any error refuses the function and has been logged.
 */
int coherent_discover_bad_pages(struct coherent_function *fn)
{
	const struct coherent_backend *backend = fn->cdev->backend;
	int ret = backend->bad_pages ? backend->bad_pages(fn->cdev) : 0;

	if (ret)
		dev_err(fn->ap.dev,
			"firmware's list of bad memory cannot be used (%d)\n",
			ret);
	return ret;
}
