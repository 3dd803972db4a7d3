// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: bytes, which bits of them can be written, and the two writes
 * that reset everything.
 *
 * PURE: no kernel state, so that it can be tried without a machine.
 */
#include <linux/bits.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>
#include <linux/string.h>
#include <linux/types.h>

#include "config.h"

/* Where the capabilities are */
#define PM		0x40
#define MSI		0x48
#define EXP		0x60
#define SERIAL		0x100	/* the first extended one must be here */
#define NVIDIA		0x110
#define CXL		0x120
#define FLEX		0x160

#define EXP_V2		2
#define SERIAL_NUMBER	0x636f6865

#define NVIDIA_DVSEC_ID			3
#define NVIDIA_DVSEC_BITMAP		0xa
#define NVIDIA_MIG_WITH_CACHED_MEMORY	BIT(0)
#define NVIDIA_DVSEC_LEN		0xc

#define CXL_DVSEC_ID		0
#define CXL_DVSEC_LEN		0x3c
#define CXL_CAP			0xa
#define CXL_CAP_RANGES		4	/* two bits from here on */
#define CXL_CONTROL		0xc
#define CXL_SIZE_HIGH(i)	(0x18 + (i) * 0x10)
#define CXL_SIZE_LOW(i)		(0x1c + (i) * 0x10)
#define CXL_BASE_HIGH(i)	(0x20 + (i) * 0x10)
#define CXL_BASE_LOW(i)		(0x24 + (i) * 0x10)
#define CXL_LOW			0xf0000000U
#define CXL_READY		0x3	/* MEM_INFO_VALID, MEM_ACTIVE */

/* What the link speaks: CXL.io and CXL.mem */
#define FLEX_DVSEC_ID		7
#define FLEX_DVSEC_LEN		0x20
#define FLEX_CAP		0xa
#define FLEX_CONTROL		0xc
#define FLEX_STATUS		0xe
#define FLEX_IO_MEM		0x6

static void put(u8 *bytes, unsigned int size, u32 val)
{
	for (unsigned int i = 0; i < size; i++)
		bytes[i] = val >> 8 * i;
}

/* A register: what it reads after a reset, and the bits that can be written */
static void reg(struct soft_config *cfg, unsigned int where, unsigned int size,
		u32 val, u32 writable)
{
	put(&cfg->bytes[where], size, val);
	put(&cfg->writable[where], size, writable);
}

static void add_header(struct soft_config *cfg)
{
	const struct soft_config_spec *spec = &cfg->spec;
	u64 mask = spec->bar_size ? ~(spec->bar_size - 1) : 0;
	unsigned int bar = PCI_BASE_ADDRESS_0 + 4 * spec->bar;

	reg(cfg, PCI_VENDOR_ID, 2, spec->vendor, 0);
	reg(cfg, PCI_DEVICE_ID, 2, spec->device, 0);
	reg(cfg, PCI_COMMAND, 2, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
	    PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	reg(cfg, PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0);
	reg(cfg, PCI_CLASS_REVISION, 4, spec->class << 8 | 1, 0);
	reg(cfg, PCI_CACHE_LINE_SIZE, 1, 0, 0xff);
	if (mask) {
		reg(cfg, bar, 4, PCI_BASE_ADDRESS_MEM_TYPE_64, mask);
		reg(cfg, bar + 4, 4, 0, mask >> 32);
	}
	reg(cfg, PCI_SUBSYSTEM_VENDOR_ID, 2, spec->vendor, 0);
	reg(cfg, PCI_SUBSYSTEM_ID, 2, spec->device, 0);
	reg(cfg, PCI_CAPABILITY_LIST, 1, PM, 0);
	reg(cfg, PCI_INTERRUPT_LINE, 1, 0, 0xff);
}

static void add_capabilities(struct soft_config *cfg)
{
	bool keeps = !(cfg->spec.flags & SOFT_PM_RESET);
	bool flr = !(cfg->spec.flags & SOFT_NO_FLR);

	reg(cfg, PM, 2, MSI << 8 | PCI_CAP_ID_PM, 0);
	reg(cfg, PM + PCI_PM_PMC, 2, 3, 0);
	reg(cfg, PM + PCI_PM_CTRL, 2, keeps ? PCI_PM_CTRL_NO_SOFT_RESET : 0,
	    PCI_PM_CTRL_STATE_MASK);

	reg(cfg, MSI, 2, EXP << 8 | PCI_CAP_ID_MSI, 0);
	reg(cfg, MSI + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_64BIT,
	    PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE);
	reg(cfg, MSI + PCI_MSI_ADDRESS_LO, 4, 0, ~3U);
	reg(cfg, MSI + PCI_MSI_ADDRESS_HI, 4, 0, ~0U);
	reg(cfg, MSI + PCI_MSI_DATA_64, 2, 0, 0xffff);

	/* On a root bus, so there is no link and none of its registers */
	reg(cfg, EXP, 2, PCI_CAP_ID_EXP, 0);
	reg(cfg, EXP + PCI_EXP_FLAGS, 2,
	    EXP_V2 | (cfg->spec.flags & SOFT_ENDPOINT ? PCI_EXP_TYPE_ENDPOINT :
		      PCI_EXP_TYPE_RC_END) << 4, 0);
	reg(cfg, EXP + PCI_EXP_DEVCAP, 4,
	    PCI_EXP_DEVCAP_RBER | (flr ? PCI_EXP_DEVCAP_FLR : 0), 0);
	reg(cfg, EXP + PCI_EXP_DEVCTL, 2,
	    PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN | 0x2000,
	    (flr ? PCI_EXP_DEVCTL_BCR_FLR : 0) |
	    (0x7fff & ~(PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_PHANTOM |
			PCI_EXP_DEVCTL_AUX_PME)));
}

static void add_dvsec(struct soft_config *cfg, unsigned int where,
		      u16 vendor, u16 id, u16 len, unsigned int next)
{
	reg(cfg, where, 4, next << 20 | 1 << 16 | PCI_EXT_CAP_ID_DVSEC, 0);
	reg(cfg, where + PCI_DVSEC_HEADER1, 4, len << 20 | vendor, 0);
	reg(cfg, where + PCI_DVSEC_HEADER2, 2, id, 0);
}

static void add_cxl(struct soft_config *cfg)
{
	const struct soft_cxl *cxl = &cfg->spec.cxl;

	add_dvsec(cfg, CXL, PCI_VENDOR_ID_CXL, CXL_DVSEC_ID, CXL_DVSEC_LEN, FLEX);
	reg(cfg, CXL + CXL_CAP, 2, cxl->cap, 0);
	reg(cfg, CXL + CXL_CONTROL, 2, cxl->control, 0xffff);
	for (unsigned int i = 0; i < 2; i++) {
		reg(cfg, CXL + CXL_SIZE_HIGH(i), 4, cxl->size[i] >> 32, 0);
		reg(cfg, CXL + CXL_BASE_HIGH(i), 4, cxl->base[i] >> 32, ~0U);
		reg(cfg, CXL + CXL_BASE_LOW(i), 4, cxl->base[i] & CXL_LOW, CXL_LOW);
	}
	add_dvsec(cfg, FLEX, PCI_VENDOR_ID_CXL, FLEX_DVSEC_ID, FLEX_DVSEC_LEN, 0);
	reg(cfg, FLEX + FLEX_CAP, 2, FLEX_IO_MEM, 0);
	reg(cfg, FLEX + FLEX_CONTROL, 2, FLEX_IO_MEM, 0xffff);
	reg(cfg, FLEX + FLEX_STATUS, 2, FLEX_IO_MEM, 0);
}

static void add_extended(struct soft_config *cfg)
{
	bool nvidia = cfg->spec.flags & SOFT_NVIDIA_DVSEC;
	bool cxl = cfg->spec.flags & SOFT_CXL_DVSEC;
	unsigned int next = cxl ? CXL : 0;

	reg(cfg, SERIAL, 4, (nvidia ? NVIDIA : next) << 20 | 1 << 16 |
	    PCI_EXT_CAP_ID_DSN, 0);
	reg(cfg, SERIAL + 4, 4, SERIAL_NUMBER, 0);
	if (nvidia) {
		add_dvsec(cfg, NVIDIA, PCI_VENDOR_ID_NVIDIA, NVIDIA_DVSEC_ID,
			  NVIDIA_DVSEC_LEN, next);
		reg(cfg, NVIDIA + NVIDIA_DVSEC_BITMAP, 2,
		    NVIDIA_MIG_WITH_CACHED_MEMORY, 0);
	}
	if (cxl)
		add_cxl(cfg);
}

static void reset(struct soft_config *cfg)
{
	memset(cfg->bytes, 0, sizeof(cfg->bytes));
	memset(cfg->writable, 0, sizeof(cfg->writable));
	add_header(cfg);
	add_capabilities(cfg);
	add_extended(cfg);
	soft_config_set_ready(cfg, cfg->ready);
}

/**
 * soft_config_init() - power on
 * @cfg: filled in
 * @spec: what the function is
 */
void soft_config_init(struct soft_config *cfg,
		      const struct soft_config_spec *spec)
{
	cfg->spec = *spec;
	cfg->ready = false;
	reset(cfg);
}

/**
 * soft_config_set_ready() - what the CXL Device DVSEC says, where there is one
 * @cfg: config space
 * @ready: is the memory valid and active?
 */
void soft_config_set_ready(struct soft_config *cfg, bool ready)
{
	cfg->ready = ready;
	if (!(cfg->spec.flags & SOFT_CXL_DVSEC))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		bool there = i < (cfg->spec.cxl.cap >> CXL_CAP_RANGES & 3);

		reg(cfg, CXL + CXL_SIZE_LOW(i), 4,
		    (cfg->spec.cxl.size[i] & CXL_LOW) |
		    (there && ready ? CXL_READY : 0), 0);
	}
}

/**
 * soft_config_read() - read a register
 * @cfg: config space
 * @where: offset, below SOFT_CONFIG_SIZE, a multiple of @size
 * @size: 1, 2 or 4
 *
 * Return: its value.
 */
u32 soft_config_read(const struct soft_config *cfg, unsigned int where,
		     unsigned int size)
{
	u32 val = 0;

	for (unsigned int i = 0; i < size; i++)
		val |= (u32)cfg->bytes[where + i] << 8 * i;
	return val;
}

static bool is_on(const struct soft_config *cfg)
{
	return !(cfg->bytes[PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK);
}

/**
 * soft_config_write() - write a register
 * @cfg: config space
 * @where: offset, below SOFT_CONFIG_SIZE, a multiple of @size
 * @size: 1, 2 or 4
 * @val: the value; bits that cannot be written are ignored
 *
 * Return: whether this has reset the function, and @cfg with it.
 */
bool soft_config_write(struct soft_config *cfg, unsigned int where,
		       unsigned int size, u32 val)
{
	bool was_on = is_on(cfg), resets;

	for (unsigned int i = 0; i < size; i++) {
		u8 *byte = &cfg->bytes[where + i];
		u8 mask = cfg->writable[where + i];

		*byte = (*byte & ~mask) | (val >> 8 * i & mask);
	}

	resets = soft_config_read(cfg, EXP + PCI_EXP_DEVCTL, 2) &
		 PCI_EXP_DEVCTL_BCR_FLR;
	if (cfg->spec.flags & SOFT_PM_RESET)
		resets |= is_on(cfg) && !was_on;
	if (resets)
		reset(cfg);
	return resets;
}
