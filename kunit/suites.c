// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is run when the core library is loaded, the simplest first.
 */
#include <kunit/test.h>

#include "suites.h"

kunit_test_suites(&coherent_layout_suite,
		  &coherent_bar_suite,
		  &coherent_clip_suite,
		  &coherent_gate_suite,
		  &coherent_memory_suite,
		  &coherent_ledger_suite,
		  &coherent_report_suite,
		  &coherent_stray_suite,
		  &coherent_sources_suite,
		  &coherent_parse_suite,
		  &coherent_srat_suite,
		  &coherent_cedt_suite,
#ifndef COHERENT_IN_TREE
		  &coherent_abi_suite,
#endif
		  &coherent_refusal_suite,
		  &coherent_probe_suite,
		  &coherent_cxl_registers_suite,
		  &coherent_cxl_suite,
		  &coherent_cxl_keep_suite,
		  &coherent_chardev_suite,
		  &coherent_claim_suite,
		  &coherent_foreign_suite,
		  &coherent_access_suite,
		  &coherent_sequence_suite,
		  &coherent_reset_suite,
		  &coherent_health_suite,
		  &coherent_large_suite);
