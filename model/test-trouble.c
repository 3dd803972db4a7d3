// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be wrong with a function while it runs, for each model and each way of
 * showing readiness: each is chosen on its own, and ends when a test says so.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/wait.h>

#include "client.h"
#include "model.h"

#define LONG_MS		100000
#define CXL_VENDOR	0x1e98
#define CXL_SIZE_LOW	0x1c
#define CXL_VALID	0x1
#define CXL_ACTIVE	0x2

static const struct way {
	const char *model;
	const char *more;
	bool cxl;
} ways[] = {
	{ "--model=gh200", NULL, false },
	{ "--model=gb200", NULL, false },
	{ "--model=gb300", NULL, false },
	{ "--model=gb200", "--cxl", true },
	{ "--model=gb300", "--cxl", true },
};

static __u16 cxl_low(struct client *cl)
{
	return find_dvsec(cl, CXL_VENDOR, 0) + CXL_SIZE_LOW;
}

static bool shows_ready(struct client *cl, const struct way *way)
{
	const __u32 both = CXL_VALID | CXL_ACTIVE;

	if (!way->cxl)
		return is_ready(cl);
	return (client_get(cl, CONFIG, cxl_low(cl)) & both) == both;
}

static bool becomes_ready(struct client *cl, const struct way *way)
{
	__u64 limit = client_now_ms() + CLIENT_LIMIT_MS;

	while (!shows_ready(cl, way))
		if (client_now_ms() > limit)
			return false;
	return true;
}

/* One after the other, each alone: what one loses the other keeps */
static void lost_and_kept(struct client *cl, const struct way *way)
{
	client_put(cl, BAR0, TEST_RESET_READY, LONG_MS);
	power_cycle(cl);
	CHECK(shows_ready(cl, way));
	flr(cl);
	CHECK(!shows_ready(cl, way));
	client_put(cl, BAR0, TEST_RESET_READY, 0);
	flr(cl);
	CHECK(shows_ready(cl, way));

	client_put(cl, BAR0, TEST_WAKE_READY, LONG_MS);
	flr(cl);
	CHECK(shows_ready(cl, way));
	power_cycle(cl);
	CHECK(!shows_ready(cl, way));
	client_put(cl, BAR0, TEST_WAKE_READY, 0);
	client_put(cl, BAR0, TEST_READY, 0);
	CHECK(shows_ready(cl, way));
}

void test_ways(void)
{
	const struct way *way;
	struct client cl;

	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		__u64 start = client_now_ms();

		client_start(&cl, way->model, "--ready-ms=50", way->more, NULL);
		CHECK(becomes_ready(&cl, way));
		CHECK(client_now_ms() - start >= 49);
		lost_and_kept(&cl, way);
		if (way->cxl) {
			client_put(&cl, BAR0, TEST_WAKE_VALID, LONG_MS);
			power_cycle(&cl);
			CHECK(!(client_get(&cl, CONFIG, cxl_low(&cl)) &
				(CXL_VALID | CXL_ACTIVE)));
		}
		CHECK(client_finish(&cl));

		client_start(&cl, way->model, "--never-ready", way->more, NULL);
		CHECK(!shows_ready(&cl, way));
		flr(&cl);
		CHECK(!shows_ready(&cl, way));
		CHECK(client_finish(&cl));
	}
}

void test_link_down(void)
{
	const struct way *way;
	struct client cl;

	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		__u16 low;

		client_start(&cl, way->model, way->more, NULL);
		low = way->cxl ? cxl_low(&cl) : 0;
		put16(&cl, PCI_COMMAND, PCI_COMMAND_MEMORY);
		client_put(&cl, BAR0, TEST_SCRATCH, 1);
		client_put(&cl, BAR0, TEST_LINK_DOWN, TEST_NEVER);
		CHECK(client_get(&cl, CONFIG, PCI_VENDOR_ID) == ~0U);
		CHECK(client_get(&cl, CONFIG, 0x100) == ~0U);
		CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == ~0U);
		CHECK(client_get(&cl, BAR0, GPU_C2C_LINK) == ~0U);
		if (low)
			CHECK(client_get(&cl, CONFIG, low) == ~0U);
		CHECK(client_get(&cl, BAR0, TEST_LINK_DOWN) == ~0U);
		/* Nothing of this arrives */
		client_put(&cl, BAR0, TEST_SCRATCH, 2);
		put16(&cl, PCI_COMMAND, 0);
		client_put(&cl, BAR0, TEST_LINK_DOWN, 0);
		CHECK(get16(&cl, PCI_VENDOR_ID) == 0x10de);
		CHECK(get16(&cl, PCI_COMMAND) == PCI_COMMAND_MEMORY);
		CHECK(client_get(&cl, BAR0, TEST_SCRATCH) == 1);
		CHECK(!client_get(&cl, BAR0, TEST_RESETS));
		CHECK(client_get(&cl, BAR0, TEST_POLLS) == (low ? 2 : 1));
		CHECK(shows_ready(&cl, way));

		client_put(&cl, BAR0, TEST_LINK_DOWN, 50);
		CHECK(becomes(&cl, BAR0, TEST_MAGIC_REG, ~0U, TEST_MAGIC));
		client_put(&cl, BAR0, TEST_LINK_DOWN, TEST_NEVER);
		CHECK(!client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1));
		CHECK(client_get(&cl, BAR0, TEST_RESETS) == 1);
		CHECK(client_finish(&cl));
	}
}

void test_stall(void)
{
	const __u32 stall = 30;
	const struct way *way;
	struct client cl;
	__u64 start;

	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		__u16 low;

		client_start(&cl, way->model, way->more, NULL);
		low = way->cxl ? cxl_low(&cl) : 0;
		client_put(&cl, BAR0, TEST_STALL, stall);
		/* No look at readiness */
		CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == TEST_MAGIC);
		CHECK(get16(&cl, PCI_VENDOR_ID) == 0x10de);
		CHECK(!client_get(&cl, BAR0, TEST_STALLS));
		start = client_now_ms();
		client_get(&cl, low ? CONFIG : BAR0, low ?: GPU_C2C_LINK);
		CHECK(client_now_ms() - start >= stall - 1);
		CHECK(client_get(&cl, BAR0, TEST_STALLS) == 1);
		client_put(&cl, BAR0, TEST_STALL, 0);
		CHECK(shows_ready(&cl, way));
		CHECK(client_get(&cl, BAR0, TEST_STALLS) == 1);
		CHECK(client_finish(&cl));
	}
}

static bool has_vanished(struct client *cl)
{
	int status = client_stop(cl);

	return WIFEXITED(status) && WEXITSTATUS(status) == MODEL_VANISHED;
}

void test_vanish(void)
{
	const struct way *way;
	struct client cl;
	__u32 word;

	for (way = ways; way < ways + ARRAY_SIZE(ways); way++) {
		__u16 low;

		client_start(&cl, way->model, way->more, NULL);
		client_put(&cl, BAR0, TEST_VANISH, VANISH_NOW);
		CHECK(client_read(&cl, BAR0, TEST_MAGIC_REG, &word, 4) == -EPROTO);
		CHECK(has_vanished(&cl));

		client_start(&cl, way->model, way->more, NULL);
		low = way->cxl ? cxl_low(&cl) : 0;
		client_put(&cl, BAR0, TEST_VANISH, VANISH_WHEN_ASKED);
		CHECK(client_get(&cl, BAR0, TEST_MAGIC_REG) == TEST_MAGIC);
		CHECK(client_read(&cl, low ? CONFIG : BAR0, low ?: GPU_C2C_LINK,
				  &word, 4) == -EPROTO);
		CHECK(has_vanished(&cl));
	}
}
