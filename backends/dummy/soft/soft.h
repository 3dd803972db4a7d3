/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions made in software: a host bridge, config space, an IOMMU group,
 * resets. Drivers cannot tell them from hardware; the memory that they show is
 * ordinary memory, and no device works on it.
 *
 *	bus.c		the host bridge, and a function's life
 *	config.c	PURE: config space
 *	ready.c		what a reset does to readiness
 *	iommu.c		the IOMMU of these functions, and of no others
 *	msi.c		where their interrupts would go
 *
 * A library, module coherent-vfio-pci-soft: for the dummy backend and for
 * tests. Lock order: nothing is taken under pci_lock (config space accesses)
 * but soft_function.lock.
 */
#ifndef COHERENT_SOFT_H
#define COHERENT_SOFT_H

#include <linux/bits.h>
#include <linux/types.h>

struct module;
struct pci_dev;
struct property_entry;
struct soft_function;

/* soft_config_spec.flags */
#define SOFT_NO_FLR		BIT(0)	/* PCIe capability without FLR */
#define SOFT_PM_RESET		BIT(1)	/* D3hot to D0 resets */
#define SOFT_NVIDIA_DVSEC	BIT(2)	/* id 3: all memory may be cached */
#define SOFT_CXL_DVSEC		BIT(3)	/* CXL Device: tells readiness */
#define SOFT_ENDPOINT		BIT(4)	/* as behind a port; not integrated */

/* struct soft_cxl.cap: memory, in so many ranges (1 or 2) */
#define SOFT_CXL_MEMORY(ranges)	(BIT(2) | (ranges) << 4)
#define SOFT_CXL_MEM_ENABLE	BIT(2)	/* struct soft_cxl.control */

/**
 * struct soft_cxl - what the CXL Device DVSEC says
 * @cap: CXL Capability
 * @control: CXL Control, as after a reset
 * @base: of each range, a multiple of 256 MiB, as after a reset
 * @size: of each range; likewise
 */
struct soft_cxl {
	u16 cap;
	u16 control;
	u64 base[2];
	u64 size[2];
};

/**
 * struct soft_config_spec - what config space says
 * @vendor: vendor id, also of the subsystem
 * @device: device id, also of the subsystem
 * @class: class code, 24 bits
 * @flags: SOFT_...
 * @cxl: with SOFT_CXL_DVSEC
 * @bar: number of the one BAR, if there is one: 0, 2 or 4
 * @bar_size: its size, a power of two from 4 KiB; 0 for none
 */
struct soft_config_spec {
	u16 vendor;
	u16 device;
	u32 class;
	unsigned int flags;
	struct soft_cxl cxl;
	unsigned int bar;
	u64 bar_size;
};

/**
 * struct soft_spec - a function to be
 * @owner: module that makes it; pinned while userspace has an IOMMU domain of
 *	it, that is while it is open, whatever driver it is bound to
 * @config: what config space says
 * @bar_base: host-physical address of reserved memory that the BAR is to be
 * @ready_after_ms: how long after a reset the function is ready again. Where
 *	there is a BAR, NVIDIA's two registers in it say so; the CXL Device
 *	DVSEC, if there is one, does, too.
 * @driver: name for driver_override; NULL for none
 * @properties: what firmware would say of it; ends with an empty one. Copied,
 *	but not what it points to.
 */
struct soft_spec {
	struct module *owner;
	struct soft_config_spec config;
	u64 bar_base;
	unsigned int ready_after_ms;
	const char *driver;
	const struct property_entry *properties;
};

/* bus.c; each function is in a PCI domain and an IOMMU group of its own */
struct soft_function *soft_function_create(const struct soft_spec *spec);
void soft_function_destroy(struct soft_function *fn);
struct pci_dev *soft_function_pdev(struct soft_function *fn);

#endif /* COHERENT_SOFT_H */
