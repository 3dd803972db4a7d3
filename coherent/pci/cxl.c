// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory described by the CXL Device DVSEC, and its readiness: CXL r4.0,
 * 8.1.3.8.
 *
 * After a reset Memory_Info_Valid is set within 1 s; from then on the device
 * itself reports how long Memory_Active may take.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/time64.h>

#include "pci.h"

#define INFO_VALID_TIMEOUT_MS	MSEC_PER_SEC
#define ACTIVE_TIMEOUT_LAST	4	/* encodings above are reserved */

/** coherent_cxl_find() - config offset of the CXL Device DVSEC, or 0 */
u16 coherent_cxl_find(struct pci_dev *pdev)
{
	return pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
					 PCI_DVSEC_CXL_DEVICE);
}

/**
 * coherent_cxl_memory() - how much memory does the function have by CXL?
 * @pdev: the function
 *
 * Context: may sleep as config accesses do.
 * Return: bytes of its first range (a multiple of 256 MiB); 0 for none, or when it
 * does not say yet.
 */
u64 coherent_cxl_memory(struct pci_dev *pdev)
{
	u16 dvsec = coherent_cxl_find(pdev), cap;
	u32 low, high;

	if (!dvsec || pci_read_config_word(pdev, dvsec + PCI_DVSEC_CXL_CAP, &cap) ||
	    pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_HIGH(0), &high) ||
	    pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_LOW(0), &low))
		return 0;
	if (PCI_POSSIBLE_ERROR(low) || !(cap & PCI_DVSEC_CXL_MEM_CAPABLE) ||
	    !(low & PCI_DVSEC_CXL_MEM_INFO_VALID))
		return 0;
	return (u64)high << 32 | (low & PCI_DVSEC_CXL_MEM_SIZE_LOW);
}

/**
 * coherent_cxl_ready() - is the memory behind the CXL Device DVSEC active?
 * @fn: a function with a cxl_dvsec
 * @timeout_ms: how long after a reset it may take, as far as is known by now
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN; -ENODEV when the device does not answer.
 */
int coherent_cxl_ready(struct coherent_function *fn, unsigned int *timeout_ms)
{
	u16 reg = fn->cxl_dvsec + PCI_DVSEC_CXL_RANGE_SIZE_LOW(0);
	u32 status;

	*timeout_ms = INFO_VALID_TIMEOUT_MS;
	if (pci_read_config_dword(fn->cdev->core.pdev, reg, &status) ||
	    PCI_POSSIBLE_ERROR(status))
		return -ENODEV;
	if (!(status & PCI_DVSEC_CXL_MEM_INFO_VALID))
		return -EAGAIN;

	/* 1, 4, 16, 64, 256 s */
	*timeout_ms += MSEC_PER_SEC <<
		(2 * min(FIELD_GET(PCI_DVSEC_CXL_MEM_ACTIVE_TIMEOUT, status),
			 ACTIVE_TIMEOUT_LAST));
	return status & PCI_DVSEC_CXL_MEM_ACTIVE ? 0 : -EAGAIN;
}
