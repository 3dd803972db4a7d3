// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which reports count, and for how much memory. That they come at all is tried
 * with real ones: selftests/test_poison.c.
 */
#include <acpi/ghes.h>
#include <kunit/test.h>
#include <linux/cper.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../coherent/poison/private.h"
#include "aperture.h"
#include "suites.h"

#ifdef CONFIG_ACPI_APEI_GHES
#define PA	CPER_MEM_VALID_PA
#define MASK	CPER_MEM_VALID_PA_MASK

struct ghes_report {
	const char *name;
	unsigned long severity;
	u64 valid, mask;
	unsigned long pages;
};

/* Of the address of the third page */
static const struct ghes_report ghes_reports[] = {
	{ "informational", GHES_SEV_NO, PA, 0, 0 },
	{ "corrected", GHES_SEV_CORRECTED, PA, 0, 0 },
	{ "recoverable", GHES_SEV_RECOVERABLE, PA, 0, 1 },
	{ "fatal", GHES_SEV_PANIC, PA, 0, 1 },
	{ "no address", GHES_SEV_RECOVERABLE, 0, 0, 0 },
	{ "no address, but a mask", GHES_SEV_RECOVERABLE, MASK, ~0ULL << 13, 0 },
	{ "mask that does not count", GHES_SEV_RECOVERABLE, PA, ~0ULL << 16, 1 },
	{ "all bits count", GHES_SEV_RECOVERABLE, PA | MASK, ~0ULL, 1 },
	{ "a cache line", GHES_SEV_RECOVERABLE, PA | MASK, ~0ULL << 6, 1 },
	{ "four pages", GHES_SEV_RECOVERABLE, PA | MASK, ~0ULL << (PAGE_SHIFT + 2), 4 },
	{ "16 MiB", GHES_SEV_RECOVERABLE, PA | MASK, ~0ULL << 24, SZ_16M / PAGE_SIZE },
	{ "more than there is", GHES_SEV_RECOVERABLE, PA | MASK, ~0ULL << 26, 1 },
	{ "48 bits of address", GHES_SEV_RECOVERABLE, PA | MASK,
	  GENMASK_ULL(47, PAGE_SHIFT + 1), 2 },
	{ "no bit counts", GHES_SEV_RECOVERABLE, PA | MASK, 0, 1 },
	{ "one bit counts", GHES_SEV_RECOVERABLE, PA | MASK, 1ULL << 63, 1 },
};

static void ghes_desc(const struct ghes_report *report, char *desc)
{
	strscpy(desc, report->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ghes, ghes_reports, ghes_desc);

static void ghes(struct kunit *test)
{
	const struct ghes_report *t = test->param_value;
	struct coherent_ledger *ledger =
		kunit_aperture(test, KUNIT_APERTURE_BASE + SZ_256M,
			       PHYS_PFN(SZ_32M))->ledger;
	struct cper_sec_mem_err err = {
		.validation_bits = t->valid,
		.physical_addr = PFN_PHYS(ledger->first + 3) + 40,
		.physical_addr_mask = t->mask,
	};

	coherent_ghes_event(NULL, t->severity, &err);
	KUNIT_EXPECT_EQ(test, 0, coherent_queue_flush());
	KUNIT_EXPECT_EQ(test, t->pages, coherent_ledger_count(ledger));
	KUNIT_EXPECT_EQ(test, !!t->pages,
			coherent_pages_count(ledger->first + 3, ledger->first + 3));
}
#endif

static struct kunit_case sources_cases[] = {
#ifdef CONFIG_ACPI_APEI_GHES
	KUNIT_CASE_PARAM(ghes, ghes_gen_params),
#endif
	{ }
};

struct kunit_suite coherent_sources_suite = {
	.name = "coherent-sources",
	.test_cases = sources_cases,
};
