// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: images of it, what it is, what a reset makes of it, and which
 * bits can be written, or cleared by writing a 1. QEMU emulates some of it (BARs, MSI, the type of
 * PCIe port) and passes every write on all the same, so both sides keep the
 * state and only registers that QEMU does not emulate are read from here:
 * Command, Device Control, PMCSR, extended capabilities.
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "model.h"

#define CAP_PM		0x40
#define CAP_MSI		0x48
#define CAP_EXP		0x60
#define EXT_FIRST	0x100

#define DVSEC_ID	0x23
#define DVSEC_VENDOR	4
#define DVSEC_REVISION	6	/* 4 bits, under 12 of length */
#define DVSEC_TYPE	8
#define DVSEC_HEADER	0xa

#define NVIDIA_VENDOR	0x10de
#define NVIDIA_DVSEC	3
#define NVIDIA_LENGTH	0x10
#define NVIDIA_FLAGS	0xa
#define NVIDIA_ALL_USEMEM	0x1

/* PCIe 6.0, 7.8.4: what the TLP Prefix Log ends at, and what of it is there */
#define AER_VERSION	2
#define AER_LENGTH	0x48
#define AER_UNCOR	(PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | \
			 PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | \
			 PCI_ERR_UNC_COMP_TIME | PCI_ERR_UNC_COMP_ABORT | \
			 PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | \
			 PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | \
			 PCI_ERR_UNC_UNSUP | PCI_ERR_UNC_INTN)
#define AER_UNCOR_FATAL	(PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN | \
			 PCI_ERR_UNC_FCP | PCI_ERR_UNC_RX_OVER | \
			 PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_INTN)
#define AER_COR		(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | \
			 PCI_ERR_COR_BAD_DLLP | PCI_ERR_COR_REP_ROLL | \
			 PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT | \
			 PCI_ERR_COR_INTERNAL)

static void put(__u8 *at, unsigned int bytes, __u64 value)
{
	for (; bytes--; value >>= 8)
		*at++ = value;
}

static void put16(struct config *config, size_t at, __u16 value)
{
	put(config->reset + at, 2, value);
}

static void put32(struct config *config, size_t at, __u32 value)
{
	put(config->reset + at, 4, value);
}

static void allow16(struct config *config, size_t at, __u16 mask)
{
	put(config->writable + at, 2, mask);
}

static void allow32(struct config *config, size_t at, __u32 mask)
{
	put(config->writable + at, 4, mask);
}

static void add_header(struct config *config, const struct model_options *opt)
{
	put16(config, PCI_VENDOR_ID, opt->vendor);
	put16(config, PCI_DEVICE_ID, opt->device);
	put16(config, PCI_STATUS, PCI_STATUS_CAP_LIST);
	put32(config, PCI_CLASS_REVISION, opt->class << 8 | 0xa1);
	put16(config, PCI_SUBSYSTEM_VENDOR_ID, opt->vendor);
	put16(config, PCI_SUBSYSTEM_ID, opt->device);
	config->reset[PCI_CAPABILITY_LIST] = CAP_PM;

	allow16(config, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
		PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		PCI_COMMAND_INTX_DISABLE);
	config->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	config->writable[PCI_INTERRUPT_LINE] = 0xff;
}

static void add_bars(struct config *config, const struct model_options *opt)
{
	unsigned int i;

	for (i = 0; i < FUNCTION_BARS; i += 2) {
		size_t at = PCI_BASE_ADDRESS_0 + 4 * i;
		__u32 flags = PCI_BASE_ADDRESS_MEM_TYPE_64;

		if (!opt->bar_size[i])
			continue;
		if (i)
			flags |= PCI_BASE_ADDRESS_MEM_PREFETCH;
		put32(config, at, flags);
		put(config->writable + at, 8, ~(opt->bar_size[i] - 1));
	}
}

static void add_cap(struct config *config, __u8 at, __u8 id, __u8 next)
{
	config->reset[at + PCI_CAP_LIST_ID] = id;
	config->reset[at + PCI_CAP_LIST_NEXT] = next;
}

static void add_caps(struct config *config, const struct model_options *opt)
{
	add_cap(config, CAP_PM, PCI_CAP_ID_PM, CAP_MSI);
	put16(config, CAP_PM + PCI_PM_PMC, 3);
	put16(config, CAP_PM + PCI_PM_CTRL,
	      opt->pm_reset ? 0 : PCI_PM_CTRL_NO_SOFT_RESET);
	allow16(config, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	config->pm = CAP_PM;

	add_cap(config, CAP_MSI, PCI_CAP_ID_MSI, CAP_EXP);
	put16(config, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	allow16(config, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	put(config->writable + CAP_MSI + PCI_MSI_ADDRESS_LO, 8, ~3ULL);
	allow16(config, CAP_MSI + PCI_MSI_DATA_64, 0xffff);

	add_cap(config, CAP_EXP, PCI_CAP_ID_EXP, 0);
	put16(config, CAP_EXP + PCI_EXP_FLAGS, PCI_EXP_TYPE_ENDPOINT << 4 | 2);
	put32(config, CAP_EXP + PCI_EXP_DEVCAP,
	      PCI_EXP_DEVCAP_RBER | (opt->flr ? PCI_EXP_DEVCAP_FLR : 0));
	/* The FLR bit always reads as 0, so it is not among these. */
	allow16(config, CAP_EXP + PCI_EXP_DEVCTL, 0x7fff);
	put32(config, CAP_EXP + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_2_5GB |
	      1 << 4);
	put16(config, CAP_EXP + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_2_5GB |
	      PCI_EXP_LNKSTA_NLW_X1);
	config->exp = CAP_EXP;
}

/* Where the next one goes: all of them lie one behind the other. */
static __u16 add_ext_cap(struct config *config, __u16 at, __u16 id,
			 __u8 version, __u16 length)
{
	put32(config, at, id | version << 16 | (at + length) << 20);
	return at + length;
}

__u16 config_add_dvsec(struct config *config, __u16 at, __u16 vendor, __u16 id,
		       __u16 revision, __u16 length)
{
	put16(config, at + DVSEC_VENDOR, vendor);
	put16(config, at + DVSEC_REVISION, length << 4 | revision);
	put16(config, at + DVSEC_TYPE, id);
	return add_ext_cap(config, at, DVSEC_ID, 1, length);
}

/*
 * No error ever happens here: the port above reports them (pcie_aer_inject_error), and
 * wants to find registers that behave. Those that are sticky in hardware are
 * put back by a reset like all others.
 */
static void add_aer(struct config *config, __u16 at)
{
	put32(config, at + PCI_ERR_UNCOR_MASK, PCI_ERR_UNC_INTN);
	put32(config, at + PCI_ERR_UNCOR_SEVER, AER_UNCOR_FATAL);
	put32(config, at + PCI_ERR_COR_MASK,
	      PCI_ERR_COR_ADV_NFAT | PCI_ERR_COR_INTERNAL);
	allow32(config, at + PCI_ERR_UNCOR_MASK, AER_UNCOR);
	allow32(config, at + PCI_ERR_UNCOR_SEVER, AER_UNCOR);
	allow32(config, at + PCI_ERR_COR_MASK, AER_COR);
	put(config->clearable + at + PCI_ERR_UNCOR_STATUS, 4, AER_UNCOR);
	put(config->clearable + at + PCI_ERR_COR_STATUS, 4, AER_COR);
	add_ext_cap(config, at, PCI_EXT_CAP_ID_ERR, AER_VERSION, AER_LENGTH);
}

static __u16 add_described(struct config *config, __u16 at, const struct model_dvsec *dvsec)
{
	__u16 length = (DVSEC_HEADER + dvsec->length + 3) & ~3;

	memcpy(config->reset + at + DVSEC_HEADER, dvsec->data, dvsec->length);
	return config_add_dvsec(config, at, dvsec->vendor, dvsec->id, dvsec->revision, length);
}

static void add_ext_caps(struct config *config, const struct model_options *opt)
{
	__u16 at = EXT_FIRST;
	unsigned int i;

	for (i = 0; i < opt->nr_dvsecs; i++)
		at = add_described(config, at, &opt->dvsecs[i]);
	if (opt->kind->nvidia_dvsec) {
		put16(config, at + NVIDIA_FLAGS, NVIDIA_ALL_USEMEM);
		at = config_add_dvsec(config, at, NVIDIA_VENDOR, NVIDIA_DVSEC, 0,
				      NVIDIA_LENGTH);
	}
	if (opt->cxl)
		at = cxl_add(config, at, opt);
	add_aer(config, at);
	/* The last one has no next. */
	config->reset[at + 2] &= 0xf;
	config->reset[at + 3] = 0;
}

void config_init(struct config *config, const struct model_options *opt)
{
	memset(config, 0, sizeof(*config));
	add_header(config, opt);
	add_bars(config, opt);
	add_caps(config, opt);
	add_ext_caps(config, opt);
	config_reset(config);
}

void config_reset(struct config *config)
{
	memcpy(config->bytes, config->reset, sizeof(config->bytes));
}

static __u8 power_state(const struct config *config)
{
	return config->bytes[config->pm + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
}

/* Does [offset, offset + count) write a 1 to the FLR bit of a function with FLR? */
static bool asks_for_flr(const struct config *config, size_t offset,
			 const __u8 *data, size_t count)
{
	size_t high = config->exp + PCI_EXP_DEVCTL + 1;
	__u8 devcap_top = config->bytes[config->exp + PCI_EXP_DEVCAP + 3];

	return offset <= high && high < offset + count &&
	       devcap_top & (PCI_EXP_DEVCAP_FLR >> 24) &&
	       data[high - offset] & (PCI_EXP_DEVCTL_BCR_FLR >> 8);
}

int config_write(struct config *config, size_t offset, const __u8 *data,
		 size_t count)
{
	__u8 state = power_state(config);
	size_t i;

	for (i = 0; i < count; i++) {
		__u8 mask = config->writable[offset + i];
		__u8 *byte = &config->bytes[offset + i];

		*byte = (*byte & ~mask) | (data[i] & mask);
		*byte &= ~(data[i] & config->clearable[offset + i]);
	}
	if (asks_for_flr(config, offset, data, count))
		return RESET_FLR;
	if (state != 3 || power_state(config))
		return -1;
	return config->bytes[config->pm + PCI_PM_CTRL] &
	       PCI_PM_CTRL_NO_SOFT_RESET ? CONFIG_WAKES : RESET_PM;
}
