// SPDX-License-Identifier: GPL-2.0-only
/*
 * An aperture by module parameter: /dev/mem in disguise, and refused where that
 * is.
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "coherent_vfio.h"
#include "dummy.h"

static char *apertures[8];
static int nr_apertures;
module_param_array_named(aperture, apertures, charp, &nr_apertures, 0444);
#define FORMAT "BDF@BASE+SIZE[/RESERVED[/wc|uc|cached[/ALIGN]]]"
MODULE_PARM_DESC(aperture, FORMAT ": a reserved range of memory for a function");

const char * const dummy_memtypes[] = {
	[COHERENT_CACHED] = "cached", [COHERENT_WC] = "wc", [COHERENT_UC] = "uc",
};

int dummy_set_memtype(struct coherent_carve *policy, const char *name)
{
	int i = match_string(dummy_memtypes, ARRAY_SIZE(dummy_memtypes), name);

	policy->reserved_memtype = max(i, 0);
	return min(i, 0);
}

/* BASE+SIZE[/RESERVED[/MEMTYPE[/ALIGN]]] */
int dummy_parse_aperture(const char *spec, u64 *base, u64 *size,
			 struct coherent_carve *policy)
{
	char *text __free(kfree) = kstrdup(spec, GFP_KERNEL);
	char *rest = text, *field = strsep(&rest, "+");

	if (!text)
		return -ENOMEM;
	if (!rest || kstrtou64(field, 0, base) ||
	    kstrtou64(strsep(&rest, "/"), 0, size))
		return -EINVAL;
	policy->reserved_memtype = COHERENT_WC;
	if ((rest && kstrtou64(strsep(&rest, "/"), 0, &policy->reserved)) ||
	    (rest && dummy_set_memtype(policy, strsep(&rest, "/"))) ||
	    (rest && kstrtou64(rest, 0, &policy->usable_align)))
		return -EINVAL;
	return 0;
}

int dummy_from_parameter(struct pci_dev *pdev, u64 *base, u64 *size,
			 struct coherent_carve *policy)
{
	int i, ret;

	for (i = 0; i < nr_apertures; i++) {
		const char *spec = apertures[i];
		size_t len = str_has_prefix(spec, pci_name(pdev));

		if (!len || spec[len] != '@')
			continue;
		if (security_locked_down(LOCKDOWN_DEV_MEM))
			return dev_err_probe(&pdev->dev, -EPERM,
					     "kernel lockdown forbids aperture=\n");
		ret = dummy_parse_aperture(spec + len + 1, base, size, policy);
		if (ret == -EINVAL)
			dev_err_probe(&pdev->dev, ret,
				      "aperture=%s is not " FORMAT "\n", spec);
		return ret;
	}
	return -ENODATA;
}
