// SPDX-License-Identifier: GPL-2.0-only
/*
 * HDM decoders among the component registers: CXL r4.0, 8.2.4.
 */
#include <linux/array_size.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/io.h>

#include "cxl.h"

/* Registers of CXL.cache and CXL.mem begin here in the block */
#define CM			0x1000
#define CM_ID			GENMASK(15, 0)
#define CM_ITSELF		1
#define CM_COUNT		GENMASK(31, 24)
#define CM_POINTER		GENMASK(31, 20)
#define CM_HDM			5

/* HDM Decoder Capability Structure */
#define HDM_COUNT		GENMASK(3, 0)	/* encoded */
#define HDM_CONTROL		0x4
#define HDM_ENABLE		BIT(1)
#define HDM_FIRST		0x10
#define HDM_STEP		0x20

/* A decoder; addresses are multiples of 256 MiB */
#define BASE_LOW		0x0
#define BASE_HIGH		0x4
#define SIZE_LOW		0x8
#define SIZE_HIGH		0xc
#define LOW			GENMASK(31, 28)
#define CONTROL			0x10
#define WAYS			GENMASK(7, 4)	/* encoded; 0 is one */
#define COMMITTED		BIT(10)

/**
 * coherent_cxl_span_add() - memory that comes before or behind
 * @span: grows
 * @base: host-physical address
 * @size: in bytes, not 0
 *
 * Return: 0; -EINVAL when it wraps, overlaps, or leaves a gap.
 */
int coherent_cxl_span_add(struct coherent_cxl_span *span, u64 base, u64 size)
{
	if (base + size <= base)
		return -EINVAL;
	if (!span->size)
		*span = (struct coherent_cxl_span) { base, size };
	else if (base == span->base + span->size)
		span->size += size;
	else if (base + size == span->base)
		*span = (struct coherent_cxl_span) { base, span->size + size };
	else
		return -EINVAL;
	return 0;
}

/* The decoders' registers, NULL without any, or an error */
static void __iomem *find_hdm(void __iomem *component, const char **why)
{
	u32 header = readl(component + CM);

	*why = "the registers that tell how its CXL.mem decodes make no sense";
	if (header == ~0U)
		return IOMEM_ERR_PTR(-ENODEV);
	if (FIELD_GET(CM_ID, header) != CM_ITSELF)
		return NULL;
	for (unsigned int i = 1; i <= FIELD_GET(CM_COUNT, header); i++) {
		u32 entry = readl(component + CM + 4 * i);

		if (FIELD_GET(CM_ID, entry) != CM_HDM)
			continue;
		if (FIELD_GET(CM_POINTER, entry) % sizeof(u32))
			return IOMEM_ERR_PTR(-ENODEV);
		return component + CM + FIELD_GET(CM_POINTER, entry);
	}
	return NULL;
}

static unsigned int count_decoders(void __iomem *hdm)
{
	static const u8 counts[] = { 1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32 };
	unsigned int code = FIELD_GET(HDM_COUNT, readl(hdm));

	return code < ARRAY_SIZE(counts) ? counts[code] : 0;
}

static u64 read_address(void __iomem *low, void __iomem *high)
{
	return (u64)readl(high) << 32 | (readl(low) & LOW);
}

static int add_decoder(void __iomem *decoder, struct coherent_cxl_span *span,
		       const char **why)
{
	u32 control = readl(decoder + CONTROL);
	u64 base = read_address(decoder + BASE_LOW, decoder + BASE_HIGH);
	u64 size = read_address(decoder + SIZE_LOW, decoder + SIZE_HIGH);

	if (!(control & COMMITTED) || !size)
		return 0;
	if (FIELD_GET(WAYS, control)) {
		*why = "interleaved with other devices' memory";
		return -EOPNOTSUPP;
	}
	if (coherent_cxl_span_add(span, base, size)) {
		*why = "decoders leave a gap, or overlap";
		return -EOPNOTSUPP;
	}
	return 0;
}

/**
 * coherent_cxl_decoders() - memory by committed HDM decoders
 * @component: the block of component registers
 * @span: filled in
 * @why: where to store the reason, for a person, of an error but -ENODATA
 *
 * Context: any.
 * Return: 0; -ENODATA where decoders are not in use: the DVSEC's ranges count
 * then; -EOPNOTSUPP for interleaved memory, and for a gap; -ENODEV when they
 * are in use and none is committed, and for registers that do not answer.
 */
int coherent_cxl_decoders(void __iomem *component,
			  struct coherent_cxl_span *span, const char **why)
{
	void __iomem *hdm = find_hdm(component, why);
	int ret = 0;

	if (IS_ERR(hdm))
		return PTR_ERR(hdm);
	*why = NULL;
	if (!hdm || !(readl(hdm + HDM_CONTROL) & HDM_ENABLE))
		return -ENODATA;
	for (unsigned int i = 0; !ret && i < count_decoders(hdm); i++)
		ret = add_decoder(hdm + HDM_FIRST + i * HDM_STEP, span, why);
	if (!ret && !span->size) {
		*why = "no HDM decoder is committed";
		ret = -ENODEV;
	}
	return ret;
}
