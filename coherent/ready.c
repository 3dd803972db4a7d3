// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may touch the memory, and when.
 *
 * Every access of the memory, from a page fault or from file I/O, stands
 * between coherent_access_begin() and coherent_access_end().  In between no
 * reset begins and the memory is known to be ready.  The wait for readiness is
 * done with no lock held: it may take minutes, and a reset must be able to
 * come in between (it starts the wait again).
 */
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/pci.h>
#include <linux/minmax.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>

#include "coherent.h"

/*
 * Asking costs a few config or register reads; a ready device should not be
 * made to wait, and one that trains its memory for seconds need not be asked
 * a thousand times a second.
 */
#define POLL_FIRST_MS	1
#define POLL_LAST_MS	128

/*
 * The longest that a reset may take before its waiters give up: the PCI core
 * itself gives a function 60 s to come back (PCIE_RESET_READY_POLL_MS).
 */
#define RESET_LIMIT_MS	(120 * MSEC_PER_SEC)

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

/* Asks once.  0, -EAGAIN, or broken; *@timeout_ms is how long it may last. */
static int ask_ready(struct coherent_device *cdev, unsigned int *timeout_ms)
{
	const struct coherent_backend *backend = cdev->backend;

	*timeout_ms = backend->ready_timeout_ms;
	if (cdev->cxl_dvsec)
		return coherent_cxl_ready(cdev, timeout_ms);
	return backend->ready ? backend->ready(cdev) : 0;
}

static bool expired(const struct coherent_device *cdev, unsigned int limit_ms)
	__must_hold_shared(&cdev->reset.lock)
{
	return time_after(jiffies,
			  cdev->reset.since + msecs_to_jiffies(limit_ms));
}

/*
 * 0 when the memory of this generation is ready, -EAGAIN to be asked again,
 * else an error that stays until the next reset.
 */
static int check_ready(struct coherent_device *cdev,
		       enum coherent_access access)
	__must_hold_shared(&cdev->core.memory_lock)
	__must_hold_shared(&cdev->reset.lock)
{
	struct coherent_reset *reset = &cdev->reset;
	unsigned int timeout_ms;
	int ret;

	lockdep_assert_held_read(&cdev->core.memory_lock);
	lockdep_assert_held_read(&reset->lock);

	if (access == COHERENT_ACCESS_MAP &&
	    (cdev->core.pm_runtime_engaged ||
	     !__vfio_pci_memory_enabled(&cdev->core)))
		return -EIO;
	if (!READ_ONCE(reset->pending))
		return 0;
	if (reset->failed)
		return -EIO;
	if (reset->running)
		return expired(cdev, RESET_LIMIT_MS) ? -ETIME : -EAGAIN;
	if (coherent_ready_reads_bar(cdev) &&
	    !__vfio_pci_memory_enabled(&cdev->core))
		return -EIO;

	ret = ask_ready(cdev, &timeout_ms);
	if (!ret) {
		/*
		 * Readers of the lock may do this side by side: no reset can
		 * begin before they let go, so all speak of one generation.
		 */
		WRITE_ONCE(reset->pending, false);
		coherent_poison_ready(cdev);
		return 0;
	}
	if (ret == -EAGAIN && expired(cdev, timeout_ms))
		return -ETIME;
	return ret;
}

/**
 * coherent_access_begin() - start to touch or map the memory
 * @cdev: the device
 * @access: what for; to copy, the caller holds a runtime PM reference
 *
 * Context: may sleep for a running reset, killably. On success memory_lock and
 * coherent_reset.lock are held for reading until coherent_access_end(): no
 * user page may be faulted in before.
 * Return: 0; -EAGAIN when the memory is not ready yet; -ETIME when it did not
 * become ready in time; -EIO when it cannot be (device gone, or readiness is
 * behind a BAR whose decoding is off) and when it may not be mapped; -EINTR
 * when killed; else what the backend said.
 */
int coherent_access_begin(struct coherent_device *cdev,
			  enum coherent_access access)
{
	int ret;

	if (down_read_killable(&cdev->core.memory_lock))
		return -EINTR;
	if (down_read_killable(&cdev->reset.lock)) {
		ret = -EINTR;
		goto out_memory;
	}

	ret = check_ready(cdev, access);
	if (!ret)
		return 0;

	up_read(&cdev->reset.lock);
out_memory:
	up_read(&cdev->core.memory_lock);
	return ret;
}

/** coherent_access_end() - done touching; see coherent_access_begin() */
void coherent_access_end(struct coherent_device *cdev)
{
	up_read(&cdev->reset.lock);
	up_read(&cdev->core.memory_lock);
}

/*
 * Until there is a reason to ask again: a running reset says when it is done, a
 * device must be polled. -EINTR when killed.
 */
static int wait_to_ask(struct coherent_device *cdev, unsigned int step_ms)
{
	struct coherent_reset *reset = &cdev->reset;

	if (READ_ONCE(reset->running)) {
		long left = wait_event_killable_timeout(reset->wait,
					!READ_ONCE(reset->running),
					msecs_to_jiffies(RESET_LIMIT_MS));

		return left < 0 ? -EINTR : 0;
	}
	schedule_timeout_killable(msecs_to_jiffies(step_ms));
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * coherent_access_begin_wait() - like coherent_access_begin(), and wait
 * @cdev: the device
 * @access: as there
 *
 * Context: no lock held but what a fault brings; sleeps, killably.
 * Return: as coherent_access_begin(), but never -EAGAIN.
 */
int coherent_access_begin_wait(struct coherent_device *cdev,
			       enum coherent_access access)
{
	unsigned int step = POLL_FIRST_MS;
	int ret;

	for (;;) {
		ret = coherent_access_begin(cdev, access);
		if (ret != -EAGAIN)
			return ret;
		if (wait_to_ask(cdev, step))
			return -EINTR;
		step = min(2 * step, POLL_LAST_MS);
	}
}

/**
 * coherent_access_wait() - wait until an access would be let in
 * @cdev: the device
 * @access: as for coherent_access_begin()
 *
 * Context: as coherent_access_begin_wait(); no lock is kept.
 * Return: as there.
 */
int coherent_access_wait(struct coherent_device *cdev,
			 enum coherent_access access)
{
	int ret = coherent_access_begin_wait(cdev, access);

	if (!ret)
		coherent_access_end(cdev);
	return ret;
}

static int wait_at_probe(struct coherent_device *cdev)
	__context_unsafe(/* nobody else knows the device */)
{
	unsigned int step = POLL_FIRST_MS, timeout_ms;
	int ret;

	cdev->reset.since = jiffies;
	for (;;) {
		ret = ask_ready(cdev, &timeout_ms);
		if (ret != -EAGAIN)
			break;
		if (expired(cdev, timeout_ms)) {
			ret = -ETIME;
			break;
		}
		if (wait_to_ask(cdev, step)) {
			ret = -EINTR;
			break;
		}
		step = min(2 * step, POLL_LAST_MS);
	}
	if (ret == -ETIME)
		return dev_err_probe(&cdev->core.pdev->dev, ret,
				     "coherent memory did not become ready within %u ms\n",
				     timeout_ms);
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
