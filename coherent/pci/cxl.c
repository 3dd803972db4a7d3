// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory described by the CXL Device DVSEC, and its readiness: CXL r4.0,
 * 8.1.3.
 *
 * After a reset Memory_Info_Valid of each range is set within 1 s; from then on
 * the device itself reports how long Memory_Active may take.
 *
 * A DVSEC that has no memory (Mem_Capable is 0, or HDM_Count is) says nothing
 * of memory: what it reads of its ranges is reserved.
 */
#include <linux/bitfield.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/time64.h>

#include "cxl.h"
#include "pci.h"

#define INFO_VALID_TIMEOUT_MS	MSEC_PER_SEC
#define ACTIVE_TIMEOUT_LAST	4	/* encodings above are reserved */

/* HDM_Count of a function that has memory; 3 is reserved */
static unsigned int count_ranges(struct pci_dev *pdev, u16 dvsec)
{
	unsigned int nr;
	u16 cap;

	if (pci_read_config_word(pdev, dvsec + PCI_DVSEC_CXL_CAP, &cap) ||
	    PCI_POSSIBLE_ERROR(cap) || !(cap & PCI_DVSEC_CXL_MEM_CAPABLE))
		return 0;
	nr = FIELD_GET(PCI_DVSEC_CXL_HDM_COUNT, cap);
	return nr <= CXL_DVSEC_RANGE_MAX ? nr : 0;
}

/**
 * coherent_cxl_find() - a CXL Device DVSEC that has memory
 * @pdev: the function
 * @dvsec: where to store its config offset, or 0 without such a DVSEC
 *
 * Context: may sleep as config accesses do.
 * Return: how many ranges it has, all of which count: 1 or 2; or 0.
 */
unsigned int coherent_cxl_find(struct pci_dev *pdev, u16 *dvsec)
{
	unsigned int nr = 0;

	*dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
					   PCI_DVSEC_CXL_DEVICE);
	if (*dvsec)
		nr = count_ranges(pdev, *dvsec);
	if (!nr)
		*dvsec = 0;
	return nr;
}

/**
 * coherent_cxl_range_size() - how large is a range?
 * @pdev: the function
 * @dvsec: config offset of its CXL Device DVSEC
 * @i: 0 or 1
 * @size: where to store the size in bytes, a multiple of 256 MiB
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN when it does not say yet; -ENODEV when it does not answer.
 */
int coherent_cxl_range_size(struct pci_dev *pdev, u16 dvsec, unsigned int i,
			    u64 *size)
{
	u32 low, high;

	if (pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_HIGH(i), &high) ||
	    pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_LOW(i), &low) ||
	    PCI_POSSIBLE_ERROR(low))
		return -ENODEV;
	*size = (u64)high << 32 | (low & PCI_DVSEC_CXL_MEM_SIZE_LOW);
	return low & PCI_DVSEC_CXL_MEM_INFO_VALID ? 0 : -EAGAIN;
}

/**
 * coherent_cxl_memory() - how much memory does the function have by CXL?
 * @pdev: the function
 *
 * Context: may sleep as config accesses do.
 * Return: bytes of its largest range; 0 for none, or when it does not say yet.
 */
u64 coherent_cxl_memory(struct pci_dev *pdev)
{
	u16 dvsec;
	unsigned int nr = coherent_cxl_find(pdev, &dvsec);
	u64 most = 0, size;

	for (unsigned int i = 0; i < nr; i++)
		if (!coherent_cxl_range_size(pdev, dvsec, i, &size))
			most = max(most, size);
	return most;
}

static int range_ready(struct pci_dev *pdev, u16 dvsec, unsigned int i,
		       unsigned int *timeout_ms)
{
	u32 status;

	*timeout_ms = INFO_VALID_TIMEOUT_MS;
	if (pci_read_config_dword(pdev, dvsec + PCI_DVSEC_CXL_RANGE_SIZE_LOW(i), &status) ||
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

/**
 * coherent_cxl_ready() - is the memory behind the CXL Device DVSEC active?
 * @fn: a function with a ready_dvsec
 * @timeout_ms: how long after a reset it may take, as far as is known by now
 *
 * All of its ranges have to be, as drivers/cxl has it; the first that is not tells the
 * limit.
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN; -ENODEV when the device does not answer.
 */
int coherent_cxl_ready(struct coherent_function *fn, unsigned int *timeout_ms)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;
	int ret = 0;

	for (unsigned int i = 0; !ret && i < fn->cxl_ranges; i++)
		ret = range_ready(pdev, fn->ready_dvsec, i, timeout_ms);
	return ret;
}
