/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI face: a function of vfio-pci's whose fake BARs show an aperture. What
 * the files of this folder share; the folder above calls nothing of it.
 */
#ifndef COHERENT_PCI_H
#define COHERENT_PCI_H

#include <linux/container_of.h>
#include <linux/kconfig.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue_types.h>

#include "../coherent.h"
#include "cxl.h"
#include "coherent_vfio.h"

#ifndef COHERENT_IN_TREE
/* Backends have abi.c between themselves and the function */
#undef coherent_pci_probe
#endif

struct eventfd_ctx;
struct phys_vec;

/**
 * struct coherent_function - what the core keeps of a function, for itself
 * @ap: the aperture; layout.nr_regions is 0 for a function passed through
 * @cdev: what its backend knows of it
 * @ready_dvsec: config offset of the CXL Device DVSEC that tells readiness, or 0
 * @cxl_ranges: ranges that it has
 * @ready_reads_bar: readiness is read from a BAR, which must decode for that
 * @cxl: see &struct coherent_cxl
 * @config_lock: protects @regs[].value
 * @regs: the fake BARs' registers, one for each region
 * @command_lock: protects the next three
 * @command: PCI_COMMAND as the user has set it last
 * @command_is_users: it is, for the device is open; and so vfio-pci has vconfig
 * @recoveries: how often config space was restored; also read without the lock
 * @poison_lock: protects @poison_event
 * @poison_event: signalled when the list of poison changes, or NULL
 * @has_domains: there is a file with its proximity domains
 * @look: whether the memory is ready, for importers of dma-bufs
 */
struct coherent_function {
	struct coherent_aperture ap;
	struct coherent_device *cdev;
	u16 ready_dvsec;
	unsigned int cxl_ranges;
	bool ready_reads_bar;
	struct coherent_cxl cxl;
	struct mutex config_lock;	/* regs[].value */
	struct coherent_bar_reg regs[COHERENT_MAX_REGIONS];
	struct mutex command_lock;	/* command, .._is_users, recoveries */
	u16 command;
	bool command_is_users;
	unsigned long recoveries;
	struct mutex poison_lock;	/* poison_event */
	struct eventfd_ctx *poison_event;
	bool has_domains;
	struct work_struct look;
};

static inline struct coherent_device *
to_coherent_device(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct coherent_device, core.vdev);
}

static inline struct coherent_function *
to_coherent_function(struct vfio_device *core_vdev)
{
	return to_coherent_device(core_vdev)->function;
}

/* Of a function that is bound */
static inline struct coherent_function *coherent_function_of(struct device *dev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);

	return to_coherent_function(&core->vdev);
}

/* Else it is passed through: all of it is vfio-pci's */
static inline bool coherent_has_memory(const struct coherent_function *fn)
{
	return fn->ap.layout.nr_regions;
}

/* device.c: in the life of a device */
struct coherent_device *coherent_alloc(struct pci_dev *pdev,
				       const struct coherent_backend *backend,
				       const struct vfio_device_ops *ops);

/* discover.c: what firmware says */
int coherent_discover(struct coherent_function *fn);
void coherent_undiscover(struct coherent_function *fn);
int coherent_discover_bad_pages(struct coherent_function *fn);

/* passthrough.c: functions without coherent memory */
extern const struct vfio_device_ops coherent_passthrough_ops;

int coherent_passthrough_probe(struct pci_dev *pdev,
			       const struct coherent_backend *backend);
void coherent_passthrough_remove(struct coherent_device *cdev);

/* dmabuf.c: regions exported as dma-bufs */
#if IS_ENABLED(CONFIG_VFIO_PCI_DMABUF)
int coherent_dmabuf_init(void);
void coherent_dmabuf_exit(void);
void coherent_dmabuf_setup(struct coherent_function *fn);
void coherent_dmabuf_open(struct coherent_function *fn);
void coherent_dmabuf_close(struct coherent_function *fn);
void coherent_dmabuf_closed(struct coherent_function *fn);
bool coherent_dmabuf_is_export(u32 flags);
int coherent_dmabuf_export(struct coherent_function *fn, u32 flags,
			   void __user *arg, size_t argsz);
#else
static inline int coherent_dmabuf_init(void) { return 0; }
static inline void coherent_dmabuf_exit(void) { }
static inline void coherent_dmabuf_setup(struct coherent_function *fn) { }
static inline void coherent_dmabuf_open(struct coherent_function *fn) { }
static inline void coherent_dmabuf_close(struct coherent_function *fn) { }
static inline void coherent_dmabuf_closed(struct coherent_function *fn) { }

static inline bool coherent_dmabuf_is_export(u32 flags)
{
	return false;
}

static inline int coherent_dmabuf_export(struct coherent_function *fn, u32 flags,
					 void __user *arg, size_t argsz)
{
	return -ENOTTY;
}
#endif

/* dmabuf_gate.c: may others map what is exported? */
void coherent_dmabuf_gate_init(struct coherent_function *fn);
void coherent_dmabuf_gate_end(struct coherent_function *fn);
int coherent_dmabuf_may_attach(struct vfio_pci_core_device *core,
			       const struct phys_vec *phys_vec, size_t nr);
int coherent_dmabuf_may_map(struct vfio_pci_core_device *core,
			    const struct phys_vec *phys_vec, size_t nr);

/* region.c: regions by VFIO index */
struct coherent_window *coherent_find_window(struct coherent_function *fn,
					     unsigned int index);
bool coherent_is_upper_half(struct coherent_function *fn, unsigned int index);

/* config.c: config space */
void coherent_config_init(struct coherent_function *fn);
ssize_t coherent_config_rw(struct coherent_function *fn, char __user *buf,
			   size_t count, loff_t *ppos, bool write);
void coherent_config_clear_bars(struct coherent_function *fn);

/* command.c: PCI_COMMAND after a recovery */
void coherent_command_open(struct coherent_function *fn);
void coherent_command_close(struct coherent_function *fn);
unsigned long coherent_command_write_begin(struct coherent_function *fn);
void coherent_command_write_end(struct coherent_function *fn,
				unsigned long recoveries);
void coherent_command_restore(struct coherent_function *fn);

/* poison.c: the list of poison as a region, and the interrupt that tells of changes */
int coherent_poison_open(struct coherent_function *fn);
void coherent_poison_close(struct coherent_function *fn);
void coherent_poison_tell(struct coherent_aperture *ap);
bool coherent_poison_ioctl(struct coherent_function *fn, unsigned int cmd,
			   unsigned long arg, long *ret);

/* domains.c: the function as a generic initiator, in sysfs */
#if IS_ENABLED(CONFIG_ACPI)
int coherent_domains_sysfs_add(struct coherent_function *fn);
void coherent_domains_sysfs_remove(struct coherent_function *fn);
#else
static inline int coherent_domains_sysfs_add(struct coherent_function *fn)
{
	return 0;
}

static inline void coherent_domains_sysfs_remove(struct coherent_function *fn) { }
#endif

/* sleep.c: the whole system's */
void coherent_sleep_register(struct coherent_device *cdev);

/* ready.c: is the memory ready? */
void coherent_ready_setup(struct coherent_function *fn);
bool coherent_ready_is_told(const struct coherent_function *fn);
int coherent_ready_ask(struct coherent_aperture *ap);
unsigned int coherent_ready_limit(struct coherent_aperture *ap);
int coherent_ready_at_probe(struct coherent_function *fn);
int coherent_ready_open(struct coherent_function *fn);
void coherent_ready_close(struct coherent_function *fn);

/* face.c: what a function's state is to an access */
extern const struct coherent_face coherent_pci_face;

#if IS_ENABLED(CONFIG_KUNIT)	/* VISIBLE_IF_KUNIT */
/* reset.c */
pci_ers_result_t coherent_tell_user(struct pci_dev *pdev,
				    pci_channel_state_t state);
#endif

#endif /* COHERENT_PCI_H */
