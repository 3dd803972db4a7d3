// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "suites.h"

kunit_test_suites(&coherent_layout_suite, &coherent_bar_suite,
		  &coherent_clip_suite, &coherent_gate_suite,
		  &coherent_srat_suite, &coherent_cedt_suite);
