/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of tests with memory errors made up by debugfs. Include after
 * kselftest_harness.h, once a program.
 */
#ifndef COHERENT_POISON_FIXTURE_H
#define COHERENT_POISON_FIXTURE_H

#include "poison_ground.h"

FIXTURE(poison) {
	struct poison_ground g;
};

FIXTURE_SETUP(poison)
{
	ASSERT_EQ(0, ground_open(&self->g));
	ASSERT_EQ(0, poison_count(&self->g.e));
}

FIXTURE_TEARDOWN(poison)
{
	EXPECT_EQ(0, ground_close(&self->g));
}

#endif
