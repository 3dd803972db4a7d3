// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is the memory ready? Whom to ask, and the wait for the first answer at probe.
 */
#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/vfio_pci_core.h>

#include "../coherent.h"
#include "../poison/poison.h"

/**
 * coherent_ready_reads_bar() - is readiness read from a BAR?
 * @cdev: the device
 *
 * Then the BAR must be mapped and memory decoding on to ask. The CXL DVSEC,
 * which goes first where there is one, is in config space.
 *
 * Context: any, once probe has looked for the DVSEC.
 * Return: whether it is.
 */
bool coherent_ready_reads_bar(const struct coherent_device *cdev)
{
	return !cdev->cxl_dvsec && cdev->backend->ready &&
	       cdev->backend->ready_bar != COHERENT_NO_BAR;
}

/**
 * coherent_ready_is_told() - does anybody say when the memory is ready?
 * @cdev: the device
 *
 * Context: any, once probe has looked for the DVSEC.
 * Return: whether somebody does; else it always counts as ready.
 */
bool coherent_ready_is_told(const struct coherent_device *cdev)
{
	return cdev->cxl_dvsec || cdev->backend->ready;
}

/**
 * coherent_ready_ask() - ask once
 * @cdev: the device, in D0
 * @limit_ms: where to store how long it may say "not yet"
 *
 * Context: may sleep as config accesses do.
 * Return: 0; -EAGAIN for not yet; or an error for never.
 */
int coherent_ready_ask(struct coherent_device *cdev, unsigned int *limit_ms)
{
	const struct coherent_backend *backend = cdev->backend;

	*limit_ms = backend->ready_timeout_ms;
	if (cdev->cxl_dvsec)
		return coherent_cxl_ready(cdev, limit_ms);
	return backend->ready ? backend->ready(cdev) : 0;
}

static int wait_at_probe(struct coherent_device *cdev)
{
	unsigned int step = COHERENT_POLL_FIRST_MS, limit_ms;
	u64 began = coherent_gate_now();
	int ret;

	for (;;) {
		ret = coherent_ready_ask(cdev, &limit_ms);
		if (ret != -EAGAIN)
			break;
		if (coherent_gate_now() - began > limit_ms) {
			ret = -ETIME;
			break;
		}
		ret = coherent_access_pause(cdev, TASK_KILLABLE, step, step);
		if (ret)
			break;
		step = min(2 * step, COHERENT_POLL_LAST_MS);
	}
	if (ret == -ETIME)
		return dev_err_probe(&cdev->core.pdev->dev, ret,
				     "coherent memory did not become ready within %u ms\n",
				     limit_ms);
	if (ret)
		return dev_err_probe(&cdev->core.pdev->dev, ret,
				     "cannot tell whether the coherent memory is ready\n");
	return 0;
}

/**
 * coherent_ready_at_probe() - wait for a device that nobody has opened yet
 * @cdev: the device
 *
 * The BAR that the backend's ready() reads is mapped for as long as it takes.
 *
 * Context: probe; sleeps, killably; nobody else knows the device.
 * Return: 0; -ETIME; -EINTR; what the backend said; or why the BAR cannot be
 * mapped. All are said to the log.
 */
int coherent_ready_at_probe(struct coherent_device *cdev)
{
	struct pci_dev *pdev = cdev->core.pdev;
	int bar = cdev->backend->ready_bar;
	int ret;

	if (!coherent_ready_reads_bar(cdev))
		return wait_at_probe(cdev);

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

	ret = wait_at_probe(cdev);

	pci_iounmap(pdev, cdev->ready_io);
	cdev->ready_io = NULL;
out_release:
	pci_release_selected_regions(pdev, BIT(bar));
out_disable:
	pci_disable_device(pdev);
	return ret;
}
