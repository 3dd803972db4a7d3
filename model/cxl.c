// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL: the Device DVSEC, the link's, the Register Locator and, in BAR 0, the blocks
 * of registers that this leads to; as firmware has set them up. CXL r4.0, 8.1.3,
 * 8.1.8, 8.1.9, 8.2.4, 8.2.8.
 *
 * The blocks are memory: who writes to them changes them, and no decoder is
 * locked. A test that nothing has written to them can thus see it.
 */
#include <endian.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "model.h"
#include "wire.h"

#define CXL_VENDOR	0x1e98
#define DEVICE_DVSEC	0
#define DEVICE_REVISION	1
#define DEVICE_LENGTH	0x3c
#define CAP		0x0a
#define CAP_MEM		0x4
#define CAP_HDM_SHIFT	4
#define CONTROL		0x0c
#define CONTROL_MEM	0x4
#define SIZE_HIGH(i)	(0x18 + (i) * 0x10)
#define SIZE_LOW(i)	(0x1c + (i) * 0x10)
#define BASE_HIGH(i)	(0x20 + (i) * 0x10)
#define BASE_LOW(i)	(0x24 + (i) * 0x10)
#define INFO_VALID	0x1
#define ACTIVE		0x2
#define TIMEOUT_SHIFT	13
#define LOW		0xf0000000U

/* The one range of a function of which firmware says by itself where it is */
#define DEFAULT_RANGE	(96ULL << 30)

/* Flex Bus Port: what the link speaks. Its control is a register like others here */
#define FLEX_DVSEC	7
#define FLEX_REVISION	2
#define FLEX_LENGTH	0x20
#define FLEX_STATUS	0xe
#define FLEX_IO_MEM	0x6

#define LOCATOR_DVSEC	8
#define LOCATOR_FIRST	0xc
#define COMPONENT_ID	1
#define DEVICE_ID	3

/* In BAR 0 */
#define COMPONENT	MODEL_CXL_COMPONENT
#define DEVICE		(COMPONENT + 0x10000)

#define CM		(COMPONENT + 0x1000)
#define CM_HDM_AT	0x100
#define HDM		(CM + CM_HDM_AT)
#define HDM_ENABLE	0x2
#define DECODER(i)	(HDM + 0x10 + (i) * 0x20)
#define DECODER_CONTROL	0x10
#define COMMIT		0x600	/* Commit, Committed */
#define WAYS_SHIFT	4

#define STATUS_ID	0x4000
#define STATUS_AT	0x100
#define MEDIA_SHIFT	2

static void put32(__u8 *at, __u32 value)
{
	__le32 bytes = htole32(value);

	memcpy(at, &bytes, sizeof(bytes));
}

static __u32 get32(const __u8 *at)
{
	__le32 bytes;

	memcpy(&bytes, at, sizeof(bytes));
	return le32toh(bytes);
}

static bool has_blocks(const struct model_options *opt)
{
	return opt->nr_cxl_decoders || opt->cxl_media;
}

static unsigned int count_ranges(const struct model_options *opt)
{
	return opt->nr_cxl_ranges ?: 1;
}

static __u64 range_size(const struct model_options *opt, unsigned int i)
{
	return opt->nr_cxl_ranges ? opt->cxl_ranges[i].size : DEFAULT_RANGE;
}

static void add_range(struct config *config, const struct model_options *opt,
		      __u8 *dvsec, __u8 *writable, unsigned int i)
{
	__u64 size = range_size(opt, i), base = opt->cxl_ranges[i].base;

	put32(dvsec + SIZE_HIGH(i), size >> 32);
	put32(dvsec + SIZE_LOW(i), (size & LOW) | opt->active_timeout << TIMEOUT_SHIFT);
	put32(dvsec + BASE_HIGH(i), base >> 32);
	put32(dvsec + BASE_LOW(i), base & LOW);
	put32(writable + BASE_HIGH(i), ~0U);
	put32(writable + BASE_LOW(i), LOW);
	config->cxl_ranges = i + 1;
}

static __u16 capability(const struct model_options *opt)
{
	if (opt->cxl_cap != MODEL_NO_CXL_CAP)
		return opt->cxl_cap;
	return CAP_MEM | count_ranges(opt) << CAP_HDM_SHIFT;
}

/* Does the DVSEC tell readiness? */
bool cxl_tells(const struct model_options *opt)
{
	unsigned int nr = capability(opt) >> CAP_HDM_SHIFT & 3;

	return opt->cxl && capability(opt) & CAP_MEM && (nr == 1 || nr == 2);
}

static __u16 add_flex_bus(struct config *config, __u16 at)
{
	__u8 *dvsec = config->reset + at, *writable = config->writable + at;

	at = config_add_dvsec(config, at, CXL_VENDOR, FLEX_DVSEC, FLEX_REVISION, FLEX_LENGTH);
	put32(dvsec + CAP, FLEX_IO_MEM | FLEX_IO_MEM << 16);
	put32(dvsec + FLEX_STATUS, FLEX_IO_MEM);
	put32(writable + CONTROL, 0xffff);
	return at;
}

/* One to three DVSECs; where the next capability goes */
__u16 cxl_add(struct config *config, __u16 at, const struct model_options *opt)
{
	bool enabled = opt->nr_cxl_ranges || opt->nr_cxl_decoders;
	__u8 *dvsec, *writable;
	unsigned int i;

	if (enabled)
		at = add_flex_bus(config, at);
	dvsec = config->reset + at;
	writable = config->writable + at;
	config->cxl = at;
	at = config_add_dvsec(config, at, CXL_VENDOR, DEVICE_DVSEC, DEVICE_REVISION,
			      DEVICE_LENGTH);
	put32(dvsec + CAP, capability(opt) |
	      (enabled && !opt->cxl_disabled ? CONTROL_MEM << 16 : 0));
	put32(writable + CONTROL, CONTROL_MEM);
	for (i = 0; i < count_ranges(opt); i++)
		add_range(config, opt, dvsec, writable, i);
	if (!has_blocks(opt))
		return at;
	dvsec = config->reset + at;
	at = config_add_dvsec(config, at, CXL_VENDOR, LOCATOR_DVSEC, 0,
			      LOCATOR_FIRST + 2 * 8);
	put32(dvsec + LOCATOR_FIRST, COMPONENT | COMPONENT_ID << 8);
	put32(dvsec + LOCATOR_FIRST + 8, DEVICE | DEVICE_ID << 8);
	return at;
}

static void put_decoder(__u8 *at, const struct model_cxl_memory *memory)
{
	put32(at, memory->base & LOW);
	put32(at + 4, memory->base >> 32);
	put32(at + 8, memory->size & LOW);
	put32(at + 12, memory->size >> 32);
	put32(at + DECODER_CONTROL, COMMIT | memory->ways << WAYS_SHIFT);
}

/* How many there are is encoded: 1, 2, 4, ... */
static __u32 decoders_code(unsigned int n)
{
	return n > 1 ? (n + 1) / 2 : 0;
}

/* At power-on; @bar is BAR 0 */
void cxl_init_bar(__u8 *bar, const struct model_options *opt)
{
	unsigned int i;

	if (!opt->cxl || !has_blocks(opt))
		return;
	put32(bar + CM, 1 | 1 << 16 | 1 << 24);
	put32(bar + CM + 4, 5 | 1 << 16 | (__u32)CM_HDM_AT << 20);
	put32(bar + HDM, decoders_code(opt->nr_cxl_decoders));
	put32(bar + HDM + 4, opt->nr_cxl_decoders ? HDM_ENABLE : 0);
	for (i = 0; i < opt->nr_cxl_decoders; i++)
		put_decoder(bar + DECODER(i), &opt->cxl_decoders[i]);

	/* One capability: how the memory is */
	put32(bar + DEVICE + 4, 1);
	put32(bar + DEVICE + 0x10, STATUS_ID);
	put32(bar + DEVICE + 0x14, STATUS_AT);
	put32(bar + DEVICE + 0x18, 8);
	put32(bar + DEVICE + STATUS_AT, (opt->cxl_media ?: 1) << MEDIA_SHIFT);
}

/*
 * A function-level reset, and one by D3hot, leave CXL.mem as it is. One of the bus
 * disables it; firmware sets it up again when the machine starts, and not later.
 */
void cxl_reset(struct config *config, const __u8 *before, __u8 *bar, bool of_bus)
{
	__u8 *dvsec = config->bytes + config->cxl;
	unsigned int i;

	if (!config->cxl)
		return;
	if (!of_bus) {
		memcpy(dvsec + CONTROL, before + config->cxl + CONTROL,
		       DEVICE_LENGTH - CONTROL);
		return;
	}
	memset(dvsec + CONTROL, 0, 2);
	for (i = 0; i < config->cxl_ranges; i++)
		memset(dvsec + BASE_HIGH(i), 0, 8);
	for (i = 0; bar && i < MODEL_CXL_DECODERS; i++)
		put32(bar + DECODER(i) + DECODER_CONTROL, 0);
	if (bar)
		put32(bar + HDM + 4, 0);
}

bool cxl_has_component(const struct model_options *opt)
{
	return opt->cxl && has_blocks(opt);
}

/* Where one looks for readiness: the word of the first range; 0: nowhere */
__u16 cxl_status_register(const struct config *config)
{
	return config->cxl ? config->cxl + SIZE_LOW(0) : 0;
}

/* Memory that is active but has no valid size is not a state there is. */
void cxl_show_memory(struct config *config, bool valid, bool active)
{
	unsigned int i;

	for (i = 0; config->cxl && i < config->cxl_ranges; i++) {
		__u8 *low = config->bytes + config->cxl + SIZE_LOW(i);
		__u32 value = get32(low) & ~(INFO_VALID | ACTIVE);

		if (valid)
			value |= INFO_VALID | (active ? ACTIVE : 0);
		put32(low, value);
	}
}
