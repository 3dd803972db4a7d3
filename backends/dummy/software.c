// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that are software alone, by module parameter: for machines that
 * have no device to bind, and no IOMMU.
 *
 * Each is described by a software node as firmware would describe it, so that
 * a backend, this one or another's, finds nothing unusual.
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/security.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "coherent_vfio.h"
#include "dummy.h"
#include "soft/soft.h"

#define MAX_SOFT	16

static unsigned int soft;
module_param(soft, uint, 0444);
MODULE_PARM_DESC(soft, "make this many functions that are software alone, at most 16");

static char *soft_size = "64M";
module_param(soft_size, charp, 0444);
MODULE_PARM_DESC(soft_size,
		 "memory to allocate for each of them, with suffix K, M or G (default 64M)");

#define FORMAT "BASE+SIZE[/RESERVED[/wc|uc|cached[/ALIGN]]]"
static char *soft_aperture;
module_param(soft_aperture, charp, 0444);
MODULE_PARM_DESC(soft_aperture, FORMAT ": a reserved range of memory for them, each gets an equal part of SIZE; nothing is allocated");

static char *soft_identity;
module_param(soft_identity, charp, 0444);
MODULE_PARM_DESC(soft_identity, "gh200, gb200, gb300 or gb200-cxl: functions for the nvgrace backend; needs soft_aperture");

/* BAR 0 of those is the end of their part of soft_aperture */
#define BAR0_SIZE	SZ_1M
#define READY_AFTER_MS	200

static const struct identity {
	const char *name;
	u16 device;
	unsigned int flags;
} identities[] = {
	{ "gh200", 0x2342, 0 },
	{ "gb200", 0x2941, SOFT_NVIDIA_DVSEC },
	{ "gb300", 0x31c2, SOFT_NVIDIA_DVSEC },
	{ "gb200-cxl", 0x2941, SOFT_NVIDIA_DVSEC | SOFT_CXL_DVSEC },
};

/* What the parameters come to */
static struct plan {
	const struct identity *identity;
	u64 base;			/* 0: allocate */
	u64 size;			/* of each */
	struct coherent_carve policy;
} plan;

static struct {
	struct soft_function *fn;
	u64 allocated;			/* base, or 0 */
} functions[MAX_SOFT];

static int refuse(int err, const char *what)
{
	pr_err(KBUILD_MODNAME ": %s\n", what);
	return err;
}

static int plan_identity(void)
{
	if (!soft_identity)
		return 0;
	if (!soft_aperture)
		return refuse(-EINVAL, "soft_identity= needs soft_aperture=");
	if (plan.policy.reserved || plan.policy.usable_align)
		return refuse(-EINVAL, "with soft_identity= the layout is the backend's own");
	for (int i = 0; i < ARRAY_SIZE(identities); i++)
		if (!strcmp(soft_identity, identities[i].name))
			plan.identity = &identities[i];
	if (!plan.identity)
		return refuse(-EINVAL, "soft_identity= is none of gh200, gb200, gb300, gb200-cxl");
	if (!IS_ALIGNED(plan.base | plan.size, BAR0_SIZE) ||
	    plan.size <= BAR0_SIZE)
		return refuse(-EINVAL, "with soft_identity= each part must be some whole MiB");
	return 0;
}

static int make_plan(void)
{
	char *end;
	int ret;

	if (soft > MAX_SOFT)
		return refuse(-EINVAL, "soft= is at most 16");
	if (!soft_aperture) {
		plan.size = memparse(soft_size, &end);
		if (*end || !plan.size || !PAGE_ALIGNED(plan.size))
			return refuse(-EINVAL, "soft_size= is no number of whole pages");
		return plan_identity();
	}
	if (security_locked_down(LOCKDOWN_DEV_MEM))
		return refuse(-EPERM, "kernel lockdown forbids soft_aperture=");
	ret = dummy_parse_aperture(soft_aperture, &plan.base, &plan.size,
				   &plan.policy);
	if (ret == -ENOMEM)
		return refuse(ret, "no memory to read soft_aperture=");
	if (ret || !plan.base)
		return refuse(-EINVAL, "soft_aperture= is not " FORMAT);
	if (plan.size % soft || !PAGE_ALIGNED(plan.size / soft))
		return refuse(-EINVAL, "SIZE of soft_aperture= cannot be divided by soft=");
	plan.size /= soft;
	return plan_identity();
}

static struct soft_function *create_dummy(u64 base, u64 size)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64("coherent,mem-base-pa", base),
		PROPERTY_ENTRY_U64("coherent,mem-size", size),
		PROPERTY_ENTRY_U64("coherent,reserved-size", plan.policy.reserved),
		PROPERTY_ENTRY_STRING("coherent,reserved-memtype",
				      dummy_memtypes[plan.policy.reserved_memtype]),
		PROPERTY_ENTRY_U64("coherent,usable-align", plan.policy.usable_align),
		{ }
	};
	const struct soft_spec spec = {
		.owner = THIS_MODULE,
		/* Ids of a device that QEMU makes up, too */
		.config.vendor = PCI_VENDOR_ID_REDHAT,
		.config.device = 0x0005,
		.config.class = PCI_CLASS_ACCELERATOR_PROCESSING << 8,
		.driver = KBUILD_MODNAME,
		.properties = properties,
	};

	return soft_function_create(&spec);
}

static const char *nvgrace_driver(void)
{
	static const char own[] = "nvgrace_coherent_vfio_pci";
#ifndef COHERENT_IN_TREE
	static const char dropin[] = "nvgrace_gpu_vfio_pci";

	/* Or, as a drop-in, the name of the kernel's driver. Ours is its own if both are there */
	if (!driver_find(own, &pci_bus_type) &&
	    driver_find(dropin, &pci_bus_type))
		return dropin;
#endif
	return own;
}

static struct soft_function *create_identity(u64 base, u64 size)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U64("nvidia,gpu-mem-base-pa", base),
		PROPERTY_ENTRY_U64("nvidia,gpu-mem-size", size - BAR0_SIZE),
		{ }
	};
	const struct soft_spec spec = {
		.owner = THIS_MODULE,
		.config.vendor = PCI_VENDOR_ID_NVIDIA,
		.config.device = plan.identity->device,
		.config.class = PCI_CLASS_DISPLAY_3D << 8,
		.config.flags = plan.identity->flags,
		.config.cxl.cap = SOFT_CXL_MEMORY(1),
		.config.bar_size = BAR0_SIZE,
		.bar_base = base + size - BAR0_SIZE,
		.ready_after_ms = READY_AFTER_MS,
		.driver = nvgrace_driver(),
		.properties = properties,
	};

	return soft_function_create(&spec);
}

static void announce(struct pci_dev *pdev, u64 base, u64 size)
{
	struct iommu_group *group = iommu_group_get(&pdev->dev);

	pci_info(pdev, "software function with %#llx bytes at %#llx: /dev/vfio/%d\n",
		 size, base, iommu_group_id(group));
	iommu_group_put(group);
}

static int create_one(unsigned int i)
{
	u64 base = plan.base + i * plan.size, size = plan.size;
	struct soft_function *fn;
	int ret;

	if (!plan.base) {
		ret = coherent_memory_alloc(size, &base);
		if (ret)
			return refuse(ret, "no contiguous memory of soft_size=");
		functions[i].allocated = base;
	}
	fn = plan.identity ? create_identity(base, size) :
			     create_dummy(base, size);
	if (IS_ERR(fn))
		return refuse(PTR_ERR(fn), "cannot make a software function");
	functions[i].fn = fn;
	/* What refused it has said why */
	if (!plan.identity && !device_is_bound(&soft_function_pdev(fn)->dev))
		return -ENODEV;
	announce(soft_function_pdev(fn), base, size);
	return 0;
}

/** dummy_software_create() - Return: 0, or why not; said to the log */
int dummy_software_create(void)
{
	int ret;

	if (!soft) {
		if (soft_aperture || soft_identity)
			return refuse(-EINVAL, "soft_aperture= and soft_identity= need soft=");
		return 0;
	}
	ret = make_plan();
	for (unsigned int i = 0; !ret && i < soft; i++)
		ret = create_one(i);
	if (ret)
		dummy_software_destroy();
	return ret;
}

/** dummy_software_destroy() - whoever uses them is waited for */
void dummy_software_destroy(void)
{
	for (unsigned int i = 0; i < MAX_SOFT; i++) {
		if (functions[i].fn)
			soft_function_destroy(functions[i].fn);
		if (functions[i].allocated)
			coherent_memory_free(functions[i].allocated);
	}
}
