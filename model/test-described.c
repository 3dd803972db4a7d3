// SPDX-License-Identifier: GPL-2.0-only
/* A function that is nothing but what options say. */
#include <linux/pci_regs.h>
#include <string.h>

#include "client.h"
#include "model.h"
#include "wire.h"

#define BLOCK	0xff000

void test_described(void)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info), .index = BAR2,
	};
	struct client cl;
	__u8 bytes[8];
	__u16 at;

	client_start(&cl, "--model=described", "--vendor-id=0x1234", "--device-id=0x5678",
		     "--class=0x030200", "--bar0=1M", "--bar2=64K", "--test-block=0xff000",
		     "--dvsec=0x1234:7:2:a1b2c3", "--dvsec=0x10de:3:0:0100",
		     "--register=0:0x40:0x7f:0x80000001", "--register=2:0x10:0:2", NULL);
	CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == 0x56781234);
	CHECK(client_get(&cl, CONFIG, PCI_CLASS_REVISION) >> 8 == 0x030200);
	at = find_dvsec(&cl, 0x1234, 7);
	CHECK(at == 0x100 && (get16(&cl, at + 6) & 0xf) == 2);
	CHECK(get16(&cl, at + 0xa) == 0xb2a1 && get16(&cl, at + 0xc) == 0xc3);
	at = find_dvsec(&cl, 0x10de, 3);
	CHECK(at && get16(&cl, at + 0xa) == 1);
	CHECK(find_ext_cap(&cl, 0, PCI_EXT_CAP_ID_ERR));

	/* The block is where it was put, and nothing of it elsewhere */
	CHECK(client_get(&cl, BAR0, BLOCK) == TEST_MAGIC);
	CHECK(!client_get(&cl, BAR0, TEST_MAGIC_REG));
	client_put(&cl, BAR0, TEST_SCRATCH, 0x12345678);
	CHECK(!client_get(&cl, BAR0, BLOCK + TEST_SCRATCH));
	CHECK(client_get(&cl, BAR0, TEST_SCRATCH) == 0x12345678);
	CHECK(!client_get(&cl, BAR0, GPU_C2C_LINK));

	/* Each register tells readiness, at any width */
	CHECK(client_get(&cl, BAR0, 0x40) == 0x80000001);
	CHECK(client_get(&cl, BAR2, 0x10) == 2);
	client_put(&cl, BAR0, BLOCK + TEST_READY, TEST_NEVER);
	CHECK(client_get(&cl, BAR0, 0x40) == 0x7f);
	CHECK(!client_get(&cl, BAR2, 0x10));
	client_put(&cl, BAR0, BLOCK + TEST_READY, 0);
	CHECK(!client_read(&cl, BAR0, 0x42, bytes, 4) && !memcmp(bytes, "\0\x80\0\0", 4));
	CHECK(client_get(&cl, BAR0, BLOCK + TEST_POLLS) == 5);
	client_put(&cl, BAR0, BLOCK + TEST_LINK_DOWN, TEST_NEVER);
	CHECK(client_get(&cl, BAR0, 0x40) == ~0U && client_get(&cl, BAR2, 0x10) == ~0U);
	client_put(&cl, BAR0, BLOCK + TEST_LINK_DOWN, 0);
	CHECK(client_get(&cl, BAR0, BLOCK + TEST_POLLS) == 7);

	/* What of a BAR is no register is memory; nobody maps it */
	client_put(&cl, BAR2, 0x14, 0xcafe);
	CHECK(client_get(&cl, BAR2, 0x14) == 0xcafe);
	CHECK(!client_call(&cl, WIRE_GET_REGION_INFO, &info, sizeof(info), -1));
	CHECK(cl.reply.nr_fds == 0);
	CHECK(client_finish(&cl));
}
