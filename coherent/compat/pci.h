/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_PCI_H
#define COHERENT_COMPAT_PCI_H

#include <linux/pci_regs.h>

/* CXL r4.0, 8.1.3: registers of the CXL Device DVSEC; in pci_regs.h from 7.0 */
#ifndef PCI_DVSEC_CXL_DEVICE
#define PCI_DVSEC_CXL_DEVICE			0
#define PCI_DVSEC_CXL_RANGE_SIZE_LOW(i)		(0x1c + (i) * 0x10)
#define PCI_DVSEC_CXL_MEM_INFO_VALID		0x1
#define PCI_DVSEC_CXL_MEM_ACTIVE		0x2
#define PCI_DVSEC_CXL_MEM_ACTIVE_TIMEOUT	0xe000
#endif

#endif
