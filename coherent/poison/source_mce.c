// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks of x86, as they come along the decode chain.
 *
 * Intel SDM volume 3B, chapter 17 (MCi_STATUS, MCi_MISC); AMD APM volume 2,
 * chapter 9 (deferred errors).
 */
#include <asm/mce.h>
#include <linux/bits.h>
#include <linux/notifier.h>
#include <linux/processor.h>

#include "private.h"

static bool is_amd(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	       boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
}

static bool is_uncorrected(const struct mce *m)
{
	u64 uncorrected = MCI_STATUS_UC;

	/* Intel counts corrected errors where AMD has that bit */
	if (is_amd())
		uncorrected |= MCI_STATUS_DEFERRED;
	/* The severity that the kernel computes is not there for all sources */
	return m->status & MCI_STATUS_VAL && m->status & uncorrected;
}

/* Bytes around the address that are bad; 0 when there is no such address */
static u64 damage(struct mce *m)
{
	u8 lsb = MCI_MISC_ADDR_LSB(m->misc);

	/* Wider than a page is what the kernel's own helper has no use for */
	if (m->status & MCI_STATUS_ADDRV && m->status & MCI_STATUS_MISCV &&
	    !is_amd())
		return MCI_MISC_ADDR_MODE(m->misc) == MCI_MISC_ADDR_PHYS ?
		       BIT_ULL(lsb) : 0;
	return mce_usable_address(m) ? 1 : 0;
}

/*
 * mm has signalled if it has handled the error on this chain before us, and
 * does so for an exception that a process hit; but it is not called for
 * addresses that the kernel calls unusable.
 */
static bool mm_signals(struct mce *m)
{
	return m->kflags & MCE_HANDLED_UC ||
	       (m->mcgstatus & MCG_STATUS_MCIP && mce_usable_address(m));
}

static int mce_event(struct notifier_block *nb, unsigned long unused,
		     void *data)
{
	struct mce *m = data;
	u64 size;

	if (!m || !is_uncorrected(m))
		return NOTIFY_DONE;
	size = damage(m);
	if (!size)
		return NOTIFY_DONE;

	coherent_report(m->addr & MCI_ADDR_PHYSADDR, size, COHERENT_SOURCE_MCE,
			mm_signals(m));
	return NOTIFY_OK;
}

/* Behind the kernel's own handler (MCE_PRIO_UC) */
static struct notifier_block mce_nb = {
	.notifier_call	= mce_event,
	.priority	= MCE_PRIO_MCELOG,
};

static int mce_start(void)
{
	mce_register_decode_chain(&mce_nb);
	return 0;
}

static void mce_stop(void)
{
	mce_unregister_decode_chain(&mce_nb);
}

const struct coherent_source_ops coherent_source_mce = {
	.name	= "MCE",
	.start	= mce_start,
	.stop	= mce_stop,
};
