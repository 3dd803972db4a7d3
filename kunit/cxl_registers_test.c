// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of CXL, which are memory here: what decoders and the device's status say of
 * its memory.
 */
#include <kunit/test.h>
#include <linux/array_size.h>
#include <linux/io.h>
#include <linux/string.h>

#include "../coherent/pci/cxl.h"
#include "function.h"
#include "suites.h"

#define BASE		KUNIT_FUNCTION_BASE
#define SIZE		KUNIT_FUNCTION_SIZE

#define CM		0x1000
#define HDM		(CM + 0x200)
#define CONTROL		0x10

struct registers {
	u32 *words;
	unsigned int decoders;
};

static void reg(struct registers *regs, unsigned int at, u32 value)
{
	regs->words[at / 4] = value;
}

static struct registers registers(struct kunit *test)
{
	struct registers regs = {
		.words = kunit_kzalloc(test, COHERENT_CXL_BLOCK_SIZE, GFP_KERNEL),
	};

	KUNIT_ASSERT_NOT_NULL(test, regs.words);
	/* Two capabilities, of which the second is that of the decoders */
	reg(&regs, CM, 1 | 2 << 24);
	reg(&regs, CM + 4, 2 | 0x300 << 20);
	reg(&regs, CM + 8, 5 | 0x200 << 20);
	reg(&regs, HDM, 2);		/* 4 of them */
	reg(&regs, HDM + 4, 2);
	return regs;
}

static void decoder(struct registers *regs, u64 base, u64 size, u32 control)
{
	unsigned int at = HDM + 0x10 + 0x20 * regs->decoders++;

	/* Reserved bits are no part of an address */
	reg(regs, at, lower_32_bits(base) | 0xabc);
	reg(regs, at + 4, upper_32_bits(base));
	reg(regs, at + 8, lower_32_bits(size) | 0xabc);
	reg(regs, at + 12, upper_32_bits(size));
	reg(regs, at + CONTROL, control);
}

static int read_decoders(struct registers *regs, struct coherent_cxl_span *span,
			 const char **why)
{
	*span = (struct coherent_cxl_span) { };
	*why = NULL;
	return coherent_cxl_decoders((void __iomem __force *)regs->words, span, why);
}

#define COMMITTED	BIT(10)

static void committed_decoders(struct kunit *test)
{
	struct registers regs = registers(test);
	struct coherent_cxl_span span;
	const char *why;

	KUNIT_EXPECT_EQ(test, -ENODEV, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
	decoder(&regs, 0, SIZE, 0);
	KUNIT_EXPECT_EQ(test, -ENODEV, read_decoders(&regs, &span, &why));
	decoder(&regs, BASE, SIZE, COMMITTED);
	decoder(&regs, BASE + SIZE, SZ_256M, COMMITTED | 0xf | BIT(8) | BIT(12));
	decoder(&regs, 0, 0, COMMITTED);
	/* The fifth of four */
	decoder(&regs, 0, SZ_256M, COMMITTED);
	KUNIT_EXPECT_EQ(test, 0, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_EQ(test, BASE, span.base);
	KUNIT_EXPECT_EQ(test, SIZE + SZ_256M, span.size);

	reg(&regs, HDM, 0xd);		/* reserved: so there is none */
	KUNIT_EXPECT_EQ(test, -ENODEV, read_decoders(&regs, &span, &why));
}

static void decoders_not_in_use(struct kunit *test)
{
	struct registers regs = registers(test);
	struct coherent_cxl_span span;
	const char *why;

	decoder(&regs, BASE, SIZE, COMMITTED);
	reg(&regs, HDM + 4, 1);
	KUNIT_EXPECT_EQ(test, -ENODATA, read_decoders(&regs, &span, &why));
	reg(&regs, HDM + 4, 2);
	KUNIT_EXPECT_EQ(test, 0, read_decoders(&regs, &span, &why));
	reg(&regs, CM, 1 | 1 << 24);	/* the list ends before them */
	KUNIT_EXPECT_EQ(test, -ENODATA, read_decoders(&regs, &span, &why));
	reg(&regs, CM, 7);		/* something else */
	KUNIT_EXPECT_EQ(test, -ENODATA, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NULL(test, why);
}

static void decoders_that_make_no_sense(struct kunit *test)
{
	struct registers regs = registers(test);
	struct coherent_cxl_span span;
	const char *why;

	decoder(&regs, BASE, SIZE, COMMITTED);
	reg(&regs, CM + 8, 5 | 0x202 << 20);	/* between two registers */
	KUNIT_EXPECT_EQ(test, -ENODEV, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
	reg(&regs, CM, ~0U);		/* a function that does not answer */
	KUNIT_EXPECT_EQ(test, -ENODEV, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
}

static void decoders_refused(struct kunit *test)
{
	struct registers regs = registers(test);
	struct coherent_cxl_span span;
	const char *why;

	decoder(&regs, BASE, SIZE, COMMITTED | 1 << 4);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
	regs = registers(test);
	decoder(&regs, BASE, SIZE, COMMITTED);
	decoder(&regs, BASE + 2 * SIZE, SIZE, COMMITTED);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, read_decoders(&regs, &span, &why));
	KUNIT_EXPECT_NOT_NULL(test, why);
}

static void media(struct kunit *test)
{
	static const struct {
		u32 status;
		bool trouble;
	} states[] = {
		{ 0, false }, { 1 << 2, false }, { 2 << 2, true }, { 3 << 2, true },
		{ 1 << 2 | BIT(0), true }, { 1 << 2 | BIT(1), true }, { 1 << 2 | BIT(4), false },
	};
	struct registers regs = registers(test);
	void __iomem *io = (void __iomem __force *)regs.words;

	reg(&regs, 0, 0);
	reg(&regs, 4, 2);
	reg(&regs, 0x10, 1);
	reg(&regs, 0x20, 0x4000);
	reg(&regs, 0x24, 0x800);
	for (int i = 0; i < ARRAY_SIZE(states); i++) {
		reg(&regs, 0x800, states[i].status);
		KUNIT_EXPECT_EQ_MSG(test, states[i].trouble, !!coherent_cxl_media_trouble(io),
				    "%#x", states[i].status);
	}
	/* Nothing of that kind, or nowhere */
	reg(&regs, 0x800, 3 << 2);
	reg(&regs, 0x24, COHERENT_CXL_BLOCK_SIZE - 4);
	KUNIT_EXPECT_NULL(test, coherent_cxl_media_trouble(io));
	reg(&regs, 0x24, 0x802);
	KUNIT_EXPECT_NULL(test, coherent_cxl_media_trouble(io));
	reg(&regs, 0x20, 2);
	KUNIT_EXPECT_NULL(test, coherent_cxl_media_trouble(io));
	reg(&regs, 4, 0xffff);		/* more than there is room for */
	KUNIT_EXPECT_NULL(test, coherent_cxl_media_trouble(io));
	reg(&regs, 0, 7);
	KUNIT_EXPECT_NULL(test, coherent_cxl_media_trouble(io));
}

static struct kunit_case cxl_registers_cases[] = {
	KUNIT_CASE(committed_decoders),
	KUNIT_CASE(decoders_not_in_use),
	KUNIT_CASE(decoders_that_make_no_sense),
	KUNIT_CASE(decoders_refused),
	KUNIT_CASE(media),
	{ }
};

struct kunit_suite coherent_cxl_registers_suite = {
	.name = "coherent-cxl-registers",
	.test_cases = cxl_registers_cases,
};
