/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Common platform error records, made by hand from the UEFI specification (appendix N)
 * and ACPI's chapter 18. What is made says nothing but where the error is.
 */
#ifndef COHERENT_CPER_H
#define COHERENT_CPER_H

#include "coherent.h"

/* Generic error status block */
struct cper_status_block {
	u32 status;
	u32 raw_offset;
	u32 raw_len;
	u32 data_len;
	u32 severity;
} __attribute__((packed));

/* Generic error data entry, revision 3 */
struct cper_data_entry {
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
struct cper_memory_error {
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

/* ARM processor error section, with one error */
struct cper_arm_error {
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

struct cper {
	struct cper_status_block block;
	struct cper_data_entry entry;
	union {
		struct cper_memory_error memory;
		struct cper_arm_error arm;
	};
} __attribute__((packed));

/* Each makes a block with one record, and returns its length */

/* A platform memory error at @phys, @mask being its physical address mask or 0 for none */
size_t cper_memory(struct cper *r, u64 phys, u64 mask, bool corrected);
/* A processor's cache got bad data from @phys */
size_t cper_arm(struct cper *r, u64 phys, bool corrected);
/* The block has @n records, @len bytes of them */
void cper_entries(struct cper_status_block *block, int n, size_t len);

#endif
