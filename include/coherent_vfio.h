/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coherent-vfio: give an accelerator's CPU-coherent memory to userspace as
 * ordinary PCI BARs through VFIO.
 *
 * The one header that a backend includes.  A backend says what there is and
 * what the policy is; every mechanism (faults, file I/O, config space, resets)
 * is the core's.  A backend takes no lock of the core, touches no VMA and
 * copies nothing to or from userspace.  Documentation/backend-guide.md walks
 * through one.
 */
#ifndef COHERENT_VFIO_H
#define COHERENT_VFIO_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/memory-failure.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>

#include "coherent_gate_state.h"
#include "coherent_layout.h"

struct coherent_claim;
struct coherent_device;
struct coherent_ledger;
struct dentry;

/* A backend whose ready() needs no BAR */
#define COHERENT_NO_BAR		(-1)

/** enum coherent_scrub_policy - when is the memory cleared for the next user? */
enum coherent_scrub_policy {
	/** @COHERENT_SCRUB_NONE: never; it is the user's, or the device's, affair */
	COHERENT_SCRUB_NONE,
	/** @COHERENT_SCRUB_OPEN: when the function is opened */
	COHERENT_SCRUB_OPEN,
	/** @COHERENT_SCRUB_CLOSE: when it is closed; at the latest at the next open */
	COHERENT_SCRUB_CLOSE,
};

/**
 * struct coherent_backend - a vendor's facts and policy
 * @name: short name of the backend
 * @device_size: COHERENT_DEVICE_SIZE() of the struct that the backend keeps of a
 *	function, all 0 when @discover is called; 0 where the core's is enough
 * @discover: find the aperture and lay it out, usually with
 *	coherent_read_aperture() and coherent_layout_carve(). Return -ENODATA
 *	when firmware describes none: the function is then passed through as
 *	plain vfio-pci, and @cdev is gone. Any other error refuses the function;
 *	set @layout->why. Called once at probe; may sleep.
 * @remove: undo what @discover did that has to be undone. Called once for each
 *	time that it returned 0, also where the function is refused for another
 *	reason afterwards; the last call for @cdev. May sleep. NULL: nothing is.
 * @ready: is the memory usable? 0, -EAGAIN for not yet, or another error for
 *	never. Must not wait: it is asked again. Called with the device in D0,
 *	its memory decoding on and no reset running. NULL: always ready.
 * @ready_bar: BAR mapped at coherent_device.ready_io for @ready, or
 *	COHERENT_NO_BAR
 * @ready_timeout_ms: how long @ready may say -EAGAIN after a reset, in ms
 * @cxl_ready: where the function has a CXL Device DVSEC, take readiness and
 *	its time limits from there, and leave @ready unused
 * @bad_pages: firmware's list of memory that is known to be bad: a call of
 *	coherent_bad_page() for each, or coherent_read_bad_pages(). Called at
 *	probe; may sleep; an error refuses the function. NULL: there is none.
 * @reset_heals_poison: after a reset that ends with @ready no page is poisoned
 *	any more, not even one of @bad_pages (opening resets, too)
 * @scrub: what an administrator finds set, and may change: is the memory cleared
 *	from one user to the next?
 * @ops: a vfio_device_ops that starts from the core's exported functions, for
 *	a backend that needs more; NULL for the core's own
 */
struct coherent_backend {
	const char *name;
	size_t device_size;
	int (*discover)(struct coherent_device *cdev,
			struct coherent_layout *layout);
	void (*remove)(struct coherent_device *cdev);
	int (*ready)(struct coherent_device *cdev);
	int ready_bar;
	unsigned int ready_timeout_ms;
	bool cxl_ready;
	int (*bad_pages)(struct coherent_device *cdev);
	bool reset_heals_poison;
	enum coherent_scrub_policy scrub;
	const struct vfio_device_ops *ops;
};

/**
 * struct coherent_bar - run-time side of a region
 * @cdev: the device that it belongs to
 * @region: what is shown; constant after probe
 * @reg: the emulated BAR registers; under coherent_device.config_lock
 * @va: kernel mapping, or NULL while nobody needed it; set once between open
 *	and close, under coherent_device.map_lock, read with acquire semantics
 * @had_pud: a PUD entry was inserted since open; only ever set, and that under
 *	coherent_gate.lock for reading
 */
struct coherent_bar {
	struct coherent_device *cdev;
	const struct coherent_region *region;
	struct coherent_bar_reg reg;
	void *va;
	bool had_pud;
};

/**
 * struct coherent_gate - whoever touches the memory comes through here
 * @lock: held for reading while memory is touched or mapped, for writing while
 *	an event changes @state; see the lock order in coherent/coherent.h
 * @wait: woken by events
 * @state: may it be touched, and must readiness be seen first? What an answer
 *	changes in it, see coherent_gate_answered(), is stored by readers of
 *	@lock. @state.shut is also read without it.
 */
struct coherent_gate {
	struct rw_semaphore lock;
	wait_queue_head_t wait;
	struct coherent_gate_state state __guarded_by(&lock);
};

/**
 * struct coherent_scrub - clearing of the memory
 * @policy: what an administrator wants; one word
 * @dirty: somebody may have written to it since all of it was cleared last; read
 *	and changed by open and close alone, which VFIO keeps apart
 * @done: bytes that are done with, of the scrub that runs or of the last one
 * @total: of as many
 */
struct coherent_scrub {
	enum coherent_scrub_policy policy;
	bool dirty;
	atomic64_t done;
	u64 total;
};

/**
 * struct coherent_device - one function with coherent memory
 * @core: what vfio-pci keeps of it; driver data of the pci_dev points here
 * @backend: who discovered it
 * @layout: its aperture; nr_regions is 0 for a function passed through
 * @bars: one for each region
 * @ready_io: BAR @backend->ready_bar, mapped while @backend->ready may run
 * @cxl_dvsec: config offset of the CXL Device DVSEC that tells readiness, or 0
 * @config_lock: protects coherent_bar.reg
 * @map_lock: protects the making of coherent_bar.va
 * @gate: see &struct coherent_gate
 * @command_lock: protects the next three
 * @command: PCI_COMMAND as the user has set it last
 * @command_is_users: it is, for the device is open; and so vfio-pci has vconfig
 * @recoveries: how often config space was restored; also read without the lock
 * @scrub: see &struct coherent_scrub
 * @ledger: what is known of poisoned pages; constant while bound
 * @pfn_space: registered with the memory manager, if @mm_registered
 * @mm_registered: the memory manager signals for errors that it handles;
 *	constant while bound
 * @own_memory: its memory is coherent_memory_alloc()'s; constant while bound
 * @debugfs: the device's directory
 * @claim: the aperture in /proc/iomem; constant while bound
 */
struct coherent_device {
	struct vfio_pci_core_device core;
	const struct coherent_backend *backend;
	struct coherent_layout layout;
	struct coherent_bar bars[COHERENT_MAX_REGIONS];
	void __iomem *ready_io;
	u16 cxl_dvsec;
	struct mutex config_lock;	/* coherent_bar.reg */
	struct mutex map_lock;		/* coherent_bar.va */
	struct coherent_gate gate;
	struct mutex command_lock;	/* command, .._is_users, recoveries */
	u16 command;
	bool command_is_users;
	unsigned long recoveries;
	struct coherent_scrub scrub;
	struct coherent_ledger *ledger;
	struct pfn_address_space pfn_space;
	bool mm_registered;
	bool own_memory;
	struct dentry *debugfs;
	struct coherent_claim *claim;
};

/*
 * The size of @type, whose first member, @member, is a struct coherent_device:
 * it is allocated and freed with the device.
 */
#define COHERENT_DEVICE_SIZE(type, member)				\
	(sizeof(type) +							\
	 BUILD_BUG_ON_ZERO(offsetof(type, member)) +			\
	 BUILD_BUG_ON_ZERO(!__same_type(((type *)NULL)->member,		\
					struct coherent_device)))

int coherent_pci_probe(struct pci_dev *pdev,
		       const struct coherent_backend *backend);
void coherent_pci_remove(struct pci_dev *pdev);
extern const struct pci_error_handlers coherent_pci_err_handlers;

int coherent_read_aperture(struct coherent_device *cdev, const char *base_name,
			   const char *size_name, u64 *base, u64 *size);
int coherent_memory_alloc(u64 size, u64 *base);
void coherent_memory_free(u64 base);
int coherent_bad_page(struct coherent_device *cdev, u64 base, u64 length);
int coherent_read_bad_pages(struct coherent_device *cdev, const char *name);

/*
 * What the core puts into vfio_device_ops, for a backend with a table of its
 * own: these functions, and for the rest COHERENT_VFIO_OPS_COMMON.
 */
#define COHERENT_VFIO_OPS_COMMON					\
	.init			= vfio_pci_core_init_dev,		\
	.release		= vfio_pci_core_release_dev,		\
	.request		= vfio_pci_core_request,		\
	.match			= vfio_pci_core_match,			\
	.match_token_uuid	= vfio_pci_core_match_token_uuid,	\
	.bind_iommufd		= vfio_iommufd_physical_bind,		\
	.unbind_iommufd		= vfio_iommufd_physical_unbind,		\
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,	\
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,	\
	.pasid_attach_ioas	= vfio_iommufd_physical_pasid_attach_ioas, \
	.pasid_detach_ioas	= vfio_iommufd_physical_pasid_detach_ioas,

int coherent_open_device(struct vfio_device *core_vdev);
void coherent_close_device(struct vfio_device *core_vdev);
ssize_t coherent_read(struct vfio_device *core_vdev, char __user *buf,
		      size_t count, loff_t *ppos);
ssize_t coherent_write(struct vfio_device *core_vdev, const char __user *buf,
		       size_t count, loff_t *ppos);
int coherent_mmap(struct vfio_device *core_vdev, struct vm_area_struct *vma);
long coherent_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
		    unsigned long arg);
int coherent_device_feature(struct vfio_device *core_vdev, u32 flags,
			    void __user *arg, size_t argsz);
int coherent_get_region_info(struct vfio_device *core_vdev,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps);

#include "coherent_kunit.h"

#endif /* COHERENT_VFIO_H */
