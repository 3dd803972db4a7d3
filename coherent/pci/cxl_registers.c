// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of CXL registers behind BARs: CXL r4.0, 8.1.9 (where they are), 8.2.8
 * (those of the device).
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/pci.h>

#include "cxl.h"

#define BLOCK_BYTES		8	/* of a block in the Register Locator */

/* Device capabilities array */
#define ARRAY_ID		GENMASK_ULL(15, 0)
#define ARRAY_COUNT		GENMASK_ULL(47, 32)
#define ARRAY_FIRST		0x10
#define ARRAY_STEP		0x10
#define ENTRY_ID		GENMASK(15, 0)
#define ENTRY_OFFSET		0x4

/* Memory Device Status Registers */
#define MEMORY_STATUS		0x4000
#define STATUS_FATAL		BIT_ULL(0)
#define STATUS_HALTED		BIT_ULL(1)
#define STATUS_MEDIA		GENMASK_ULL(3, 2)
#define MEDIA_ERROR		2
#define MEDIA_DISABLED		3

/**
 * coherent_cxl_locate() - where is a block of registers?
 * @pdev: the function
 * @id: of the block
 * @block: filled in; its BAR is -1 without such a block
 *
 * Context: may sleep as config accesses do.
 */
void coherent_cxl_locate(struct pci_dev *pdev, u8 id,
			 struct coherent_cxl_block *block)
{
	u16 dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
					      PCI_DVSEC_CXL_REG_LOCATOR);
	u32 header, low, high;

	*block = (struct coherent_cxl_block) { .bar = -1 };
	if (!dvsec || pci_read_config_dword(pdev, dvsec + PCI_DVSEC_HEADER1, &header))
		return;
	for (unsigned int at = PCI_DVSEC_CXL_REG_LOCATOR_BLOCK1;
	     at + BLOCK_BYTES <= PCI_DVSEC_HEADER1_LEN(header); at += BLOCK_BYTES) {
		if (pci_read_config_dword(pdev, dvsec + at, &low) ||
		    pci_read_config_dword(pdev, dvsec + at + 4, &high))
			return;
		if (FIELD_GET(PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_ID, low) != id)
			continue;
		block->bar = FIELD_GET(PCI_DVSEC_CXL_REG_LOCATOR_BIR, low);
		block->offset = (u64)high << 32 |
				(low & PCI_DVSEC_CXL_REG_LOCATOR_BLOCK_OFF_LOW);
		return;
	}
}

static bool is_in_bar(struct pci_dev *pdev, const struct coherent_cxl_block *block)
{
	u64 size;

	if (block->bar < 0 || block->bar >= PCI_STD_NUM_BARS ||
	    !(pci_resource_flags(pdev, block->bar) & IORESOURCE_MEM))
		return false;
	size = pci_resource_len(pdev, block->bar);
	return size >= COHERENT_CXL_BLOCK_SIZE &&
	       block->offset <= size - COHERENT_CXL_BLOCK_SIZE;
}

/**
 * coherent_cxl_map() - at probe: a block of registers, to be read
 * @pdev: the function, in nobody's use; enabled until coherent_cxl_unmap()
 * @block: what coherent_cxl_locate() has filled in
 *
 * Context: may sleep.
 * Return: where it is; NULL if it is in no BAR, or the BAR is not free.
 */
void __iomem *coherent_cxl_map(struct pci_dev *pdev,
			       const struct coherent_cxl_block *block)
{
	void __iomem *io;

	if (!is_in_bar(pdev, block) || pci_enable_device_mem(pdev))
		return NULL;
	if (pci_request_selected_regions(pdev, BIT(block->bar), "coherent-vfio"))
		goto out_disable;
	io = ioremap(pci_resource_start(pdev, block->bar) + block->offset,
		     COHERENT_CXL_BLOCK_SIZE);
	if (io)
		return io;
	pci_release_selected_regions(pdev, BIT(block->bar));
out_disable:
	pci_disable_device(pdev);
	return NULL;
}

/**
 * coherent_cxl_unmap() - undo coherent_cxl_map()
 * @pdev: the function
 * @block: as there
 * @io: what it has returned
 *
 * Context: may sleep.
 */
void coherent_cxl_unmap(struct pci_dev *pdev,
			const struct coherent_cxl_block *block,
			void __iomem *io)
{
	iounmap(io);
	pci_release_selected_regions(pdev, BIT(block->bar));
	pci_disable_device(pdev);
}

/**
 * coherent_cxl_media_trouble() - does the device say that its memory is out of use?
 * @io: its block of device registers
 *
 * Not every device with memory has a register for that; whether the memory is
 * ready is another question.
 *
 * Context: any.
 * Return: what is wrong, for a person; or NULL.
 */
const char *coherent_cxl_media_trouble(void __iomem *io)
{
	u64 array = readq(io), status;
	u32 at;

	if (FIELD_GET(ARRAY_ID, array))
		return NULL;
	for (unsigned int i = 0; i < FIELD_GET(ARRAY_COUNT, array); i++) {
		void __iomem *entry = io + ARRAY_FIRST + i * ARRAY_STEP;

		if (entry + ARRAY_STEP > io + COHERENT_CXL_BLOCK_SIZE)
			break;
		if (FIELD_GET(ENTRY_ID, readl(entry)) != MEMORY_STATUS)
			continue;
		at = readl(entry + ENTRY_OFFSET);
		if (at % sizeof(status) ||
		    at > COHERENT_CXL_BLOCK_SIZE - sizeof(status))
			break;
		status = readq(io + at);
		if (status & (STATUS_FATAL | STATUS_HALTED))
			return "the device reports a fatal error";
		if (FIELD_GET(STATUS_MEDIA, status) == MEDIA_ERROR)
			return "the device reports an error of its media";
		if (FIELD_GET(STATUS_MEDIA, status) == MEDIA_DISABLED)
			return "the device's media is disabled";
		break;
	}
	return NULL;
}
