// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison in the life of the module and of a device: what begins and ends when.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/string.h>
#include <linux/sysfs.h>

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
 * coherent_poison_bad() - firmware has marked memory as bad
 * @ap: the aperture, attached to its ledger
 * @base: host-physical address
 * @length: bytes; what is not of the aperture is left out
 *
 * Context: may sleep.
 * Return: 0; -EINVAL for an empty or wrapping range; -ENOMEM.
 */
int coherent_poison_bad(struct coherent_aperture *ap, u64 base, u64 length)
{
	unsigned long first, last;
	u64 end;

	if (!length || check_add_overflow(base, length - 1, &end))
		return -EINVAL;
	first = max(PHYS_PFN(base), ap->ledger->first);
	last = min(PHYS_PFN(end), ap->ledger->last);
	if (first > last)
		return 0;
	return coherent_ledger_record(first, last, COHERENT_SOURCE_FIRMWARE,
				      COHERENT_NO_PFN);
}

/* Errors of the aperture that were reported before anybody had bound it */
static int record_strays(const struct coherent_ledger *ledger)
{
	/* Errors in memory of the kernel's are its own affair */
	if (ledger->own_memory)
		return 0;
	coherent_report_strays(ledger);
	return coherent_queue_drain();
}

/**
 * coherent_poison_attach() - at probe: what is on record for the aperture counts
 * @ap: the aperture, claimed
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int coherent_poison_attach(struct coherent_aperture *ap)
{
	int ret;

	ret = coherent_ledger_attach(ap, READ_ONCE(default_policy));
	if (ret)
		return ret;
	ret = record_strays(ap->ledger);
	if (ret)
		coherent_ledger_detach(ap);
	return ret;
}

/**
 * coherent_poison_watch() - errors from now on
 * @ap: the aperture, attached, what firmware knows being on record
 *
 * Context: probe; may sleep.
 */
void coherent_poison_watch(struct coherent_aperture *ap)
{
	coherent_mm_register(ap);
}

/**
 * coherent_poison_detach() - undo these two; the ledger stays
 * @ap: the aperture, with no user left
 *
 * Context: may sleep.
 */
void coherent_poison_detach(struct coherent_aperture *ap)
{
	coherent_mm_unregister(ap);
	coherent_ledger_detach(ap);
}

/**
 * coherent_poison_reset() - a reset begins, which may heal
 * @ap: the aperture
 *
 * Context: any but NMI.
 */
void coherent_poison_reset(struct coherent_aperture *ap)
{
	if (ap->reset_heals)
		coherent_queue_healing(ap->ledger);
}

/**
 * coherent_poison_ready() - the memory is seen ready
 * @ap: the aperture
 *
 * That a reset is done does not say that it succeeded; this does. What a
 * reset has healed is cleared by the worker: faults call this.
 *
 * Context: any but NMI.
 */
void coherent_poison_ready(struct coherent_aperture *ap)
{
	if (ap->ledger && READ_ONCE(ap->ledger->heals))
		coherent_queue_healed(ap->ledger);
}

/**
 * coherent_poison_settle() - wait until what is reported, and healed, is on record
 *
 * Context: process; may sleep, killably; no lock that the record takes is held.
 * Return: 0; -ENOMEM, and it will be tried again; -EINTR when killed.
 */
int coherent_poison_settle(void)
{
	return coherent_queue_flush();
}

/**
 * coherent_poison_drop() - memory owned by the core is freed
 * @first: first PFN
 * @last: last PFN; no device shows any of it
 *
 * Anybody may allocate its pages: their poison is cleared, and no error is
 * recorded any more.
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM, and then some may still be on record.
 */
int coherent_poison_drop(unsigned long first, unsigned long last)
{
	/* Nothing queued may be recorded after the memory is freed */
	int ret = coherent_queue_drain();

	return ret ?: coherent_ledger_drop(first, last);
}

/**
 * coherent_poison_count() - how many pages are on record
 * @ap: the aperture, attached
 *
 * Context: any but NMI.
 * Return: their number.
 */
unsigned long coherent_poison_count(const struct coherent_aperture *ap)
{
	return coherent_ledger_count(ap->ledger);
}

/**
 * coherent_poison_policy() - what is done with them
 * @ap: the aperture, attached
 *
 * Context: any.
 * Return: the policy's name.
 */
const char *coherent_poison_policy(const struct coherent_aperture *ap)
{
	return coherent_policy_names[READ_ONCE(ap->ledger->policy)];
}

/** coherent_poison_init() - Return: 0 or -ENOMEM */
int coherent_poison_init(void)
{
	int ret = coherent_signal_init();

	if (ret)
		return ret;
	ret = coherent_queue_init();
	if (ret)
		goto out_signal;
	ret = coherent_sysfs_init();
	if (ret)
		goto out_queue;
	coherent_sources_start();
	return 0;

out_queue:
	coherent_queue_exit();
out_signal:
	coherent_signal_exit();
	return ret;
}

/** coherent_poison_exit() - at module exit */
void coherent_poison_exit(void)
{
	coherent_sources_stop();
	coherent_sysfs_exit();
	coherent_queue_exit();
	coherent_signal_exit();
	coherent_ledger_exit();
	coherent_pages_exit();
}
