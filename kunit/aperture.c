// SPDX-License-Identifier: GPL-2.0-only
/*
 * Apertures that no device is bound to: their ledgers are all there is of them.
 */
#include <kunit/test.h>
#include <linux/pci.h>
#include <linux/pfn.h>

#include "../coherent/poison/private.h"
#include "aperture.h"

static void forget(void *data)
{
	struct kunit_aperture *aperture = data;

	coherent_report_forget(aperture->ledger->first, aperture->ledger->last);
}

/**
 * kunit_aperture() - show an aperture, and go
 * @test: at its end everything is forgotten
 * @base: host-physical address
 * @pages: how many
 *
 * Return: the aperture.
 */
struct kunit_aperture *kunit_aperture(struct kunit *test, u64 base,
				      unsigned long pages)
{
	struct kunit_aperture *aperture;
	struct coherent_aperture *ap;

	aperture = kunit_kzalloc(test, sizeof(*aperture), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, aperture);
	aperture->cdev.function = &aperture->function;
	ap = &aperture->function.ap;
	/* Pages that are known are said to its log */
	ap->dev = kunit_kzalloc(test, sizeof(struct device), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ap->dev);
	ap->dev->init_name = "kunit";
	ap->layout.base = base;
	ap->layout.size = PFN_PHYS(pages);
	KUNIT_ASSERT_EQ(test, 0, coherent_ledger_attach(ap, COHERENT_POISON_AUTO));
	coherent_ledger_detach(ap);
	aperture->ledger = ap->ledger;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, forget, aperture));
	return aperture;
}
