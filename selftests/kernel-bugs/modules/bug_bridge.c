// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host bridge with one function behind it, which has nothing but an ID. It has no
 * windows: the kernel loses their entries when the bridge cannot be registered, which
 * is not what this is for.
 *
 * With "ext_circle" or "ht_circle" the function is PCI Express and has two capabilities
 * more, of this ID in its extended list, or of HyperTransport in the other; each says that
 * the other is the next. Or there is one of HyperTransport's, which names itself.
 */
#include <linux/bits.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

#define DOMAIN		0x10000		/* above those that hardware can have */
#define CLASS_CODE	0xff000000	/* none that is defined */

/* Where capabilities are */
#define EXPRESS		0x40
#define HT_ONE		0x80
#define HT_TWO		0x90
#define EXT_ONE		PCI_CFG_SPACE_SIZE
#define EXT_TWO		(PCI_CFG_SPACE_SIZE + 0x40)

static ushort vendor = 0x1234;
module_param(vendor, ushort, 0444);
MODULE_PARM_DESC(vendor, "the function's vendor");
static ushort ext_circle;
module_param(ext_circle, ushort, 0444);
MODULE_PARM_DESC(ext_circle, "extended capability of which there is a circle");
static uint ht_circle;
module_param(ht_circle, uint, 0444);
MODULE_PARM_DESC(ht_circle, "of so many capabilities of HyperTransport's there is a circle: 1 or 2");

static struct pci_sysdata sysdata = {
	.domain	= DOMAIN,
	.node	= NUMA_NO_NODE,
};

static struct pci_host_bridge *bridge;

static u32 capability(u8 id, u8 next, u16 word)
{
	return (u32)word << 16 | next << 8 | id;
}

static u32 ext_capability(u16 next)
{
	return ext_circle ? (u32)next << 20 | 1 << 16 | ext_circle : 0;
}

static u32 config_dword(int where)
{
	bool listed = ext_circle || ht_circle;

	switch (where) {
	case PCI_VENDOR_ID:
		return 0x0001 << 16 | vendor;
	case PCI_COMMAND:
		return listed ? PCI_STATUS_CAP_LIST << 16 : 0;
	case PCI_CLASS_REVISION:
		return CLASS_CODE;
	case PCI_CAPABILITY_LIST:
		return listed ? EXPRESS : 0;
	case EXPRESS:
		return capability(PCI_CAP_ID_EXP, ht_circle ? HT_ONE : 0,
				  PCI_EXP_TYPE_RC_END << 4 | 2);
	case HT_ONE:
		return capability(PCI_CAP_ID_HT, ht_circle == 1 ? HT_ONE : HT_TWO,
				  HT_CAPTYPE_IRQ << 8);
	case HT_TWO:
		return capability(PCI_CAP_ID_HT, HT_ONE, HT_CAPTYPE_IRQ << 8);
	case EXT_ONE:
		return ext_capability(EXT_TWO);
	case EXT_TWO:
		return ext_capability(EXT_ONE);
	default:
		return 0;
	}
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	u32 dword;

	if (devfn) {
		*val = ~0U;
		return PCIBIOS_DEVICE_NOT_FOUND;
	}
	dword = config_dword(where & ~3);
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
