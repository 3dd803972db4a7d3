// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory ready? Which part of the device to ask, what of the function to
 * map for that, and the wait for the first answer at probe.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

/**
 * coherent_ready_setup() - at probe: which part of the device is to be asked?
 * @fn: the function, discovered
 *
 * The CXL Device DVSEC, which is in config space, goes first where there is one. A BAR
 * must be mapped, and memory decoding be on, to ask.
 *
 * Context: may sleep as config accesses do.
 */
void coherent_ready_setup(struct coherent_function *fn)
{
	const struct coherent_backend *backend = fn->cdev->backend;

	if (backend->cxl_ready)
		fn->cxl_ranges = coherent_cxl_find(fn->cdev->core.pdev, &fn->ready_dvsec);
	fn->ready_reads_bar = !fn->ready_dvsec && backend->ready &&
			      backend->ready_bar != COHERENT_NO_BAR;
}

/**
 * coherent_ready_is_told() - does anybody say when the memory is ready?
 * @fn: the function
 *
 * Context: any, once probe has looked for the DVSEC.
 * Return: whether somebody does; else it always counts as ready.
 */
bool coherent_ready_is_told(const struct coherent_function *fn)
{
	return fn->ready_dvsec || fn->cdev->backend->ready;
}

static int ask_dvsec(struct coherent_function *fn)
{
	unsigned int limit_ms;

	return coherent_cxl_ready(fn, &limit_ms);
}

static int ask_backend(struct coherent_function *fn)
{
	const struct coherent_backend *backend = fn->cdev->backend;

	return backend->ready ? backend->ready(fn->cdev) : 0;
}

static noinline int ask_cxl(struct coherent_function *fn)
{
	int ret = fn->ready_dvsec ? ask_dvsec(fn) : ask_backend(fn);

	return ret || !fn->cxl.dvsec ? ret : coherent_cxl_decodes(fn);
}

static int ask(struct coherent_function *fn)
{
	if (fn->ready_dvsec || fn->cxl.dvsec)
		return ask_cxl(fn);
	return ask_backend(fn);
}

/**
 * coherent_ready_ask() - &coherent_face.ready
 * @ap: the aperture of a function in D0
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN for not yet; or an error for never.
 */
int coherent_ready_ask(struct coherent_aperture *ap)
{
	return ask(container_of(ap, struct coherent_function, ap));
}

/**
 * coherent_ready_limit() - &coherent_face.ready_limit
 * @ap: the aperture of a function in D0 that has said -EAGAIN
 *
 * Only who is told to wait wants to know, so ready() does not say it. A device that says it
 * by itself is asked once more; it may have become ready by now, which ends the wait.
 *
 * Context: may sleep as config accesses do.
 * Return: milliseconds.
 */
unsigned int coherent_ready_limit(struct coherent_aperture *ap)
{
	struct coherent_function *fn = container_of(ap, struct coherent_function, ap);
	unsigned int limit_ms = fn->cdev->backend->ready_timeout_ms;

	if (fn->ready_dvsec)
		coherent_cxl_ready(fn, &limit_ms);
	return limit_ms;
}

static int wait_at_probe(struct coherent_function *fn)
{
	unsigned int step = COHERENT_POLL_FIRST_MS, limit_ms;
	u64 began = coherent_gate_now();
	int ret;

	for (;;) {
		ret = ask(fn);
		if (ret != -EAGAIN)
			break;
		limit_ms = coherent_ready_limit(&fn->ap);
		if (coherent_gate_now() - began > limit_ms) {
			coherent_health_never_ready();
			return dev_err_probe(fn->ap.dev, -ETIME,
					     "coherent memory did not become ready within %u ms\n",
					     limit_ms);
		}
		ret = coherent_access_pause(&fn->ap, TASK_KILLABLE, step, step);
		if (ret)
			break;
		step = min(2 * step, COHERENT_POLL_LAST_MS);
	}
	if (ret && ret != -EINTR)
		coherent_health_never_ready();
	if (ret)
		return dev_err_probe(fn->ap.dev, ret,
				     "cannot tell whether the coherent memory is ready\n");
	return 0;
}

/**
 * coherent_ready_at_probe() - wait for a device that nobody has opened yet
 * @fn: the function
 *
 * The BAR that the backend's ready() reads is mapped for as long as it takes.
 *
 * Context: probe; sleeps, killably; nobody else knows the device.
 * Return: 0; -ETIME; -EINTR; what the backend said; or why the BAR cannot be
 * mapped. All are said to the log.
 */
int coherent_ready_at_probe(struct coherent_function *fn)
{
	struct coherent_device *cdev = fn->cdev;
	int bar = cdev->backend->ready_bar;
	struct pci_dev *pdev = cdev->core.pdev;
	int ret;

	if (!fn->ready_reads_bar)
		return wait_at_probe(fn);

	ret = pci_enable_device_mem(pdev);
	if (ret)
		return dev_err_probe(&pdev->dev, ret,
				     "cannot enable the device to ask whether its memory is ready\n");
	ret = pci_request_selected_regions(pdev, BIT(bar), "coherent-vfio");
	if (ret) {
		dev_err_probe(&pdev->dev, ret,
			      "BAR %d, which tells readiness, is in use\n", bar);
		goto out_disable;
	}
	cdev->ready_io = pci_iomap(pdev, bar, 0);
	if (!cdev->ready_io) {
		/* Not -ENOMEM: dev_err_probe() keeps silent about that */
		ret = dev_err_probe(&pdev->dev, -ENXIO,
				    "cannot map BAR %d, which tells readiness\n",
				    bar);
		goto out_release;
	}

	ret = wait_at_probe(fn);

	pci_iounmap(pdev, cdev->ready_io);
	cdev->ready_io = NULL;
out_release:
	pci_release_selected_regions(pdev, BIT(bar));
out_disable:
	pci_disable_device(pdev);
	return ret;
}

/**
 * coherent_ready_open() - map the BAR that tells readiness, if one does
 * @fn: the function, enabled by vfio-pci
 *
 * Context: open; may sleep.
 * Return: 0, to be undone by coherent_ready_close(); or as
 * vfio_pci_core_get_iomap().
 */
int coherent_ready_open(struct coherent_function *fn)
{
	struct coherent_device *cdev = fn->cdev;
	void __iomem *io;

	if (!fn->ready_reads_bar)
		return 0;

	io = vfio_pci_core_get_iomap(&cdev->core, cdev->backend->ready_bar);
	if (IS_ERR(io))
		return PTR_ERR(io);
	cdev->ready_io = io;
	return 0;
}

/**
 * coherent_ready_close() - the mapping is vfio-pci's, and goes with the device
 * @fn: the function; nobody asks any more
 */
void coherent_ready_close(struct coherent_function *fn)
{
	fn->cdev->ready_io = NULL;
}
