// SPDX-License-Identifier: GPL-2.0-only
/*
 * A software function's life, and the host bridge that it is behind.
 */
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "private.h"

/* The function is where a bus begins: device 0, function 0 */
static bool is_there(unsigned int devfn, int where, int size)
{
	return !devfn && where >= 0 && where + size <= SOFT_CONFIG_SIZE;
}

static struct soft_function *bus_to_function(const struct pci_bus *bus)
{
	return container_of(bus->sysdata, struct soft_function, sysdata);
}

static int soft_read(struct pci_bus *bus, unsigned int devfn, int where,
		     int size, u32 *val)
{
	struct soft_function *fn = bus_to_function(bus);
	unsigned long flags;

	if (!is_there(devfn, where, size)) {
		*val = ~0U;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	raw_spin_lock_irqsave(&fn->lock, flags);
	*val = soft_config_read(&fn->config, where, size);
	raw_spin_unlock_irqrestore(&fn->lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

static int soft_write(struct pci_bus *bus, unsigned int devfn, int where,
		      int size, u32 val)
{
	struct soft_function *fn = bus_to_function(bus);
	unsigned long flags;
	bool reset;

	if (!is_there(devfn, where, size))
		return PCIBIOS_DEVICE_NOT_FOUND;
	raw_spin_lock_irqsave(&fn->lock, flags);
	reset = soft_config_write(&fn->config, where, size, val);
	raw_spin_unlock_irqrestore(&fn->lock, flags);
	if (reset)
		soft_ready_lost(fn);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops soft_pci_ops = {
	.read	= soft_read,
	.write	= soft_write,
};

/**
 * soft_function_of() - the function that a device is
 * @dev: any device on the PCI bus
 *
 * Return: the function, or NULL when it is none of ours.
 */
struct soft_function *soft_function_of(struct device *dev)
{
	struct pci_dev *pdev = dev_is_pci(dev) ? to_pci_dev(dev) : NULL;

	if (!pdev || pdev->bus->ops != &soft_pci_ops)
		return NULL;
	return bus_to_function(pdev->bus);
}

static int add_window(struct soft_function *fn, const struct soft_spec *spec)
{
	u64 size = spec->config.bar_size;
	int ret;

	if (!size)
		return 0;
	fn->window = DEFINE_RES_MEM_NAMED(spec->bar_base, size,
					  "coherent soft BAR");
	/* It may lie within what the firmware calls reserved */
	if (region_intersects(spec->bar_base, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		ret = -EBUSY;
	else
		ret = insert_resource(&iomem_resource, &fn->window);
	if (ret) {
		fn->window.flags = 0;
		return ret;
	}
	return 0;
}

static void remove_window(struct soft_function *fn)
{
	if (fn->window.flags)
		remove_resource(&fn->window);
}

/* The BAR is where the memory is: there is nothing to choose */
static int claim_bar(struct soft_function *fn, unsigned int bar)
{
	unsigned int where = PCI_BASE_ADDRESS_0 + 4 * bar;
	struct pci_dev *pdev = fn->pdev;

	if (!fn->window.flags)
		return 0;
	pci_write_config_dword(pdev, where, lower_32_bits(fn->window.start));
	pci_write_config_dword(pdev, where + 4, upper_32_bits(fn->window.start));
	pdev->resource[bar].start = fn->window.start;
	pdev->resource[bar].end = fn->window.end;
	pdev->resource[bar].flags &= ~IORESOURCE_UNSET;
	return pci_claim_resource(pdev, bar);
}

static int describe(struct soft_function *fn, const struct soft_spec *spec)
{
	struct device *dev = &fn->pdev->dev;
	int ret = 0;

	if (spec->properties)
		ret = device_create_managed_software_node(dev, spec->properties,
							  NULL);
	if (!ret && spec->driver)
		ret = device_set_driver_override(dev, spec->driver);
	return ret;
}

static void remove_bus(struct soft_function *fn)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(fn->bridge->bus);
	pci_remove_root_bus(fn->bridge->bus);
	pci_unlock_rescan_remove();
}

static int scan(struct soft_function *fn, const struct soft_spec *spec)
{
	struct pci_host_bridge *bridge = fn->bridge;
	int ret;

	pci_lock_rescan_remove();
	ret = soft_sysdata_init(&fn->sysdata, bridge);
	if (!ret)
		ret = pci_scan_root_bus_bridge(bridge);
	pci_unlock_rescan_remove();
	if (ret)
		return ret;

	fn->pdev = pci_get_slot(bridge->bus, 0);
	pci_dev_put(fn->pdev);		/* Ours to remove, so it stays */
	ret = fn->pdev ? claim_bar(fn, spec->config.bar) : -ENODEV;
	if (!ret)
		ret = describe(fn, spec);
	if (!ret && !device_iommu_mapped(&fn->pdev->dev))
		ret = -ENODEV;
	if (ret)
		remove_bus(fn);
	return ret;
}

/**
 * soft_function_create() - make a function, and offer it to drivers
 * @spec: what it is to be; not needed any more afterwards
 *
 * Context: may sleep; the driver's probe runs in here.
 * Return: the function, or an error.
 */
struct soft_function *soft_function_create(const struct soft_spec *spec)
{
	struct pci_host_bridge *bridge;
	struct soft_function *fn;
	int ret;

	fn = kzalloc_obj(*fn, GFP_KERNEL);
	if (!fn)
		return ERR_PTR(-ENOMEM);
	fn->owner = spec->owner;
	fn->ready_after_ms = spec->ready_after_ms;
	raw_spin_lock_init(&fn->lock);
	soft_config_init(&fn->config, &spec->config);
	ret = add_window(fn, spec);
	if (ret)
		goto out_free;
	ret = soft_ready_init(fn);
	if (ret)
		goto out_window;

	bridge = pci_alloc_host_bridge(0);
	if (!bridge) {
		ret = -ENOMEM;
		goto out_ready;
	}
	fn->bridge = bridge;
	fn->busn = DEFINE_RES_NAMED(0, 1, NULL, IORESOURCE_BUS);
	pci_add_resource(&bridge->windows, &fn->busn);
	if (fn->window.flags)
		pci_add_resource(&bridge->windows, &fn->window);
	bridge->sysdata = &fn->sysdata;
	bridge->ops = &soft_pci_ops;
	soft_msi_set(&bridge->dev);
	ret = scan(fn, spec);
	if (ret)
		goto out_bridge;

	pci_lock_rescan_remove();
	pci_bus_add_devices(bridge->bus);
	pci_unlock_rescan_remove();
	return fn;

out_bridge:
	pci_free_host_bridge(bridge);
out_ready:
	soft_ready_exit(fn);
out_window:
	remove_window(fn);
out_free:
	kfree(fn);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(soft_function_create, "COHERENT_VFIO_SOFT");

/**
 * soft_function_destroy() - the function is pulled out
 * @fn: the function
 *
 * Context: may sleep until the last user has closed the device.
 */
void soft_function_destroy(struct soft_function *fn)
{
	remove_bus(fn);
	pci_free_host_bridge(fn->bridge);
	soft_ready_exit(fn);
	remove_window(fn);
	kfree(fn);
}
EXPORT_SYMBOL_NS_GPL(soft_function_destroy, "COHERENT_VFIO_SOFT");

/** soft_function_pdev() - Return: the PCI device, valid until it is destroyed */
struct pci_dev *soft_function_pdev(struct soft_function *fn)
{
	return fn->pdev;
}
EXPORT_SYMBOL_NS_GPL(soft_function_pdev, "COHERENT_VFIO_SOFT");

static int __init soft_init(void)
{
	int ret = soft_msi_init();

	if (ret)
		return ret;
	ret = soft_iommu_init();
	if (ret)
		soft_msi_exit();
	return ret;
}
module_init(soft_init);

static void __exit soft_exit(void)
{
	soft_iommu_exit();
	soft_msi_exit();
}
module_exit(soft_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(COHERENT_VFIO_VERSION);
MODULE_AUTHOR("The coherent-vfio developers");
MODULE_DESCRIPTION("PCI functions that are software alone");
