// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where interrupts of software functions would go.
 *
 * VFIO asks whether one function could send another's interrupts. Ours send
 * none, so they are isolated, and this domain is there to say so: no machine
 * needs interrupt remapping for them. It has no vectors; enabling MSI fails.
 */
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/irqdomain.h>

#include "private.h"

static struct irq_domain *domain;

/** soft_msi_init() - Return: 0 or -ENOMEM */
int soft_msi_init(void)
{
	struct fwnode_handle *fwnode;

	fwnode = irq_domain_alloc_named_fwnode("coherent-soft");
	if (!fwnode)
		return -ENOMEM;
	domain = irq_domain_create_linear(fwnode, 1, &irq_domain_simple_ops,
					  NULL);
	if (!domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	domain->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	return 0;
}

void soft_msi_exit(void)
{
	struct fwnode_handle *fwnode = domain->fwnode;

	irq_domain_remove(domain);
	irq_domain_free_fwnode(fwnode);
}

/** soft_msi_set() - functions behind @bridge send their interrupts here */
void soft_msi_set(struct device *bridge)
{
	dev_set_msi_domain(bridge, domain);
}
