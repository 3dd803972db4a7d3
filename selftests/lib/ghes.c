// SPDX-License-Identifier: GPL-2.0-only
/*
 * A common platform error record, made by hand from the UEFI specification
 * (appendix N) and ACPI's chapter 18, and given to QEMU's monitor, which plays
 * the firmware's part.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "ghes.h"
#include "monitor.h"

#define LIMIT_MS	10000

/* ACPI's generic error severities */
#define RECOVERABLE	0
#define CORRECTED	2

/* Generic error status block */
struct status_block {
	u32 status;
	u32 raw_offset;
	u32 raw_len;
	u32 data_len;
	u32 severity;
} __attribute__((packed));

#define STATUS_UNCORRECTABLE	0x1
#define STATUS_CORRECTABLE	0x2
#define STATUS_ONE_ENTRY	(1 << 4)

/* Generic error data entry, revision 3 */
struct data_entry {
	u8 type[16];
	u32 severity;
	u16 revision;
	u8 valid;
	u8 flags;
	u32 len;
	u8 fru_id[16];
	char fru_text[20];
	u64 time;
} __attribute__((packed));

/* Platform memory error section */
struct memory_error {
	u64 valid;
	u64 status;
	u64 address;
	u64 mask;
	u16 node, card, module, bank, device, row, column, bit;
	u64 requestor, responder, target;
	u8 type;
	u8 extended;
	u16 rank, card_handle, module_handle;
} __attribute__((packed));

#define VALID_ADDRESS	0x2
#define VALID_MASK	0x4
#define VALID_TYPE	0x4000
#define SINGLE_BIT	2
#define MULTI_BIT	3

/* ARM processor error section, with one error */
struct arm_error {
	u32 valid;
	u16 errors;
	u16 contexts;
	u32 len;
	u8 affinity;
	u8 reserved[3];
	u64 mpidr;
	u64 midr;
	u32 running;
	u32 psci;
	struct {
		u8 version;
		u8 len;
		u16 valid;
		u8 type;
		u16 multiple;
		u8 flags;
		u64 info;
		u64 virt;
		u64 phys;
	} __attribute__((packed)) info;
} __attribute__((packed));

#define VALID_PHYS	(1 << 4)
#define CACHE_ERROR	(1 << 1)

struct record {
	struct status_block block;
	struct data_entry entry;
	union {
		struct memory_error memory;
		struct arm_error arm;
	};
} __attribute__((packed));

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

/* Returns the record's length */
static size_t make_header(struct record *r, const u8 *type, size_t len, bool corrected)
{
	u32 severity = corrected ? CORRECTED : RECOVERABLE;

	r->block.status = htole32(STATUS_ONE_ENTRY |
				  (corrected ? STATUS_CORRECTABLE : STATUS_UNCORRECTABLE));
	r->block.data_len = htole32(sizeof(r->entry) + len);
	r->block.severity = htole32(severity);
	memcpy(r->entry.type, type, sizeof(r->entry.type));
	r->entry.severity = htole32(severity);
	r->entry.revision = htole16(0x300);
	r->entry.len = htole32(len);
	return sizeof(r->block) + sizeof(r->entry) + len;
}

static void base64(char *to, const u8 *from, size_t n)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	u32 word;

	for (; n; from += 3, to += 4) {
		word = from[0] << 16 | (n > 1 ? from[1] << 8 : 0) | (n > 2 ? from[2] : 0);
		to[0] = digit[word >> 18];
		to[1] = digit[word >> 12 & 63];
		to[2] = n > 1 ? digit[word >> 6 & 63] : '=';
		to[3] = n > 2 ? digit[word & 63] : '=';
		n -= n > 3 ? 3 : n;
	}
	*to = '\0';
}

/* Hands the first @len bytes of it to the guest's kernel */
static int inject(const struct record *r, size_t len)
{
	char text[4 * (sizeof(*r) + 2) / 3 + 1], command[sizeof(text) + 96];
	u64 end = now_ms() + LIMIT_MS;
	char answer[512];
	int ret;

	base64(text, (const u8 *)r, len);
	snprintf(command, sizeof(command),
		 "{\"execute\":\"inject-ghes-v2-error\",\"arguments\":{\"cper\":\"%s\"}}\n", text);
	for (;;) {
		ret = monitor(command, answer, sizeof(answer), end);
		if (ret)
			return ret;
		if (strstr(answer, "\"return\""))
			return 0;
		/* The guest's kernel has not taken the one before yet */
		if (!strstr(answer, "acknowledge") || now_ms() >= end) {
			fprintf(stderr, "# monitor: %s", answer);
			return -EIO;
		}
		poll(NULL, 0, 1);
	}
}

int ghes_error(u64 phys, u64 mask, bool corrected)
{
	struct record r = {
		.memory = {
			.valid = htole64(VALID_ADDRESS | VALID_TYPE | (mask ? VALID_MASK : 0)),
			.address = htole64(phys),
			.mask = htole64(mask),
			.type = corrected ? SINGLE_BIT : MULTI_BIT,
		},
	};

	return inject(&r, make_header(&r, platform_memory, sizeof(r.memory), corrected));
}

int ghes_arm_error(u64 phys, bool corrected)
{
	struct record r = {
		.arm = {
			.errors = htole16(1),
			.len = htole32(sizeof(r.arm)),
			.info = {
				.len = sizeof(r.arm.info),
				.valid = htole16(VALID_PHYS),
				.type = CACHE_ERROR,
				.phys = htole64(phys),
			},
		},
	};

	return inject(&r, make_header(&r, arm_processor, sizeof(r.arm), corrected));
}
