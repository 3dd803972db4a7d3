/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coherent-vfio: give an accelerator's CPU-coherent memory to userspace as ordinary PCI
 * BARs through VFIO.
 *
 * The only header that a backend includes. A backend describes the device and the policy;
 * the core does everything else (faults, file I/O, config space, resets). A backend takes
 * no lock of the core, touches no VMA and copies nothing to or from userspace.
 * Documentation/backend-guide.md walks through one.
 */
#ifndef COHERENT_VFIO_H
#define COHERENT_VFIO_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#ifndef COHERENT_IN_TREE
#include "coherent_abi.h"
#endif
#include "coherent_layout.h"
#include "coherent_memory.h"
#include "coherent_scrub.h"

struct coherent_device;
struct coherent_function;

/* A backend whose ready() needs no BAR */
#define COHERENT_NO_BAR		(-1)

/**
 * struct coherent_backend - a vendor's facts and policy
 * @name: short name of the backend
 * @device_size: COHERENT_DEVICE_SIZE() of the struct that the backend keeps of a
 *	function, all 0 when @discover is called; 0 if the core's is enough
 * @discover: find the aperture and lay it out, usually with
 *	coherent_read_aperture() and coherent_layout_carve(). Return -ENODATA
 *	when firmware describes none: the function is then passed through as
 *	plain vfio-pci, and @cdev is gone. Any other error refuses the function;
 *	set @layout->why. Called once at probe; may sleep.
 * @remove: release what @discover acquired. Called once for each time that it
 *	returned 0, also if the function is refused for another reason
 *	afterwards; the last call for @cdev. May sleep. NULL: nothing to do.
 * @ready: is the memory usable? 0, -EAGAIN for not yet, or another error for
 *	never. Must not wait: the core calls it again. Called with the device in
 *	D0, its memory decoding on and no reset running. NULL: always ready.
 * @ready_bar: BAR mapped at coherent_device.ready_io for @ready, or
 *	COHERENT_NO_BAR
 * @ready_timeout_ms: how long @ready may return -EAGAIN after a reset, in ms
 * @cxl_ready: if the function has a CXL Device DVSEC, take readiness and its time
 *	limits from there, and leave @ready unused
 * @bad_pages: report firmware's list of memory that is known to be bad: call
 *	coherent_bad_page() for each entry, or coherent_read_bad_pages(). Called
 *	at probe; may sleep; an error refuses the function. NULL: no list.
 * @reset_heals_poison: after a reset that ends with @ready no page is poisoned
 *	any more, not even one of @bad_pages (opening resets, too)
 * @scrub: the default, which an administrator may change: is the memory cleared
 *	between two users?
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
 * struct coherent_device - one function with coherent memory
 * @core: what vfio-pci keeps of it; driver data of the pci_dev points here
 * @backend: who discovered it
 * @ready_io: BAR @backend->ready_bar, mapped while @backend->ready may run
 * @function: what the core keeps of it, for itself
 */
struct coherent_device {
	struct vfio_pci_core_device core;
	const struct coherent_backend *backend;
	void __iomem *ready_io;
	struct coherent_function *function;
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

int coherent_pci_probe(struct pci_dev *pdev, const struct coherent_backend *backend);
#ifndef COHERENT_IN_TREE
int coherent_pci_probe_abi(struct pci_dev *pdev,
			   const struct coherent_backend *backend,
			   const struct coherent_abi *abi);

/* Tells the core, and modinfo, which headers the backend was built with */
#define coherent_pci_probe(pdev, backend)				\
({									\
	static const struct coherent_abi __abi = COHERENT_ABI_SEEN;	\
	MODULE_INFO(coherent_abi, __stringify(COHERENT_ABI));		\
									\
	coherent_pci_probe_abi(pdev, backend, &__abi);			\
})
#endif

void coherent_pci_remove(struct pci_dev *pdev);
extern const struct pci_error_handlers coherent_pci_err_handlers;

/**
 * COHERENT_PCI_DRIVER() - the PCI driver around a backend, and its module
 * @_driver: what the struct pci_driver is called
 * @_ids: table of functions, each by PCI_DRIVER_OVERRIDE_DEVICE_VFIO()
 * @_backend: the struct coherent_backend
 *
 * For a backend that has no more to do at probe, remove, load and unload than the core.
 * The driver's name is the module's, with underscores.
 */
#define COHERENT_PCI_DRIVER(_driver, _ids, _backend)			\
static int _driver##_probe(struct pci_dev *pdev,			\
			   const struct pci_device_id *id)		\
{									\
	return coherent_pci_probe(pdev, &(_backend));			\
}									\
									\
static struct pci_driver _driver = {					\
	.name			= KBUILD_MODNAME,			\
	.id_table		= _ids,					\
	.probe			= _driver##_probe,			\
	.remove			= coherent_pci_remove,			\
	.err_handler		= &coherent_pci_err_handlers,		\
	.driver_managed_dma	= true,					\
};									\
module_pci_driver(_driver)

int coherent_read_aperture(struct coherent_device *cdev, const char *base_name,
			   const char *size_name, u64 *base, u64 *size);
int coherent_free_bar(struct pci_dev *pdev);
int coherent_cxl_read_aperture(struct coherent_device *cdev,
			       struct coherent_layout *layout,
			       u64 *base, u64 *size);
int coherent_bad_page(struct coherent_device *cdev, u64 base, u64 length);
int coherent_read_bad_pages(struct coherent_device *cdev, const char *name);

/*
 * The core's functions for a backend with its own vfio_device_ops: these, and
 * COHERENT_VFIO_OPS_COMMON for the rest.
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
