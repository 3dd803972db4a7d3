// SPDX-License-Identifier: GPL-2.0-only
/*
 * The function behind the protocol: config space, registers, readiness and
 * resets. Times are compared one way only, so that a slow machine cannot make
 * a test fail: not ready before its time, and ready at some time.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "client.h"
#include "model.h"

static __u32 sized(struct client *cl, __u64 offset)
{
	client_put(cl, CONFIG, offset, ~0U);
	return client_get(cl, CONFIG, offset);
}

void test_config(void)
{
	struct client cl;
	__u8 cap;

	client_start(&cl, "--model=gh200", "--device-id=0x2345", "--bar4=8G",
		     NULL);
	CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == 0x234510de);
	CHECK(client_get(&cl, CONFIG, PCI_CLASS_REVISION) >> 8 == 0x030200);
	CHECK(sized(&cl, PCI_BASE_ADDRESS_0) == 0xff000004);
	CHECK(sized(&cl, PCI_BASE_ADDRESS_1) == 0xffffffff);
	CHECK(sized(&cl, PCI_BASE_ADDRESS_2) == 0xfc00000c);
	CHECK(sized(&cl, PCI_BASE_ADDRESS_4) == 0x0000000c);
	CHECK(sized(&cl, PCI_BASE_ADDRESS_5) == 0xfffffffe);
	CHECK(!sized(&cl, PCI_ROM_ADDRESS));

	client_put(&cl, CONFIG, PCI_VENDOR_ID, 0);
	CHECK(get16(&cl, PCI_VENDOR_ID) == 0x10de);
	put16(&cl, PCI_COMMAND, 0xffff);
	CHECK(get16(&cl, PCI_COMMAND) == 0x0546);

	cap = find_cap(&cl, PCI_CAP_ID_PM);
	CHECK(cap && get16(&cl, cap + PCI_PM_CTRL) & PCI_PM_CTRL_NO_SOFT_RESET);
	CHECK(find_cap(&cl, PCI_CAP_ID_MSI));
	cap = find_cap(&cl, PCI_CAP_ID_EXP);
	CHECK(cap && get16(&cl, cap + PCI_EXP_FLAGS) == 2);
	CHECK(client_get(&cl, CONFIG, cap + PCI_EXP_DEVCAP) &
	      PCI_EXP_DEVCAP_FLR);
	put16(&cl, cap + PCI_EXP_DEVCTL, 0xf);
	CHECK((get16(&cl, cap + PCI_EXP_DEVCTL) & 0xf) == 0xf);
	CHECK(client_finish(&cl));
}

void test_ext_caps(void)
{
	struct client cl;
	__u16 at;

	client_start(&cl, "--model=gb200", NULL);
	CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == 0x294110de);
	at = find_dvsec(&cl, 0x10de, 3);
	CHECK(at && get16(&cl, at + 0xa) & 1);
	CHECK(!find_dvsec(&cl, 0x1e98, 0));
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gb300", "--cxl", "--cxl-active-timeout=5",
		     NULL);
	CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == 0x31c210de);
	CHECK(find_dvsec(&cl, 0x10de, 3));
	at = find_dvsec(&cl, 0x1e98, 0);
	CHECK(at && get16(&cl, at + 6) >> 4 >= 0x38);
	CHECK(at && get16(&cl, at + 6) & 0xf);
	CHECK(client_get(&cl, CONFIG, at + 0x1c) >> 13 == 5);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gh200", "--cxl", NULL);
	CHECK(find_dvsec(&cl, 0x1e98, 0) == 0x100);
	CHECK(client_finish(&cl));
}

/* Every kind of function has it, and it is the last of the list. */
void test_aer(void)
{
	static const char *const models[] = {
		"--model=gh200", "--model=gb200", "--model=gb300",
		"--model=plain",
	};
	struct client cl;
	__u32 severity;
	__u16 at;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(models); i++) {
		client_start(&cl, models[i / 2], i % 2 ? "--cxl" : NULL, NULL);
		at = find_ext_cap(&cl, 0, PCI_EXT_CAP_ID_ERR);
		CHECK(at && client_get(&cl, CONFIG, at) ==
		      (PCI_EXT_CAP_ID_ERR | 2 << 16));
		CHECK(at && at + 0x48U <= PCI_CONFIG_BYTES);

		/* A data link error is fatal, a poisoned TLP is not. */
		severity = client_get(&cl, CONFIG, at + PCI_ERR_UNCOR_SEVER);
		CHECK(severity & PCI_ERR_UNC_DLP);
		CHECK(!(severity & PCI_ERR_UNC_POISON_TLP));
		client_put(&cl, CONFIG, at + PCI_ERR_UNCOR_SEVER,
			   PCI_ERR_UNC_POISON_TLP);
		CHECK(client_get(&cl, CONFIG, at + PCI_ERR_UNCOR_SEVER) ==
		      PCI_ERR_UNC_POISON_TLP);
		CHECK(sized(&cl, at + PCI_ERR_UNCOR_MASK) & PCI_ERR_UNC_DLP);
		CHECK(sized(&cl, at + PCI_ERR_COR_MASK) & PCI_ERR_COR_RCVR);

		/* Writing sets no status, whatever it clears. */
		CHECK(!sized(&cl, at + PCI_ERR_UNCOR_STATUS));
		CHECK(!sized(&cl, at + PCI_ERR_COR_STATUS));
		CHECK(!sized(&cl, at + PCI_ERR_HEADER_LOG));

		flr(&cl);
		CHECK(client_get(&cl, CONFIG, at + PCI_ERR_UNCOR_SEVER) ==
		      severity);
		CHECK(client_finish(&cl));
	}
}

void test_registers(void)
{
	struct client cl;
	__u8 bytes[8];

	client_start(&cl, "--model=gh200", NULL);
	CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == TEST_MAGIC);
	client_put(&cl, BAR0, TEST_MAGIC_REG, 0);
	CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == TEST_MAGIC);

	/* Any width, across registers: scratch is bytes 8-11. */
	client_put(&cl, BAR0, TEST_SCRATCH, 0x44332211);
	CHECK(!client_write(&cl, BAR0, TEST_SCRATCH + 1, "\xaa", 1));
	CHECK(client_get(&cl, BAR0, TEST_SCRATCH) == 0x4433aa11);
	CHECK(!client_read(&cl, BAR0, 6, bytes, sizeof(bytes)));
	CHECK(!memcmp(bytes, "\0\0\x11\xaa\x33\x44\0\0", 8));

	client_put(&cl, BAR0, 0x100000, 0x12345678);
	CHECK(client_get(&cl, BAR0, 0x100000) == 0x12345678);
	CHECK(client_read(&cl, BAR0, (16 << 20) - 3, bytes, 4) == -EINVAL);
	CHECK(client_read(&cl, BAR0, ~0ULL - 1, bytes, 4) == -EINVAL);
	CHECK(client_write(&cl, BAR0, 16 << 20, bytes, 1) == -EINVAL);
	CHECK(client_read(&cl, 1, 0, bytes, 0) == -EINVAL);
	CHECK(client_read(&cl, 0xffffffff, 0, bytes, 4) == -EINVAL);
	CHECK(client_read(&cl, CONFIG, 4093, bytes, 4) == -EINVAL);
	CHECK(client_finish(&cl));
}

void test_memory(void)
{
	const __u64 last = (8ULL << 30) - 4;
	struct client cl;

	client_start(&cl, "--model=plain", "--bar2=8G", NULL);
	client_put(&cl, BAR2, last, 0xcafe);
	CHECK(client_get(&cl, BAR2, last) == 0xcafe);
	CHECK(!client_get(&cl, BAR2, 0));
	CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(client_get(&cl, BAR2, last) == 0xcafe);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=plain", "--bar2=0", NULL);
	CHECK(!client_get(&cl, CONFIG, PCI_BASE_ADDRESS_2));
	CHECK(client_finish(&cl));
}

void test_ready(void)
{
	struct client cl;
	__u64 start;

	client_start(&cl, "--model=gh200", "--ready-ms=200", NULL);
	start = client_now_ms();
	/* What switching the machine on does must not cut it short. */
	CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(becomes(&cl, BAR0, GPU_HBM_TRAINING, ~0U, GPU_STATUS_READY));
	CHECK(client_now_ms() - start >= 199);
	CHECK(is_ready(&cl));
	CHECK(client_get(&cl, BAR0, TEST_POLLS) >= 3);

	client_put(&cl, BAR0, TEST_READY, TEST_NEVER);
	CHECK(!is_ready(&cl));
	CHECK(client_get(&cl, BAR0, TEST_READY) == TEST_NEVER);
	client_put(&cl, BAR0, TEST_READY, 100000);
	CHECK(!is_ready(&cl));
	CHECK(client_get(&cl, BAR0, TEST_READY) <= 100000);
	client_put(&cl, BAR0, TEST_READY, 0);
	CHECK(is_ready(&cl));

	client_put(&cl, BAR0, TEST_NEED_RESETS, 2);
	CHECK(!is_ready(&cl));
	flr(&cl);
	CHECK(!is_ready(&cl));
	flr(&cl);
	CHECK(is_ready(&cl));
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gh200", "--never-ready", NULL);
	CHECK(!is_ready(&cl));
	flr(&cl);
	CHECK(!is_ready(&cl));
	CHECK(client_finish(&cl));
}

void test_flr(void)
{
	struct client cl;

	client_start(&cl, "--model=gb200", "--reset-ready-ms=100000", NULL);
	CHECK(is_ready(&cl));
	client_put(&cl, BAR0, TEST_SCRATCH, 1);
	put16(&cl, PCI_COMMAND, PCI_COMMAND_MEMORY);
	flr(&cl);
	CHECK(client_get(&cl, BAR0, TEST_RESETS) == 1);
	CHECK(client_get(&cl, BAR0, TEST_FLRS) == 1);
	CHECK(!client_get(&cl, BAR0, TEST_SCRATCH));
	CHECK(!get16(&cl, PCI_COMMAND));
	CHECK(!is_ready(&cl));

	/* The wait for the last reset is over with the next one. */
	client_put(&cl, BAR0, TEST_RESET_READY, 0);
	CHECK(!is_ready(&cl));
	client_put(&cl, BAR0, TEST_SCRATCH, 1);
	CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
	CHECK(client_get(&cl, BAR0, TEST_RESETS) == 2);
	CHECK(client_get(&cl, BAR0, TEST_MESSAGES) == 1);
	CHECK(!client_get(&cl, BAR0, TEST_SCRATCH));
	CHECK(is_ready(&cl));

	client_put(&cl, BAR0, TEST_RESET_READY, 50);
	flr(&cl);
	CHECK(becomes(&cl, BAR0, GPU_C2C_LINK, ~0U, GPU_STATUS_READY));
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gb200", "--scratch-survives-reset", NULL);
	client_put(&cl, BAR0, TEST_SCRATCH, 1);
	flr(&cl);
	CHECK(client_get(&cl, BAR0, TEST_FLRS) == 1);
	CHECK(client_get(&cl, BAR0, TEST_SCRATCH) == 1);
	CHECK(client_finish(&cl));
}

void test_pm_reset(void)
{
	struct client cl;

	client_start(&cl, "--model=gh200", "--no-flr", NULL);
	flr(&cl);
	CHECK(!client_get(&cl, BAR0, TEST_RESETS));
	power_cycle(&cl);
	CHECK(client_get(&cl, BAR0, TEST_PM_RESETS) == 1);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gh200", NULL);
	power_cycle(&cl);
	CHECK(!client_get(&cl, BAR0, TEST_RESETS));
	CHECK(client_get(&cl, BAR0, TEST_WAKES) == 1);
	CHECK(is_ready(&cl));
	CHECK(client_finish(&cl));

	/* No reset, but readiness is lost as by one */
	client_start(&cl, "--model=gh200", "--wake-ready-ms=100000", NULL);
	CHECK(is_ready(&cl));
	power_cycle(&cl);
	CHECK(!is_ready(&cl));
	client_put(&cl, BAR0, TEST_WAKE_READY, 50);
	power_cycle(&cl);
	CHECK(becomes(&cl, BAR0, GPU_C2C_LINK, ~0U, GPU_STATUS_READY));
	CHECK(client_finish(&cl));
}

void test_no_reset(void)
{
	struct client cl;
	__u8 cap;

	client_start(&cl, "--model=gh200", "--no-reset", NULL);
	cap = find_cap(&cl, PCI_CAP_ID_EXP);
	CHECK(!(client_get(&cl, CONFIG, cap + PCI_EXP_DEVCAP) &
		PCI_EXP_DEVCAP_FLR));
	flr(&cl);
	power_cycle(&cl);
	CHECK(!client_get(&cl, BAR0, TEST_RESETS));
	CHECK(client_finish(&cl));
}

void test_odd_models(void)
{
	struct client cl;

	client_start(&cl, "--model=gh200", "--broken", NULL);
	CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == ~0U);
	CHECK(client_get(&cl, BAR0, GPU_C2C_LINK) == ~0U);
	CHECK(get16(&cl, PCI_VENDOR_ID) == 0x10de);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=gh200", "--stuck=hbm", NULL);
	CHECK(client_get(&cl, BAR0, GPU_C2C_LINK) == GPU_STATUS_READY);
	CHECK(client_get(&cl, BAR0, GPU_HBM_TRAINING) != GPU_STATUS_READY);
	CHECK(client_finish(&cl));

	client_start(&cl, "--model=plain", "--vendor-id=0x1234", NULL);
	CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == 0x10f01234);
	CHECK(!client_get(&cl, BAR0, GPU_C2C_LINK));
	CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == TEST_MAGIC);
	CHECK(client_finish(&cl));
}
