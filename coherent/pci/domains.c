// SPDX-License-Identifier: GPL-2.0-only
/*
 * The proximity domains that firmware has for a function as a generic
 * initiator. A guest needs as many, linked to the function; without them the
 * driver in the guest has no NUMA node for what it makes of the memory.
 */
#include <linux/acpi.h>
#include <linux/device.h>
#include <linux/limits.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "pci.h"
#include "srat.h"

/* Into @buf, if there is one; how many there are */
static unsigned int list(struct pci_dev *pdev, char *buf, int *len)
{
	struct acpi_table_header *table;
	int segment = pci_domain_nr(pdev->bus);
	unsigned int nr = 0;
	s64 above = -1;
	u32 domain;

	/*
	 * Buses that the kernel itself created have numbers that firmware does
	 * not know
	 */
	if (acpi_disabled || segment < 0 || segment > U16_MAX ||
	    ACPI_FAILURE(acpi_get_table(ACPI_SIG_SRAT, 1, &table)))
		return 0;

	for (; coherent_srat_domain(table, table->length, segment, pci_dev_id(pdev),
				    above, &domain); nr++) {
		if (buf)
			*len += sysfs_emit_at(buf, *len, "%s%u", nr ? " " : "", domain);
		above = domain;
	}
	acpi_put_table(table);
	return nr;
}

static ssize_t proximity_domains_show(struct device *dev,
				      struct device_attribute *attr, char *buf)
{
	int len = 0;

	list(to_pci_dev(dev), buf, &len);
	len += sysfs_emit_at(buf, len, "\n");
	return len;
}
static DEVICE_ATTR_RO(proximity_domains);

static struct attribute *domains_attrs[] = {
	&dev_attr_proximity_domains.attr,
	NULL,
};

static const struct attribute_group domains_group = {
	.name	= COHERENT_SYSFS_GROUP,
	.attrs	= domains_attrs,
};

/**
 * coherent_domains_sysfs_add() - make the file, if there is something to be in it
 * @fn: the function, with its directory there
 *
 * Context: probe; may sleep.
 * Return: 0, or -ENOMEM, which has been logged.
 */
int coherent_domains_sysfs_add(struct coherent_function *fn)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;
	int ret;

	if (!list(pdev, NULL, NULL))
		return 0;
	ret = sysfs_merge_group(&pdev->dev.kobj, &domains_group);
	if (ret)
		pci_err(pdev, "cannot create sysfs attributes (%d)\n", ret);
	fn->has_domains = !ret;
	return ret;
}

/**
 * coherent_domains_sysfs_remove() - undo coherent_domains_sysfs_add()
 * @fn: the function
 *
 * Context: may sleep until all reads of the file have ended.
 */
void coherent_domains_sysfs_remove(struct coherent_function *fn)
{
	if (fn->has_domains)
		sysfs_unmerge_group(&fn->ap.dev->kobj, &domains_group);
	fn->has_domains = false;
}
