/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_KUNIT_SUITES_H
#define COHERENT_KUNIT_SUITES_H

struct kunit_suite;

/* Of what keeps no state of the kernel's, and runs in userspace, too */
extern struct kunit_suite coherent_layout_suite;
extern struct kunit_suite coherent_bar_suite;
extern struct kunit_suite coherent_clip_suite;
extern struct kunit_suite coherent_gate_suite;
extern struct kunit_suite coherent_srat_suite;
extern struct kunit_suite coherent_cedt_suite;

extern struct kunit_suite coherent_memory_suite;
extern struct kunit_suite coherent_cxl_suite;
extern struct kunit_suite coherent_cxl_keep_suite;
extern struct kunit_suite coherent_cxl_registers_suite;
extern struct kunit_suite coherent_chardev_suite;
extern struct kunit_suite coherent_claim_suite;
extern struct kunit_suite coherent_foreign_suite;
extern struct kunit_suite coherent_ledger_suite;
extern struct kunit_suite coherent_report_suite;
extern struct kunit_suite coherent_stray_suite;
extern struct kunit_suite coherent_sources_suite;
extern struct kunit_suite coherent_parse_suite;
extern struct kunit_suite coherent_refusal_suite;
extern struct kunit_suite coherent_probe_suite;
#ifndef COHERENT_IN_TREE
extern struct kunit_suite coherent_abi_suite;
#endif
extern struct kunit_suite coherent_access_suite;
extern struct kunit_suite coherent_sequence_suite;
extern struct kunit_suite coherent_reset_suite;
extern struct kunit_suite coherent_health_suite;
extern struct kunit_suite coherent_large_suite;

#endif
