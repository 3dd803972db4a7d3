/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests that run for each kind of reset: the function is open and
 * calm. Skipped where a function cannot be reset that way. Include after
 * kselftest_harness.h, coherent.h and model.h, once a program.
 */
#ifndef COHERENT_RESET_FIXTURE_H
#define COHERENT_RESET_FIXTURE_H

FIXTURE(kinds) {
	struct expect e;
	struct fn f;
	size_t page, pmd;
};

FIXTURE_VARIANT(kinds) {
	enum reset_kind kind;
};

FIXTURE_VARIANT_ADD(kinds, ioctl) { .kind = BY_IOCTL };
FIXTURE_VARIANT_ADD(kinds, flr) { .kind = BY_FLR };
FIXTURE_VARIANT_ADD(kinds, sysfs) { .kind = BY_SYSFS };
FIXTURE_VARIANT_ADD(kinds, hot) { .kind = BY_HOT };

FIXTURE_SETUP(kinds)
{
	const char *why;

	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	why = reset_impossible(&self->e, variant->kind);
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	self->pmd = pmd_size();
	fault_catch();
}

FIXTURE_TEARDOWN(kinds)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

#endif
