/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an architecture's PCI code takes a root bus's sysdata for.
 */
#ifndef COHERENT_SOFT_SYSDATA_H
#define COHERENT_SOFT_SYSDATA_H

#include <linux/limits.h>
#include <linux/numa.h>
#include <linux/pci.h>

#ifdef CONFIG_X86
struct soft_sysdata {
	struct pci_sysdata arch;
};
#else
#include <linux/pci-ecam.h>

/* All 0: no parent, so ACPI is not asked for the bridge's companion */
struct soft_sysdata {
	struct pci_config_window arch;
};
#endif

/* Firmware numbers its PCI domains with 16 bits */
#define SOFT_FIRST_DOMAIN	0x10000

/* Give the bridge's bus a domain of its own; it is given back with the bridge */
static inline int soft_sysdata_init(struct soft_sysdata *sysdata,
				    struct pci_host_bridge *bridge)
{
	int nr = pci_bus_find_emul_domain_nr(0, SOFT_FIRST_DOMAIN, INT_MAX);

	if (nr < 0)
		return nr;
	bridge->domain_nr = nr;
#ifdef CONFIG_X86
	sysdata->arch.domain = nr;
	sysdata->arch.node = NUMA_NO_NODE;
#endif
	return 0;
}

#endif /* COHERENT_SOFT_SYSDATA_H */
