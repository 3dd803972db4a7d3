// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison in the life of the module and of a device: what begins and ends when.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vfio_pci_core.h>

#include "../coherent.h"
#include "private.h"

static enum coherent_policy default_policy = COHERENT_POISON_AUTO;

static int policy_set(const char *val, const struct kernel_param *kp)
{
	int policy = __sysfs_match_string(coherent_policy_names, -1, val);

	if (policy < 0)
		return policy;
	WRITE_ONCE(default_policy, policy);
	return 0;
}

static int policy_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n",
			  coherent_policy_names[READ_ONCE(default_policy)]);
}

static const struct kernel_param_ops policy_ops = {
	.set = policy_set,
	.get = policy_get,
};
module_param_cb(poison_policy, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(poison_policy,
		 "auto, isolate or keep: for apertures that come from now on (default auto). On arm64 only isolate keeps a VMM from crashing the host by poison");

/* For poison of apertures that no bound device shows */
static int forget_set(const char *val, const struct kernel_param *kp)
{
	unsigned long first, last;
	int ret;

	ret = coherent_parse_pages(val, &first, &last, 0,
				   PHYS_PFN(PHYS_ADDR_MAX));
	return ret ?: coherent_report_forget(first, last);
}

static const struct kernel_param_ops forget_ops = {
	.set = forget_set,
};
module_param_cb(poison_forget, &forget_ops, NULL, 0200);
MODULE_PARM_DESC(poison_forget,
		 "all, or ADDRESS+LENGTH in host-physical bytes: forget poison, also of unbound devices");

/**
 * coherent_bad_page() - firmware has marked memory as bad
 * @cdev: the device, in coherent_backend.bad_pages
 * @base: host-physical address
 * @length: bytes; what is not of the device's aperture is left out
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an empty or wrapping range; -ENOMEM.
 */
int coherent_bad_page(struct coherent_device *cdev, u64 base, u64 length)
{
	unsigned long first, last;
	u64 end;

	if (!length || check_add_overflow(base, length - 1, &end))
		return -EINVAL;
	first = max(PHYS_PFN(base), cdev->ledger->first);
	last = min(PHYS_PFN(end), cdev->ledger->last);
	if (first > last)
		return 0;
	return coherent_ledger_record(first, last, COHERENT_SOURCE_FIRMWARE,
				      COHERENT_NO_PFN);
}
EXPORT_SYMBOL_NS_GPL(coherent_bad_page, "COHERENT_VFIO_PCI");

/**
 * coherent_read_bad_pages() - a firmware property that lists bad memory
 * @cdev: the device, in coherent_backend.bad_pages
 * @name: of the property: pairs of 64-bit numbers, address and length in bytes
 *
 * Context: may sleep.
 * Return: 0, also without such a property; -EINVAL when it is no list of
 * pairs; -ENOMEM.
 */
int coherent_read_bad_pages(struct coherent_device *cdev, const char *name)
{
	struct device *dev = &cdev->core.pdev->dev;
	int n = device_property_count_u64(dev, name);
	int ret;
	u64 *pairs __free(kfree) = NULL;

	if (!device_property_present(dev, name))
		return 0;
	if (n <= 0 || n % 2)
		return -EINVAL;
	pairs = kcalloc(n, sizeof(*pairs), GFP_KERNEL);
	if (!pairs)
		return -ENOMEM;
	ret = device_property_read_u64_array(dev, name, pairs, n);
	for (int i = 0; !ret && i < n; i += 2)
		ret = coherent_bad_page(cdev, pairs[i], pairs[i + 1]);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(coherent_read_bad_pages, "COHERENT_VFIO_PCI");

/* Errors of the aperture that were reported before anybody had bound it */
static int record_strays(const struct coherent_ledger *ledger)
{
	/* Errors in memory of the kernel's are its own affair */
	if (ledger->own_memory)
		return 0;
	coherent_report_strays(ledger);
	return coherent_report_drain();
}

static int read_bad_pages(struct coherent_device *cdev)
{
	int ret;

	if (!cdev->backend->bad_pages)
		return 0;
	ret = cdev->backend->bad_pages(cdev);
	if (ret)
		dev_err(&cdev->core.pdev->dev,
			"firmware's list of bad memory cannot be used (%d)\n",
			ret);
	return ret;
}

/**
 * coherent_poison_attach() - at probe: what is on record for the aperture counts
 * @cdev: the device, its aperture claimed
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; any other error has been logged.
 */
int coherent_poison_attach(struct coherent_device *cdev)
{
	int ret;

	ret = coherent_ledger_attach(cdev, READ_ONCE(default_policy));
	if (ret)
		return ret;
	ret = record_strays(cdev->ledger);
	if (!ret)
		ret = read_bad_pages(cdev);
	if (ret) {
		coherent_ledger_detach(cdev);
		return ret;
	}
	coherent_mm_register(cdev);
	coherent_debugfs_add(cdev);
	return 0;
}

/**
 * coherent_poison_detach() - undo coherent_poison_attach(); the ledger stays
 * @cdev: the device, with no user left
 *
 * Context: may sleep.
 */
void coherent_poison_detach(struct coherent_device *cdev)
{
	coherent_debugfs_remove(cdev);
	coherent_mm_unregister(cdev);
	coherent_ledger_detach(cdev);
}

/**
 * coherent_poison_reset() - a reset begins, which may heal
 * @cdev: the device
 *
 * Context: any but NMI.
 */
void coherent_poison_reset(struct coherent_device *cdev)
{
	if (cdev->backend->reset_heals_poison)
		coherent_report_healing(cdev->ledger);
}

/**
 * coherent_poison_ready() - the memory is seen ready
 * @cdev: the device
 *
 * That a reset is done does not say that it succeeded; this does. What a
 * reset has healed is cleared by the worker: faults call this.
 *
 * Context: any but NMI.
 */
void coherent_poison_ready(struct coherent_device *cdev)
{
	if (cdev->ledger && READ_ONCE(cdev->ledger->heals))
		coherent_report_healed(cdev->ledger);
}

/**
 * coherent_poison_settle() - wait until what is reported, and healed, is on record
 *
 * Context: process; may sleep, killably; no lock that the record takes is held.
 * Return: 0; -ENOMEM, and it will be tried again; -EINTR when killed.
 */
int coherent_poison_settle(void)
{
	return coherent_report_flush();
}

/**
 * coherent_poison_drop() - memory that we own is given back
 * @first: first PFN
 * @last: last PFN; no device shows any of it
 *
 * Its pages may be allocated by anybody: what is on record of them is cleared,
 * and no error is recorded any more.
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM, and then some may still be on record.
 */
int coherent_poison_drop(unsigned long first, unsigned long last)
{
	/* What is queued must not be recorded when the memory is given back */
	int ret = coherent_report_drain();

	return ret ?: coherent_ledger_drop(first, last);
}

/** coherent_poison_init() - Return: 0 or -ENOMEM */
int coherent_poison_init(void)
{
	int ret = coherent_signal_init();

	if (ret)
		return ret;
	ret = coherent_report_init();
	if (ret)
		goto out_signal;
	ret = coherent_sysfs_init();
	if (ret)
		goto out_report;
	coherent_debugfs_init();
	coherent_sources_start();
	return 0;

out_report:
	coherent_report_exit();
out_signal:
	coherent_signal_exit();
	return ret;
}

/** coherent_poison_exit() - at module exit */
void coherent_poison_exit(void)
{
	coherent_sources_stop();
	coherent_debugfs_exit();
	coherent_sysfs_exit();
	coherent_report_exit();
	coherent_signal_exit();
	coherent_ledger_exit();
	coherent_pages_exit();
}
