// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a fake 64-bit BAR, byte by byte.
 *
 * PURE: no kernel state.  PCI Local Bus 3.0, 6.2.5.1: a 64-bit memory BAR is
 * two dwords; the low four bits say what it is, the bits below the size read
 * as 0, whatever was written.
 */
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/types.h>

#include "coherent_layout.h"

static u64 bar_image(const struct coherent_bar_reg *reg)
{
	return (reg->value & ~(reg->size - 1)) |
	       PCI_BASE_ADDRESS_SPACE_MEMORY | PCI_BASE_ADDRESS_MEM_TYPE_64 |
	       PCI_BASE_ADDRESS_MEM_PREFETCH;
}

/**
 * coherent_bar_overlap() - which bytes of a config access are the BAR's
 * @reg: the BAR
 * @pos: config space offset of the access
 * @count: its length
 * @buf_off: where the overlap begins in the access
 * @reg_off: where it begins in the BAR
 *
 * Return: how many bytes overlap, 0 for none (then nothing else is set).
 */
size_t coherent_bar_overlap(const struct coherent_bar_reg *reg, u64 pos,
			    size_t count, size_t *buf_off, size_t *reg_off)
{
	u64 reg_end = reg->offset + COHERENT_BAR_REG_BYTES;
	u64 start;

	if (pos >= reg_end)
		return 0;
	start = max_t(u64, pos, reg->offset);
	if (start - pos >= count)
		return 0;

	*buf_off = start - pos;
	*reg_off = start - reg->offset;
	return min_t(u64, count - *buf_off, reg_end - start);
}

/**
 * coherent_bar_read() - bytes of the BAR as config space shows them
 * @reg: the BAR
 * @reg_off: first byte, below 8
 * @bytes: filled in, little endian as on the bus
 * @count: how many; @reg_off + @count is at most 8
 */
void coherent_bar_read(const struct coherent_bar_reg *reg, size_t reg_off,
		       u8 *bytes, size_t count)
{
	u64 image = bar_image(reg);
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = image >> (8 * (reg_off + i));
}

/**
 * coherent_bar_write() - replace bytes of the BAR
 * @reg: the BAR
 * @reg_off: first byte, below 8
 * @bytes: little endian as on the bus
 * @count: how many; @reg_off + @count is at most 8
 *
 * Everything is stored; what the size forbids is masked when it is read.
 */
void coherent_bar_write(struct coherent_bar_reg *reg, size_t reg_off,
			const u8 *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		unsigned int shift = 8 * (reg_off + i);

		reg->value &= ~(0xffULL << shift);
		reg->value |= (u64)bytes[i] << shift;
	}
}
