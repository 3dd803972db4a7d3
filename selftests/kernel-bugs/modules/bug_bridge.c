// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host bridge with one function behind it, which has nothing but an ID. It has no
 * windows: the kernel loses their entries when the bridge cannot be registered, which
 * is not what this is for.
 */
#include <linux/bits.h>
#include <linux/module.h>
#include <linux/pci.h>

#define DOMAIN		0x10000		/* above those that hardware can have */
#define ID		0x00011234	/* device and vendor */
#define CLASS_CODE	0xff000000	/* none that is defined */

static struct pci_sysdata sysdata = {
	.domain	= DOMAIN,
	.node	= NUMA_NO_NODE,
};

static struct pci_host_bridge *bridge;

static int config_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	u32 dword = 0;

	if (devfn) {
		*val = ~0U;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	if ((where & ~3) == PCI_VENDOR_ID)
		dword = ID;
	else if ((where & ~3) == PCI_CLASS_REVISION)
		dword = CLASS_CODE;
	*val = dword >> 8 * (where & 3);
	if (size < 4)
		*val &= BIT(8 * size) - 1;
	return PCIBIOS_SUCCESSFUL;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 val)
{
	return devfn ? PCIBIOS_DEVICE_NOT_FOUND : PCIBIOS_SUCCESSFUL;
}

static struct pci_ops ops = {
	.read	= config_read,
	.write	= config_write,
};

static int __init bug_bridge_init(void)
{
	int ret;

	bridge = pci_alloc_host_bridge(0);
	if (!bridge)
		return -ENOMEM;
	bridge->sysdata = &sysdata;
	bridge->ops = &ops;

	pci_lock_rescan_remove();
	ret = pci_scan_root_bus_bridge(bridge);
	if (!ret)
		pci_bus_add_devices(bridge->bus);
	pci_unlock_rescan_remove();
	if (ret)
		pci_free_host_bridge(bridge);
	return ret;
}
module_init(bug_bridge_init);

static void __exit bug_bridge_exit(void)
{
	pci_lock_rescan_remove();
	pci_stop_root_bus(bridge->bus);
	pci_remove_root_bus(bridge->bus);
	pci_unlock_rescan_remove();
	pci_free_host_bridge(bridge);
}
module_exit(bug_bridge_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A PCI host bridge with one function");
