/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the library share.
 */
#ifndef COHERENT_SOFT_PRIVATE_H
#define COHERENT_SOFT_PRIVATE_H

#include <linux/ioport.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "config.h"
#include "soft.h"
#include "sysdata.h"

struct irq_domain;

/**
 * struct soft_function - a function and the bridge that it is alone behind
 * @sysdata: what the architecture wants there; first, see soft_sysdata_init()
 * @owner: see &struct soft_spec
 * @bridge: the host bridge
 * @pdev: the function; no reference of its own
 * @busn: the one bus number
 * @window: where the BAR is; in /proc/iomem while there is one
 * @io: the BAR, or NULL
 * @ready_after_ms: see &struct soft_spec
 * @ready: sets what says that it is ready
 * @ready_at: jiffies from which on it is
 * @lock: protects @config, @ready_at and what the BAR says of readiness;
 *	innermost, under pci_lock
 * @config: config space
 */
struct soft_function {
	struct soft_sysdata sysdata;
	struct module *owner;
	struct pci_host_bridge *bridge;
	struct pci_dev *pdev;
	struct resource busn;
	struct resource window;
	void __iomem *io;
	unsigned int ready_after_ms;
	struct delayed_work ready;
	unsigned long ready_at;
	raw_spinlock_t lock;
	struct soft_config config;
};

/* bus.c */
struct soft_function *soft_function_of(struct device *dev);

/* ready.c */
int soft_ready_init(struct soft_function *fn);
void soft_ready_exit(struct soft_function *fn);
void soft_ready_lost(struct soft_function *fn);

/* iommu.c, msi.c: one for all functions */
int soft_iommu_init(void);
void soft_iommu_exit(void);
int soft_msi_init(void);
void soft_msi_exit(void);
void soft_msi_set(struct device *bridge);

#endif /* COHERENT_SOFT_PRIVATE_H */
