/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests that run on each fake region: the function is open, @r
 * says what must be seen of region @i. Skipped where there is no such region.
 * Include after kselftest_harness.h and coherent.h, once a program.
 */
#ifndef COHERENT_REGION_FIXTURE_H
#define COHERENT_REGION_FIXTURE_H

#define RW (PROT_READ | PROT_WRITE)

FIXTURE(region) {
	struct expect e;
	struct fn f;
	const struct expect_region *r;
	unsigned int i;
	u64 len, bar;
	size_t page, pmd;
	u64 seed;
};

FIXTURE_VARIANT(region) {
	unsigned int index;
};

FIXTURE_VARIANT_ADD(region, usemem) { .index = USEMEM };
FIXTURE_VARIANT_ADD(region, resmem) { .index = RESMEM };

FIXTURE_SETUP(region)
{
	self->f.device = -1;
	ASSERT_EQ(0, expect_load(&self->e));
	self->r = expect_region(&self->e, variant->index);
	if (!self->r)
		SKIP(return, "no such region on this function");
	ASSERT_EQ(0, fn_open(&self->f, self->e.bdf));
	self->i = variant->index;
	self->len = self->r->len;
	self->bar = self->r->bar;
	self->page = page_size();
	self->pmd = pmd_size();
	self->seed = now_ms();
	ASSERT_LT(8 * self->page, self->len);
	fault_catch();
}

FIXTURE_TEARDOWN(region)
{
	if (self->f.device >= 0)
		fn_close(&self->f);
}

#endif
