/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests in which somebody waits until the memory is ready, in file I/O or
 * in a fault: the function is open and calm. Skipped where there is nothing to wait for.
 * Include after kselftest_harness.h, coherent.h and model.h, once a program.
 */
#ifndef COHERENT_WAIT_FIXTURE_H
#define COHERENT_WAIT_FIXTURE_H

FIXTURE(wait) {
	struct expect e;
	struct fn f;
	size_t page;
};

FIXTURE_VARIANT(wait) {
	bool touch;
};

FIXTURE_VARIANT_ADD(wait, file_io) { .touch = false };
FIXTURE_VARIANT_ADD(wait, fault) { .touch = true };

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(0, expect_load(&self->e));
	self->f.device = -1;
	if (!self->e.model || !self->e.readiness || self->e.no_reset)
		SKIP(return, "no readiness to wait for, or no reset");
	ASSERT_EQ(0, fn_open_calm(&self->f, &self->e));
	self->page = page_size();
	fault_catch();
}

FIXTURE_TEARDOWN(wait)
{
	if (self->f.device >= 0)
		fn_close_calm(&self->f, &self->e);
}

#endif
