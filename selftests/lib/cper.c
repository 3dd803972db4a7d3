// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <string.h>

#include "cper.h"

/* ACPI's generic error severities */
#define RECOVERABLE	0
#define CORRECTED	2

/* Of the block */
#define STATUS_UNCORRECTABLE	0x1
#define STATUS_CORRECTABLE	0x2
#define STATUS_ENTRIES(n)	((n) << 4)
#define STATUS_ALL_ENTRIES	STATUS_ENTRIES(0x3ff)
/* Of a memory error, and its types */
#define VALID_ADDRESS	0x2
#define VALID_MASK	0x4
#define VALID_TYPE	0x4000
#define SINGLE_BIT	2
#define MULTI_BIT	3
/* Of an error of a processor, and its type */
#define VALID_PHYS	(1 << 4)
#define CACHE_ERROR	(1 << 1)

/* a5bc1114-6f64-4ede-b863-3e83ed7c83b1, as GUIDs lie in memory */
static const u8 platform_memory[16] = {
	0x14, 0x11, 0xbc, 0xa5, 0x64, 0x6f, 0xde, 0x4e,
	0xb8, 0x63, 0x3e, 0x83, 0xed, 0x7c, 0x83, 0xb1,
};

/* e19e3d16-bc11-11e4-9caa-c2051d5d46b0 */
static const u8 arm_processor[16] = {
	0x16, 0x3d, 0x9e, 0xe1, 0x11, 0xbc, 0xe4, 0x11,
	0x9c, 0xaa, 0xc2, 0x05, 0x1d, 0x5d, 0x46, 0xb0,
};

void cper_entries(struct cper_status_block *block, int n, size_t len)
{
	u32 status = le32toh(block->status) & ~STATUS_ALL_ENTRIES;

	block->status = htole32(status | STATUS_ENTRIES(n));
	block->data_len = htole32(len);
}

/* Returns the length of all */
static size_t make_header(struct cper *r, const u8 *type, size_t len, bool corrected)
{
	u32 severity = corrected ? CORRECTED : RECOVERABLE;

	r->block.status = htole32(corrected ? STATUS_CORRECTABLE : STATUS_UNCORRECTABLE);
	cper_entries(&r->block, 1, sizeof(r->entry) + len);
	r->block.severity = htole32(severity);
	memcpy(r->entry.type, type, sizeof(r->entry.type));
	r->entry.severity = htole32(severity);
	r->entry.revision = htole16(0x300);
	r->entry.len = htole32(len);
	return sizeof(r->block) + sizeof(r->entry) + len;
}

size_t cper_memory(struct cper *r, u64 phys, u64 mask, bool corrected)
{
	memset(r, 0, sizeof(*r));
	r->memory.valid = htole64(VALID_ADDRESS | VALID_TYPE | (mask ? VALID_MASK : 0));
	r->memory.address = htole64(phys);
	r->memory.mask = htole64(mask);
	r->memory.type = corrected ? SINGLE_BIT : MULTI_BIT;
	return make_header(r, platform_memory, sizeof(r->memory), corrected);
}

size_t cper_arm(struct cper *r, u64 phys, bool corrected)
{
	memset(r, 0, sizeof(*r));
	r->arm.errors = htole16(1);
	r->arm.len = htole32(sizeof(r->arm));
	r->arm.info.len = sizeof(r->arm.info);
	r->arm.info.valid = htole16(VALID_PHYS);
	r->arm.info.type = CACHE_ERROR;
	r->arm.info.phys = htole64(phys);
	return make_header(r, arm_processor, sizeof(r->arm), corrected);
}
