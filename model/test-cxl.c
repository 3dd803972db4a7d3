// SPDX-License-Identifier: GPL-2.0-only
/* CXL: readiness, where the memory is said to be, and what resets make of that. */
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "client.h"
#include "model.h"
#include "wire.h"

#define CXL		0x1e98
#define CONTROL		0xc
#define MEM_ENABLE	4
#define BASE_LOW	0x24

/* The decoders, by way of the Register Locator and its blocks' headers */
static __u64 find_decoders(struct client *cl)
{
	__u16 at = find_dvsec(cl, CXL, 8);
	__u64 cm = (client_get(cl, CONFIG, at + 0xc) & 0xffff0000) + 0x1000;

	CHECK(at && (client_get(cl, CONFIG, at + 0xc) & 0xff07) == 0x100);
	CHECK((client_get(cl, BAR0, cm) & 0xffff) == 1);
	CHECK((client_get(cl, BAR0, cm + 4) & 0xffff) == 5);
	return cm + (client_get(cl, BAR0, cm + 4) >> 20);
}

void test_cxl_ready(void)
{
	struct client cl;
	__u16 low;

	client_start(&cl, "--model=gb300", "--cxl", "--ready-ms=100", NULL);
	low = find_dvsec(&cl, 0x1e98, 0) + 0x1c;
	CHECK(client_get(&cl, CONFIG, low) & 1);
	CHECK(becomes(&cl, CONFIG, low, 3, 3));
	CHECK(!is_ready(&cl));		/* not by way of BAR 0 */

	client_put(&cl, BAR0, TEST_RESET_READY, TEST_NEVER);
	flr(&cl);
	CHECK((client_get(&cl, CONFIG, low) & 3) == 1);
	client_put(&cl, BAR0, TEST_RESET_VALID, TEST_NEVER);
	client_put(&cl, BAR0, TEST_RESET_READY, 0);
	flr(&cl);
	CHECK(!(client_get(&cl, CONFIG, low) & 3));
	client_put(&cl, BAR0, TEST_VALID, 0);
	CHECK((client_get(&cl, CONFIG, low) & 3) == 3);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gb300", "--cxl", "--cxl-valid-ms=never",
		     NULL);
	CHECK(!(client_get(&cl, CONFIG, low) & 3));
	CHECK(client_finish(&cl));
}

void test_cxl_ranges(void)
{
	struct client cl;
	__u16 at;

	client_start(&cl, "--model=plain", "--cxl", "--cxl-range=0x140000000+0x20000000",
		     "--cxl-range=0x160000000+0x10000000", NULL);
	at = find_dvsec(&cl, CXL, 0);
	CHECK((get16(&cl, at + 0xa) & 0x34) == 0x24);
	CHECK(get16(&cl, at + CONTROL) & MEM_ENABLE);
	CHECK((client_get(&cl, CONFIG, at + 0x1c) & ~0xfU) == 0x20000000);
	CHECK(client_get(&cl, CONFIG, at + 0x20) == 1);
	CHECK(client_get(&cl, CONFIG, at + BASE_LOW) == 0x40000000);
	CHECK((client_get(&cl, CONFIG, at + 0x2c) & 0xf000000f) == 0x10000003);
	CHECK(client_get(&cl, CONFIG, at + 0x34) == 0x60000000);
	CHECK(!find_dvsec(&cl, CXL, 8));
	CHECK(get16(&cl, find_dvsec(&cl, CXL, 7) + CONTROL) == 6);
	/* An FLR leaves it as it is, and so what was written to it */
	client_put(&cl, CONFIG, at + BASE_LOW, 0x50000000);
	flr(&cl);
	CHECK(client_get(&cl, CONFIG, at + BASE_LOW) == 0x50000000);
	put16(&cl, at + CONTROL, 0);
	flr(&cl);
	CHECK(!(get16(&cl, at + CONTROL) & MEM_ENABLE));
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=plain", "--cxl", "--cxl-cap=0x10",
		     "--cxl-range=0x140000000+0x20000000", "--cxl-disabled", NULL);
	CHECK(get16(&cl, at + 0xa) == 0x10);
	CHECK(!(get16(&cl, at + CONTROL) & MEM_ENABLE));
	CHECK(client_finish(&cl));
}

void test_cxl_decoders(void)
{
	struct client cl;
	__u16 at;
	__u64 hdm;

	client_start(&cl, "--model=plain", "--cxl", "--cxl-decoder=0x140000000+0x20000000",
		     "--cxl-decoder=0x180000000+0x10000000:1", "--cxl-media=3", NULL);
	at = find_dvsec(&cl, CXL, 0);
	hdm = find_decoders(&cl);
	CHECK((client_get(&cl, BAR0, hdm) & 0xf) == 1);
	CHECK(client_get(&cl, BAR0, hdm + 4) & 2);
	CHECK(client_get(&cl, BAR0, hdm + 0x10) == 0x40000000);
	CHECK(client_get(&cl, BAR0, hdm + 0x14) == 1);
	CHECK(client_get(&cl, BAR0, hdm + 0x18) == 0x20000000);
	CHECK((client_get(&cl, BAR0, hdm + 0x20) & 0x4f0) == 0x400);
	CHECK((client_get(&cl, BAR0, hdm + 0x40) & 0x4f0) == 0x410);
	CHECK(client_get(&cl, BAR0, MODEL_CXL_COMPONENT + 0x10000 + 0x100) == 3 << 2);

	/* The machine is switched on, and firmware sets it up; then the bus is reset */
	CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(get16(&cl, at + CONTROL) & MEM_ENABLE);
	flr(&cl);
	CHECK(client_get(&cl, BAR0, hdm + 4) & 2);
	CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(!(get16(&cl, at + CONTROL) & MEM_ENABLE));
	CHECK(!(client_get(&cl, BAR0, hdm + 4) & 2));
	CHECK(!(client_get(&cl, BAR0, hdm + 0x20) & 0x400));
	CHECK(client_finish(&cl));
}
