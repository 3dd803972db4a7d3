// SPDX-License-Identifier: GPL-2.0-only
/*
 * The error sources, for all devices and as long as the core is loaded: an
 * error counts also while a device is closed or unbound.
 */
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/printk.h>

#include "private.h"

static const struct coherent_source_ops * const sources[] = {
#ifdef CONFIG_ACPI_APEI_GHES
	&coherent_source_ghes,
#endif
#ifdef CONFIG_X86_MCE
	&coherent_source_mce,
#endif
#ifdef CONFIG_MEMORY_FAILURE
	&coherent_source_mm,
#endif
#if defined(CONFIG_ARM64) && defined(CONFIG_RAS)
	&coherent_source_arm,
#endif
};

static unsigned long started;

/** coherent_sources_start() - listen; a source that cannot start is left out */
void coherent_sources_start(void)
{
	for (int i = 0; i < ARRAY_SIZE(sources); i++) {
		int ret = sources[i]->start();

		if (!ret)
			started |= BIT(i);
		else
			pr_warn("memory errors reported by %s will be missed (%pe)\n",
				sources[i]->name, ERR_PTR(ret));
	}
}

/** coherent_sources_stop() - no report comes after it has returned */
void coherent_sources_stop(void)
{
	for (int i = 0; i < ARRAY_SIZE(sources); i++)
		if (started & BIT(i))
			sources[i]->stop();
	started = 0;
}
