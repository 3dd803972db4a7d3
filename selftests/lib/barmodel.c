// SPDX-License-Identifier: GPL-2.0-only
/*
 * The six base address registers as 24 bytes with a mask of writable bits: what
 * the PCI Local Bus Specification (3.0, section 6.2.5.1) makes software see,
 * written without a look at how the driver does it.
 */
#include <stdio.h>
#include <string.h>

#include "coherent.h"

static void put64(u8 *p, u64 v, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		p[i] = v >> (8 * i);
}

/* Register @bar of @size bytes: address bits are writable, flags are not */
static void set_bar(struct barmodel *m, unsigned int bar, u64 size, u8 flags, bool wide)
{
	u64 mask = size ? ~(size - 1) & ~0xfULL : 0;

	put64(&m->writable[bar * 4], mask, wide ? 8 : 4);
	put64(&m->byte[bar * 4], size ? flags : 0, wide ? 8 : 4);
}

void barmodel_init(struct barmodel *m, const struct fn *f, const struct expect *e,
		   const u8 now[24])
{
	const struct expect_region *r;
	unsigned int bar;
	bool wide;
	u8 flags;

	memset(m, 0, sizeof(*m));
	for (bar = 0; bar < 6; bar += wide ? 2 : 1) {
		r = expect_region(e, bar);
		if (r) {
			wide = true;
			set_bar(m, bar, r->bar, FAKE_BAR_FLAGS, true);
			continue;
		}
		/* A real one: its kind is the device's, its value starts as it is */
		flags = now[bar * 4] & 0xf;
		wide = (flags & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64;
		set_bar(m, bar, f->region[bar].size, flags, wide);
		if (f->region[bar].size)
			memcpy(&m->byte[bar * 4], &now[bar * 4], wide ? 8 : 4);
	}
}

void barmodel_write(struct barmodel *m, unsigned int off, const void *buf, unsigned int n)
{
	const u8 *src = buf;
	unsigned int i, b;

	for (i = 0; i < n; i++) {
		if (off + i < PCI_BASE_ADDRESS_0 || off + i >= PCI_BASE_ADDRESS_0 + 24)
			continue;
		b = off + i - PCI_BASE_ADDRESS_0;
		m->byte[b] = (m->byte[b] & ~m->writable[b]) | (src[i] & m->writable[b]);
	}
}

int barmodel_smear(struct barmodel *m, const struct fn *f, const struct expect *e)
{
	const unsigned int index = VFIO_PCI_CONFIG_REGION_INDEX;
	u8 now[24], ones[8];
	unsigned int bar, off;

	if (rd(f, index, now, 24, PCI_BASE_ADDRESS_0) != 24)
		return -1;
	barmodel_init(m, f, e, now);
	memset(ones, 0xff, sizeof(ones));
	for (bar = 2; bar < 6; bar += 2) {
		if (!expect_region(e, bar))
			continue;
		off = PCI_BASE_ADDRESS_0 + bar * 4;
		if (wr(f, index, ones, 8, off) != 8)
			return -1;
		barmodel_write(m, off, ones, 8);
	}
	return 0;
}

void barmodel_reset(struct barmodel *m, const struct expect *e)
{
	unsigned int bar;

	for (bar = 2; bar < 6; bar += 2)
		if (expect_region(e, bar))
			put64(&m->byte[bar * 4], FAKE_BAR_FLAGS, 8);
}

int barmodel_compare(const struct fn *f, const struct barmodel *m, char *why, size_t n)
{
	const unsigned int index = VFIO_PCI_CONFIG_REGION_INDEX;
	u8 whole[24], one;
	unsigned int i;

	if (rd(f, index, whole, 24, PCI_BASE_ADDRESS_0) != 24) {
		snprintf(why, n, "24 bytes at 0x10 cannot be read");
		return -1;
	}
	for (i = 0; i < 24; i++) {
		if (rd(f, index, &one, 1, PCI_BASE_ADDRESS_0 + i) != 1 ||
		    one != whole[i] || one != m->byte[i]) {
			snprintf(why, n, "offset %#x: %02x in one read, %02x alone, model %02x",
				 PCI_BASE_ADDRESS_0 + i, whole[i], one, m->byte[i]);
			return -1;
		}
	}
	return 0;
}
