/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_PCI_H
#define COHERENT_COMPAT_PCI_H

#include <linux/pci.h>
#include <linux/pci_regs.h>

/* CXL r4.0, 8.1.3: registers of the CXL Device DVSEC; in pci_regs.h from 7.0 */
#ifndef PCI_DVSEC_CXL_DEVICE
#define PCI_DVSEC_CXL_DEVICE			0
#define PCI_DVSEC_CXL_CAP			0xa
#define PCI_DVSEC_CXL_MEM_CAPABLE		0x4
#define PCI_DVSEC_CXL_HDM_COUNT			0x30
#define PCI_DVSEC_CXL_CTRL			0xc
#define PCI_DVSEC_CXL_MEM_ENABLE		0x4
#define PCI_DVSEC_CXL_RANGE_SIZE_HIGH(i)	(0x18 + (i) * 0x10)
#define PCI_DVSEC_CXL_RANGE_SIZE_LOW(i)		(0x1c + (i) * 0x10)
#define PCI_DVSEC_CXL_MEM_INFO_VALID		0x1
#define PCI_DVSEC_CXL_MEM_ACTIVE		0x2
#define PCI_DVSEC_CXL_MEM_ACTIVE_TIMEOUT	0xe000
#define PCI_DVSEC_CXL_MEM_SIZE_LOW		0xf0000000
#define PCI_DVSEC_CXL_RANGE_BASE_HIGH(i)	(0x20 + (i) * 0x10)
#define PCI_DVSEC_CXL_RANGE_BASE_LOW(i)		(0x24 + (i) * 0x10)
#define PCI_DVSEC_CXL_MEM_BASE_LOW		0xf0000000
#define CXL_DVSEC_RANGE_MAX			2

/* 8.1.9: of the Register Locator DVSEC */
#define PCI_DVSEC_CXL_REG_LOCATOR		8
#define PCI_DVSEC_CXL_REG_LOCATOR_BLOCK1	0xc
#define PCI_DVSEC_CXL_REG_LOCATOR_BIR		0x7
#define PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_ID	0xff00
#define PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_OFF_LOW	0xffff0000
#endif

/*
 * Domain numbers for emulated host bridges: from 6.18, where the number goes
 * back with the bridge. Before, a free one is looked for.
 */
#ifndef COMPAT_HAS_EMUL_DOMAIN
static inline int pci_bus_find_emul_domain_nr(u32 hint, u32 min, u32 max)
{
	for (u32 nr = min; nr < max; nr++)
		if (!pci_find_bus(nr, 0))
			return nr;
	return -ENOSPC;
}
#endif

#ifndef COMPAT_HAS_DRIVER_OVERRIDE	/* from 7.0, and backported */
static inline int device_set_driver_override(struct device *dev, const char *s)
{
	return driver_set_override(dev, &to_pci_dev(dev)->driver_override, s,
				   strlen(s));
}
#endif

#endif
