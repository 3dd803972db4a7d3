// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory ready? Which part of the device to ask, what of the function to
 * map for that, and the wait for the first answer at probe.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

/**
 * coherent_ready_reads_bar() - is readiness read from a BAR?
 * @fn: the function
 *
 * Then the BAR must be mapped and memory decoding on to ask. The CXL DVSEC,
 * which goes first where there is one, is in config space.
 *
 * Context: any, once probe has looked for the DVSEC.
 * Return: whether it is.
 */
bool coherent_ready_reads_bar(const struct coherent_function *fn)
{
	return !fn->ready_dvsec && fn->cdev->backend->ready &&
	       fn->cdev->backend->ready_bar != COHERENT_NO_BAR;
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

static int ask(struct coherent_function *fn, unsigned int *limit_ms)
{
	const struct coherent_backend *backend = fn->cdev->backend;
	int ret = 0;

	*limit_ms = backend->ready_timeout_ms;
	if (fn->ready_dvsec)
		ret = coherent_cxl_ready(fn, limit_ms);
	else if (backend->ready)
		ret = backend->ready(fn->cdev);
	return ret || !fn->cxl.dvsec ? ret : coherent_cxl_decodes(fn);
}

/**
 * coherent_ready_ask() - &coherent_face.ready
 * @ap: the aperture of a function in D0
 * @limit_ms: where to store how long it may say "not yet"
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN for not yet; or an error for never.
 */
int coherent_ready_ask(struct coherent_aperture *ap, unsigned int *limit_ms)
{
	return ask(container_of(ap, struct coherent_function, ap), limit_ms);
}

static int wait_at_probe(struct coherent_function *fn)
{
	unsigned int step = COHERENT_POLL_FIRST_MS, limit_ms;
	u64 began = coherent_gate_now();
	int ret;

	for (;;) {
		ret = ask(fn, &limit_ms);
		if (ret != -EAGAIN)
			break;
		if (coherent_gate_now() - began > limit_ms) {
			ret = -ETIME;
			break;
		}
		ret = coherent_access_pause(&fn->ap, TASK_KILLABLE, step, step);
		if (ret)
			break;
		step = min(2 * step, COHERENT_POLL_LAST_MS);
	}
	if (ret && ret != -EINTR)
		coherent_health_never_ready();
	if (ret == -ETIME)
		return dev_err_probe(fn->ap.dev, ret,
				     "coherent memory did not become ready within %u ms\n",
				     limit_ms);
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

	if (!coherent_ready_reads_bar(fn))
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

	if (!coherent_ready_reads_bar(fn))
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
