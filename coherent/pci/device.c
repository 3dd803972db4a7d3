// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function's life: probe, open, close, remove, and the table of operations.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/stddef.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "../poison/poison.h"
#include "pci.h"

/* Nobody touches it any more: what open has made goes */
static void close_memory(struct coherent_function *fn)
{
	coherent_gate_happens(&fn->ap, COHERENT_GATE_CLOSED);
	coherent_poison_close(fn);
	coherent_loans_end(&fn->ap);
	coherent_dmabuf_close(fn);
	coherent_command_close(fn);
	coherent_unmap_all(&fn->ap);
	coherent_ready_close(fn);
}

/**
 * coherent_open_device() - &vfio_device_ops.open_device
 * @core_vdev: the device
 *
 * Opening resets the function. Closing it did too, but without calling
 * reset_done(): so readiness is asked for whether a reset was seen or not.
 *
 * Context: may sleep; the VFIO core lets one in at a time.
 * Return: 0, or why vfio-pci cannot enable the function or map the BAR that
 * tells readiness, or why the memory cannot be cleared; -ENOMEM.
 */
int coherent_open_device(struct vfio_device *core_vdev)
{
	struct coherent_device *cdev = to_coherent_device(core_vdev);
	struct coherent_function *fn = cdev->function;
	int ret;

	ret = vfio_pci_core_enable(&cdev->core);
	if (ret)
		return ret;
	ret = coherent_ready_open(fn);
	if (ret)
		goto out_disable;
	ret = coherent_poison_open(fn);
	if (ret)
		goto out_ready;
	coherent_config_clear_bars(fn);
	coherent_command_open(fn);
	coherent_dmabuf_open(fn);
	coherent_gate_happens(&fn->ap, COHERENT_GATE_OPENED);
	ret = coherent_scrub_open(&fn->ap);
	if (ret) {
		/* As if it had been opened, and closed at once */
		close_memory(fn);
		vfio_pci_core_disable(&cdev->core);
		return ret;
	}
	vfio_pci_core_finish_enable(&cdev->core);
	return 0;

out_ready:
	coherent_ready_close(fn);
out_disable:
	vfio_pci_core_disable(&cdev->core);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(coherent_open_device, "COHERENT_VFIO_PCI");

/**
 * coherent_close_device() - &vfio_device_ops.close_device
 * @core_vdev: the device; no file and so no mapping of it is left
 *
 * Context: may sleep.
 */
void coherent_close_device(struct vfio_device *core_vdev)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);

	coherent_scrub_close(&fn->ap);
	close_memory(fn);
	vfio_pci_core_close_device(core_vdev);
	coherent_dmabuf_closed(fn);
}
EXPORT_SYMBOL_NS_GPL(coherent_close_device, "COHERENT_VFIO_PCI");

/* Not the question whether there is such a feature */
static bool changes_power(u32 flags)
{
	if (!(flags & VFIO_DEVICE_FEATURE_SET) ||
	    flags & VFIO_DEVICE_FEATURE_PROBE)
		return false;
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return true;
	default:
		return false;
	}
}

/**
 * coherent_device_feature() - &vfio_device_ops.device_feature
 * @core_vdev: the device
 * @flags: VFIO_DEVICE_FEATURE_*
 * @arg: user address
 * @argsz: bytes there
 *
 * All features are vfio-pci's. Low power is a change of power: a device that
 * leaves it may have lost its state. The core keeps track of exports.
 *
 * Context: may sleep; no lock held.
 * Return: as uapi/linux/vfio.h documents for the feature.
 */
int coherent_device_feature(struct vfio_device *core_vdev, u32 flags,
			    void __user *arg, size_t argsz)
{
	struct coherent_function *fn = to_coherent_function(core_vdev);
	bool power = changes_power(flags);
	int ret;

	if (coherent_dmabuf_is_export(flags))
		return coherent_dmabuf_export(fn, flags, arg, argsz);
	if (power)
		coherent_gate_happens(&fn->ap, COHERENT_GATE_POWER_BEGINS);
	ret = vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
	if (power)
		coherent_gate_happens(&fn->ap, COHERENT_GATE_POWER_ENDS);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(coherent_device_feature, "COHERENT_VFIO_PCI");

static const struct vfio_device_ops coherent_ops = {
	COHERENT_VFIO_OPS_COMMON
	.name			= "coherent-vfio-pci",
	.open_device		= coherent_open_device,
	.close_device		= coherent_close_device,
	.ioctl			= coherent_ioctl,
	.get_region_info_caps	= coherent_get_region_info,
	.device_feature		= coherent_device_feature,
	.read			= coherent_read,
	.write			= coherent_write,
	.mmap			= coherent_mmap,
};

static void init_windows(struct coherent_aperture *ap)
{
	unsigned int i;

	for (i = 0; i < ap->layout.nr_regions; i++) {
		const struct coherent_region *region = &ap->layout.regions[i];
		struct coherent_window *win = &ap->windows[i];

		win->ap = ap;
		win->region = region;
		win->file_offset = VFIO_PCI_INDEX_TO_OFFSET(region->bar);
	}
}

/*
 * Everything that must exist before others can find the device, in this order
 */
static int setup(struct coherent_function *fn)
{
	const struct coherent_backend *backend = fn->cdev->backend;
	struct coherent_aperture *ap = &fn->ap;
	int ret;

	init_windows(ap);
	coherent_config_init(fn);
	coherent_dmabuf_setup(fn);
	ap->reset_heals = backend->reset_heals_poison;
	coherent_ready_setup(fn);

	ret = coherent_foreign_watch(fn->cdev->core.vdev.device.class);
	if (ret)
		return dev_err_probe(ap->dev, ret,
				     "cannot see which devices userspace has\n");
	return coherent_aperture_setup(ap, backend->scrub);
}

/* How others find it: the PCI core, an administrator, and users last */
static int publish(struct coherent_function *fn)
{
	struct coherent_device *cdev = fn->cdev;
	int ret;

	dev_set_drvdata(fn->ap.dev, &cdev->core);
	ret = coherent_aperture_publish(&fn->ap);
	if (ret)
		goto out_drvdata;
	ret = coherent_domains_sysfs_add(fn);
	if (ret)
		goto out_aperture;
	ret = vfio_pci_core_register_device(&cdev->core);
	if (ret)
		goto out_domains;
	coherent_sleep_register(cdev);
	coherent_poison_notify();
	return 0;

out_domains:
	coherent_domains_sysfs_remove(fn);
out_aperture:
	coherent_aperture_unpublish(&fn->ap);
out_drvdata:
	dev_set_drvdata(fn->ap.dev, NULL);
	return ret;
}

/* Waits until the last user is gone. The PCI core forgets it after remove. */
static void unpublish(struct coherent_function *fn)
{
	vfio_pci_core_unregister_device(&fn->cdev->core);
	coherent_domains_sysfs_remove(fn);
	coherent_aperture_unpublish(&fn->ap);
}

/**
 * coherent_alloc() - allocate a device before it is published
 * @pdev: the function
 * @backend: its backend
 * @ops: what users can do with it
 *
 * Context: probe; may sleep.
 * Return: the device, with the backend's struct around it, to be given to
 * vfio_put_device(); or an error.
 */
struct coherent_device *coherent_alloc(struct pci_dev *pdev,
				       const struct coherent_backend *backend,
				       const struct vfio_device_ops *ops)
{
	size_t size = ALIGN(max(backend->device_size,
				sizeof(struct coherent_device)),
			    __alignof__(struct coherent_function));
	struct coherent_function *fn;
	struct coherent_device *cdev;
	struct vfio_device *vdev;

	/* As vfio_alloc_device() has it: it frees what it finds first */
	static_assert(!offsetof(struct coherent_device, core.vdev));

	vdev = _vfio_alloc_device(size + sizeof(*fn), &pdev->dev, ops);
	if (IS_ERR(vdev))
		return ERR_CAST(vdev);
	cdev = to_coherent_device(vdev);
	cdev->backend = backend;

	/* The core's own part comes after the backend's, and goes with it */
	fn = (void *)cdev + size;
	cdev->function = fn;
	fn->cdev = cdev;
	mutex_init(&fn->config_lock);
	mutex_init(&fn->command_lock);
	mutex_init(&fn->poison_lock);
	coherent_aperture_init(&fn->ap, &pdev->dev, &coherent_pci_face,
			       &cdev->core.memory_lock,
			       vdev->inode->i_mapping);
	return cdev;
}

/**
 * coherent_pci_probe() - &pci_driver.probe for a backend
 * @pdev: the function
 * @backend: what the backend knows of it; must stay while @pdev is bound
 *
 * Context: may sleep, as long as the memory may take to become ready.
 * Return: 0, or why the function is refused; that has been said to the log.
 */
int coherent_pci_probe(struct pci_dev *pdev, const struct coherent_backend *backend)
{
	struct coherent_function *fn;
	struct coherent_device *cdev;
	int ret;

	/* All ones would look like any capability, or like none */
	if (!pci_device_is_present(pdev))
		return dev_err_probe(&pdev->dev, -ENODEV,
				     "the function does not answer: its link is down, or it is gone\n");
	cdev = coherent_alloc(pdev, backend, backend->ops ?: &coherent_ops);
	if (IS_ERR(cdev))
		return PTR_ERR(cdev);
	fn = cdev->function;
	ret = coherent_discover(fn);
	if (ret == -ENODATA) {
		vfio_put_device(&cdev->core.vdev);
		return coherent_passthrough_probe(pdev, backend);
	}
	if (ret)
		goto out_put;
	ret = setup(fn);
	if (ret)
		goto out_undiscover;
	ret = publish(fn);
	if (ret)
		goto out_teardown;
	coherent_aperture_report(&fn->ap);
	return 0;

out_teardown:
	coherent_aperture_teardown(&fn->ap);
out_undiscover:
	coherent_undiscover(fn);
out_put:
	vfio_put_device(&cdev->core.vdev);
	return ret;
}
#ifdef COHERENT_IN_TREE
EXPORT_SYMBOL_NS_GPL(coherent_pci_probe, "COHERENT_VFIO_PCI");
#endif

/**
 * coherent_pci_remove() - &pci_driver.remove for a backend
 * @pdev: the function
 *
 * Context: may sleep until the last user has closed the device.
 */
void coherent_pci_remove(struct pci_dev *pdev)
{
	struct coherent_function *fn = coherent_function_of(&pdev->dev);

	if (!coherent_has_memory(fn)) {
		coherent_passthrough_remove(fn->cdev);
		return;
	}
	unpublish(fn);
	coherent_aperture_teardown(&fn->ap);
	coherent_undiscover(fn);
	vfio_put_device(&fn->cdev->core.vdev);
}
EXPORT_SYMBOL_NS_GPL(coherent_pci_remove, "COHERENT_VFIO_PCI");
