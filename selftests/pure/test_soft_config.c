// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of software functions, read as a driver reads it, in KTAP.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/pci_regs.h>

#include "config.h"

static unsigned int tests, failures;
static struct soft_config cfg;

static void result(const char *name, bool ok)
{
	tests++;
	failures += !ok;
	printf("%sok %u %s\n", ok ? "" : "not ", tests, name);
}

#define FAIL(fmt, ...) do {						\
	printf("# %s:%d: " fmt "\n", __FILE__, __LINE__, ##__VA_ARGS__);	\
	return false;							\
} while (0)

static const struct soft_config_spec specs[] = {
	{ .vendor = 0x1b36, .device = 5, .class = 0x120000 },
	{ .vendor = 0x10de, .device = 0x2342, .class = 0x030200, .bar_size = 1 << 20 },
	{ .vendor = 0x10de, .device = 0x2941, .class = 0x030200, .bar_size = 1ULL << 33,
	  .flags = SOFT_NVIDIA_DVSEC },
	{ .vendor = 0x10de, .device = 0x2941, .class = 0x030200,
	  .flags = SOFT_NVIDIA_DVSEC | SOFT_CXL_DVSEC | SOFT_PM_RESET,
	  .cxl = { .cap = SOFT_CXL_MEMORY(1) } },
	{ .vendor = 0x10de, .device = 0x2941, .class = 0x030200,
	  .flags = SOFT_CXL_DVSEC | SOFT_NO_FLR | SOFT_ENDPOINT,
	  .cxl = { .cap = SOFT_CXL_MEMORY(2), .control = SOFT_CXL_MEM_ENABLE,
		   .base = { 0x4010000000, 0x5000000000 }, .size = { 0x230000000, 0x10000000 } } },
	{ .vendor = 0x1234, .device = 0x5678, .class = 0x120000, .bar = 2, .bar_size = 1 << 24 },
	{ .vendor = 0x1234, .device = 0x5679, .class = 0x120000, .bar = 4, .bar_size = 1ULL << 36 },
};

#define NR_SPECS (sizeof(specs) / sizeof(*specs))

static unsigned int rd(unsigned int where, unsigned int size)
{
	return soft_config_read(&cfg, where, size);
}

static unsigned int find_cap(unsigned int id)
{
	unsigned int at = rd(PCI_CAPABILITY_LIST, 1), n = 0;

	while (at && n++ < 48 && rd(at, 1) != id)
		at = rd(at + 1, 1);
	return at;
}

/* The DVSEC of a vendor and id, or the capability @id when @vendor is 0 */
static unsigned int find_ext(unsigned int id, unsigned int vendor, unsigned int dvsec)
{
	unsigned int at = 0x100;

	for (int n = 0; at && n < 48; n++) {
		unsigned int header = rd(at, 4);

		if ((header & 0xffff) == id &&
		    (!vendor || ((rd(at + 4, 4) & 0xffff) == vendor && rd(at + 8, 2) == dvsec)))
			return at;
		at = header >> 20;
	}
	return 0;
}

static bool finds(const struct soft_config_spec *s)
{
	unsigned int exp = find_cap(PCI_CAP_ID_EXP), cxl, nv;

	if (rd(0, 2) != s->vendor || rd(2, 2) != s->device || rd(8, 4) >> 8 != s->class)
		FAIL("ids");
	if (!find_cap(PCI_CAP_ID_PM) || !find_cap(PCI_CAP_ID_MSI) || !exp)
		FAIL("a capability is missing");
	if (!!(rd(exp + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR) == !!(s->flags & SOFT_NO_FLR))
		FAIL("FLR");
	if (!find_ext(PCI_EXT_CAP_ID_DSN, 0, 0))
		FAIL("no extended capability");
	nv = find_ext(PCI_EXT_CAP_ID_DVSEC, 0x10de, 3);
	cxl = find_ext(PCI_EXT_CAP_ID_DVSEC, 0x1e98, 0);
	if (!nv != !(s->flags & SOFT_NVIDIA_DVSEC) || !cxl != !(s->flags & SOFT_CXL_DVSEC))
		FAIL("DVSECs at %#x, %#x", nv, cxl);
	if (nv && (nv >= SOFT_CONFIG_SIZE || !(rd(nv + 0xa, 2) & 1)))
		FAIL("bitmap");
	return true;
}

static bool all_find(void)
{
	for (size_t i = 0; i < NR_SPECS; i++) {
		soft_config_init(&cfg, &specs[i]);
		if (!finds(&specs[i]))
			FAIL("spec %zu", i);
	}
	return true;
}

static bool bar_sizes(void)
{
	for (size_t i = 0; i < NR_SPECS; i++) {
		unsigned int bar = 0x10 + 4 * specs[i].bar;
		unsigned long long got;

		soft_config_init(&cfg, &specs[i]);
		soft_config_write(&cfg, bar, 4, ~0U);
		soft_config_write(&cfg, bar + 4, 4, ~0U);
		got = rd(bar, 4) | (unsigned long long)rd(bar + 4, 4) << 32;
		if (got != (specs[i].bar_size ? -specs[i].bar_size | 4 : 0))
			FAIL("spec %zu: %#llx", i, got);
		for (unsigned int at = 0x10; at < 0x28; at += 4) {
			if (at == bar || at == bar + 4)
				continue;
			soft_config_write(&cfg, at, 4, ~0U);
			if (rd(at, 4))
				FAIL("a BAR at %#x", at);
		}
	}
	return true;
}

/* Any width is the same bytes; what cannot be written stays */
static bool widths(void)
{
	static struct soft_config before;

	soft_config_init(&cfg, &specs[3]);
	before = cfg;
	for (unsigned int at = 0; at < SOFT_CONFIG_SIZE; at++) {
		if ((rd(at & ~3, 4) >> 8 * (at & 3) & 0xff) != rd(at, 1) ||
		    (rd(at & ~1, 2) >> 8 * (at & 1) & 0xff) != rd(at, 1))
			FAIL("at %#x", at);
		/* All but what resets */
		soft_config_write(&cfg, at, 1, cfg.writable[at] & 0x80 ? 0x7f : 0xff);
		if ((cfg.bytes[at] ^ before.bytes[at]) & ~before.writable[at])
			FAIL("written at %#x", at);
	}
	return true;
}

static bool dirty(void)
{
	soft_config_write(&cfg, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	return rd(PCI_COMMAND, 2) == PCI_COMMAND_MEMORY;
}

static bool resets(void)
{
	for (size_t i = 0; i < NR_SPECS; i++) {
		unsigned int pm, exp;
		bool flr = !(specs[i].flags & SOFT_NO_FLR);
		bool by_pm = specs[i].flags & SOFT_PM_RESET;

		soft_config_init(&cfg, &specs[i]);
		pm = find_cap(PCI_CAP_ID_PM) + PCI_PM_CTRL;
		exp = find_cap(PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
		soft_config_set_ready(&cfg, true);
		if (!dirty() || soft_config_write(&cfg, exp, 2, PCI_EXP_DEVCTL_BCR_FLR) != flr)
			FAIL("spec %zu: FLR", i);
		if (rd(exp, 2) & PCI_EXP_DEVCTL_BCR_FLR || !rd(PCI_COMMAND, 2) != flr)
			FAIL("spec %zu: after FLR", i);
		if (!dirty() || soft_config_write(&cfg, pm, 2, 3) || rd(pm, 2) % 4 != 3)
			FAIL("spec %zu: D3hot", i);
		if (!!(rd(pm, 2) & PCI_PM_CTRL_NO_SOFT_RESET) == by_pm)
			FAIL("spec %zu: No_Soft_Reset", i);
		if (soft_config_write(&cfg, pm, 2, 0) != by_pm || !rd(PCI_COMMAND, 2) != by_pm)
			FAIL("spec %zu: D0", i);
		if (!cfg.ready)
			FAIL("spec %zu: readiness is not config space's", i);
	}
	return true;
}

static bool ready(void)
{
	unsigned int at;

	soft_config_init(&cfg, &specs[3]);
	at = find_ext(PCI_EXT_CAP_ID_DVSEC, 0x1e98, 0) + 0x1c;
	for (int on = 0; on < 4; on++) {
		soft_config_set_ready(&cfg, on % 2);
		if (rd(at, 4) != (on % 2 ? 3 : 0))
			FAIL("%#x", rd(at, 4));
		if (rd(at + 0x10, 4))
			FAIL("of a second range: %#x", rd(at + 0x10, 4));
	}
	return true;
}

static bool ranges(void)
{
	unsigned int at, exp;

	soft_config_init(&cfg, &specs[4]);
	soft_config_set_ready(&cfg, true);
	at = find_ext(PCI_EXT_CAP_ID_DVSEC, 0x1e98, 0);
	exp = find_cap(PCI_CAP_ID_EXP);
	if (rd(exp + PCI_EXP_FLAGS, 2) >> 4)
		FAIL("no endpoint");
	if (rd(at + 0xa, 2) != 0x24 || rd(at + 0xc, 2) != 4)
		FAIL("%#x %#x", rd(at + 0xa, 2), rd(at + 0xc, 2));
	if (rd(at + 0x18, 4) != 2 || rd(at + 0x1c, 4) != 0x30000003)
		FAIL("size %#x %#x", rd(at + 0x18, 4), rd(at + 0x1c, 4));
	if (rd(at + 0x20, 4) != 0x40 || rd(at + 0x24, 4) != 0x10000000)
		FAIL("base %#x %#x", rd(at + 0x20, 4), rd(at + 0x24, 4));
	if (rd(at + 0x28, 4) || rd(at + 0x2c, 4) != 0x10000003 || rd(at + 0x30, 4) != 0x50)
		FAIL("the second");
	/* Where it is can be written, and how large it is cannot */
	soft_config_write(&cfg, at + 0x24, 4, ~0U);
	soft_config_write(&cfg, at + 0x1c, 4, 0);
	soft_config_write(&cfg, at + 0xc, 2, 0);
	if (rd(at + 0x24, 4) != 0xf0000000 || rd(at + 0x1c, 4) != 0x30000003 || rd(at + 0xc, 2))
		FAIL("%#x %#x", rd(at + 0x24, 4), rd(at + 0x1c, 4));
	return true;
}

int main(void)
{
	printf("TAP version 13\n1..6\n");
	result("soft config: what the specification says is found", all_find());
	result("soft config: BARs tell their sizes", bar_sizes());
	result("soft config: any width, and nothing else is written", widths());
	result("soft config: FLR and D3hot", resets());
	result("soft config: readiness in the CXL DVSEC", ready());
	result("soft config: ranges of CXL memory", ranges());
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
