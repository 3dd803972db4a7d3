// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the function's memory is ready, and the registers of BAR 0 that show
 * it and let a test steer it. Readiness is a point in time and not a timer:
 * whoever looks compares it with the clock, so nothing has to run in between.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"
#include "wire.h"

/* What the registers say before they are ready: not zero, not the same. */
#define C2C_LINK_TRAINING	0x7fU
#define HBM_IN_TRAINING		0x01U

#define AT_NEVER		(~(__u64)0)

static const __u32 test_regs[] = {
	TEST_MAGIC_REG, TEST_RESETS, TEST_SCRATCH, TEST_RESET_READY,
	TEST_READY, TEST_FLRS, TEST_MESSAGES, TEST_PM_RESETS, TEST_VALID,
	TEST_POLLS, TEST_NEED_RESETS, TEST_RESET_VALID, TEST_WAKE_READY,
	TEST_WAKES, TEST_DMA, TEST_DMA_IOVA_LOW, TEST_DMA_IOVA_HIGH,
	TEST_DMA_LENGTH, TEST_LINK_DOWN, TEST_STALL, TEST_STALLS,
	TEST_WAKE_VALID, TEST_VANISH,
};

static const __u32 status_regs[] = { GPU_C2C_LINK, GPU_HBM_TRAINING };

static __u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static __u64 in_ms(__u32 ms)
{
	return ms == TEST_NEVER ? AT_NEVER : now_ms() + ms;
}

static __u32 ms_left(__u64 at)
{
	__u64 now = now_ms();

	if (at == AT_NEVER)
		return TEST_NEVER;
	return at > now ? at - now : 0;
}

void gpu_init(struct gpu *gpu, const struct model_options *opt)
{
	memset(gpu, 0, sizeof(*gpu));
	gpu->opt = opt;
	gpu->reset_ready_ms = opt->reset_ready_ms;
	gpu->reset_valid_ms = opt->valid_ms;
	gpu->wake_ready_ms = opt->wake_ready_ms;
	gpu->need_resets = opt->ready_after_resets;
}

/* The clock of --ready-ms starts once, when somebody first looks. */
void gpu_power_on(struct gpu *gpu)
{
	if (gpu->powered)
		return;
	gpu->powered = true;
	gpu->power_on_until = in_ms(gpu->opt->ready_ms);
	gpu->ready_at = gpu->power_on_until;
	gpu->valid_at = in_ms(gpu->opt->valid_ms);
}

static __u64 later(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/*
 * A reset begins the wait anew, whatever was waited for before it, but for the
 * one at power-on: the machine resets everything right after it was switched
 * on, and --ready-ms has to outlive that.
 */
void gpu_reset(struct gpu *gpu, enum reset_cause cause)
{
	gpu_power_on(gpu);
	if (cause == RESET_MESSAGE)
		gpu->link_up_at = 0;
	gpu->resets[cause]++;
	if (gpu->need_resets)
		gpu->need_resets--;
	gpu->ready_at = later(gpu->power_on_until, in_ms(gpu->reset_ready_ms));
	gpu->valid_at = in_ms(gpu->reset_valid_ms);
	memset(&gpu->dma, 0, sizeof(gpu->dma));
	if (!gpu->opt->scratch_survives)
		gpu->scratch = 0;
}

/* From D3hot to D0: nothing is reset, but the link to the memory is trained anew */
void gpu_wake(struct gpu *gpu)
{
	gpu->wakes++;
	if (gpu->wake_ready_ms)
		gpu->ready_at = in_ms(gpu->wake_ready_ms);
	if (gpu->wake_valid_ms)
		gpu->valid_at = in_ms(gpu->wake_valid_ms);
}

bool gpu_ready(const struct gpu *gpu)
{
	return gpu->powered && !gpu->need_resets && !ms_left(gpu->ready_at);
}

bool gpu_info_valid(const struct gpu *gpu)
{
	return gpu->powered && !ms_left(gpu->valid_at);
}

bool gpu_link_is_down(const struct gpu *gpu)
{
	return ms_left(gpu->link_up_at);
}

/* Nobody else is served meanwhile: neither would the CPU be that waits for it */
void gpu_polled(struct gpu *gpu)
{
	struct timespec left = {
		.tv_sec = gpu->stall_ms / 1000,
		.tv_nsec = gpu->stall_ms % 1000 * 1000000L,
	};

	if (gpu->vanish == VANISH_WHEN_ASKED)
		exit(MODEL_VANISHED);
	gpu->polls++;
	if (!gpu->stall_ms)
		return;
	gpu->stalls++;
	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static __u32 status_read(struct gpu *gpu, __u32 reg, __u32 training)
{
	gpu_polled(gpu);
	if (cxl_tells(gpu->opt) || gpu->opt->stuck == reg || !gpu_ready(gpu))
		return training;
	return GPU_STATUS_READY;
}

static __u32 reg_read(struct gpu *gpu, __u32 reg)
{
	switch (reg) {
	case TEST_MAGIC_REG:
		return TEST_MAGIC;
	case TEST_RESETS:
		return gpu->resets[RESET_FLR] + gpu->resets[RESET_MESSAGE] +
		       gpu->resets[RESET_PM];
	case TEST_SCRATCH:
		return gpu->scratch;
	case TEST_RESET_READY:
		return gpu->reset_ready_ms;
	case TEST_READY:
		return ms_left(gpu->ready_at);
	case TEST_FLRS:
		return gpu->resets[RESET_FLR];
	case TEST_MESSAGES:
		return gpu->resets[RESET_MESSAGE];
	case TEST_PM_RESETS:
		return gpu->resets[RESET_PM];
	case TEST_VALID:
		return ms_left(gpu->valid_at);
	case TEST_POLLS:
		return gpu->polls;
	case TEST_NEED_RESETS:
		return gpu->need_resets;
	case TEST_RESET_VALID:
		return gpu->reset_valid_ms;
	case TEST_WAKE_READY:
		return gpu->wake_ready_ms;
	case TEST_WAKES:
		return gpu->wakes;
	case TEST_DMA:
		return gpu->dma.status;
	case TEST_DMA_IOVA_LOW:
		return gpu->dma.iova;
	case TEST_DMA_IOVA_HIGH:
		return gpu->dma.iova >> 32;
	case TEST_DMA_LENGTH:
		return gpu->dma.length;
	case TEST_LINK_DOWN:
		return ms_left(gpu->link_up_at);
	case TEST_STALL:
		return gpu->stall_ms;
	case TEST_STALLS:
		return gpu->stalls;
	case TEST_WAKE_VALID:
		return gpu->wake_valid_ms;
	case GPU_C2C_LINK:
		return status_read(gpu, reg, C2C_LINK_TRAINING);
	case GPU_HBM_TRAINING:
		return status_read(gpu, reg, HBM_IN_TRAINING);
	}
	return 0;
}

static void reg_write(struct gpu *gpu, __u32 reg, __u32 value)
{
	switch (reg) {
	case TEST_SCRATCH:
		gpu->scratch = value;
		break;
	case TEST_RESET_READY:
		gpu->reset_ready_ms = value;
		break;
	case TEST_READY:
		gpu->ready_at = in_ms(value);
		gpu->power_on_until = 0;
		break;
	case TEST_VALID:
		gpu->valid_at = in_ms(value);
		break;
	case TEST_NEED_RESETS:
		gpu->need_resets = value;
		break;
	case TEST_RESET_VALID:
		gpu->reset_valid_ms = value;
		break;
	case TEST_WAKE_READY:
		gpu->wake_ready_ms = value;
		break;
	case TEST_DMA:
		dma_start(&gpu->dma, value);
		break;
	case TEST_DMA_IOVA_LOW:
		gpu->dma.iova = (gpu->dma.iova & ~0xffffffffULL) | value;
		break;
	case TEST_DMA_IOVA_HIGH:
		gpu->dma.iova = (gpu->dma.iova & 0xffffffffULL) |
				(__u64)value << 32;
		break;
	case TEST_DMA_LENGTH:
		gpu->dma.length = value;
		break;
	case TEST_LINK_DOWN:
		gpu->link_up_at = value ? in_ms(value) : 0;
		break;
	case TEST_STALL:
		gpu->stall_ms = value;
		break;
	case TEST_WAKE_VALID:
		gpu->wake_valid_ms = value;
		break;
	case TEST_VANISH:
		gpu->vanish = value;
		break;
	}
}

/* An access to BAR 0, and how much of a register it covers. */
struct access {
	__u64 offset;
	size_t count;
};

struct overlap {
	size_t in_access;
	size_t in_reg;
	size_t count;
};

static bool covers(const struct access *acc, __u64 reg, struct overlap *over)
{
	__u64 from = later(acc->offset, reg);
	__u64 to = acc->offset + acc->count;

	if (to > reg + sizeof(__u32))
		to = reg + sizeof(__u32);
	if (from >= to)
		return false;
	over->in_access = from - acc->offset;
	over->in_reg = from - reg;
	over->count = to - from;
	return true;
}

static void show(const struct access *acc, __u64 at, __u32 reg_value, __u8 *data)
{
	struct overlap over;
	__le32 value = htole32(reg_value);

	if (covers(acc, at, &over))
		memcpy(data + over.in_access, (__u8 *)&value + over.in_reg, over.count);
}

/* @at: where in BAR 0 the register @reg is; reading some has effects */
static void overlay_read(struct gpu *gpu, const struct access *acc, __u64 at, __u32 reg,
			 __u8 *data)
{
	struct overlap over;

	if (covers(acc, at, &over))
		show(acc, at, reg_read(gpu, reg), data);
}

/* Some count down as one reads them, so part of them cannot be kept. */
static void overlay_write(struct gpu *gpu, const struct access *acc, __u32 reg,
			  const __u8 *data)
{
	struct overlap over;
	__le32 value = 0;

	if (!covers(acc, gpu->opt->test_block + reg, &over))
		return;
	if (over.count != sizeof(value) && reg != TEST_READY &&
	    reg != TEST_VALID && reg != TEST_LINK_DOWN)
		value = htole32(reg_read(gpu, reg));
	memcpy((__u8 *)&value + over.in_reg, data + over.in_access, over.count);
	reg_write(gpu, reg, le32toh(value));
}

bool model_has_registers(const struct model_options *opt, unsigned int bar)
{
	unsigned int i;

	for (i = 0; i < opt->nr_registers; i++)
		if (opt->registers[i].bar == bar)
			return true;
	return !bar;
}

/* What is described tells readiness, each register alone; without @data it was looked at in vain */
static void described_read(struct gpu *gpu, unsigned int index, const struct access *acc,
			   __u8 *data)
{
	struct overlap over;
	unsigned int i;

	for (i = 0; i < gpu->opt->nr_registers; i++) {
		const struct model_register *reg = &gpu->opt->registers[i];

		if (reg->bar != index || !covers(acc, reg->offset, &over))
			continue;
		if (!data) {
			gpu->polls++;
			continue;
		}
		gpu_polled(gpu);
		show(acc, reg->offset, gpu_ready(gpu) ? reg->ready : reg->before, data);
	}
}

void gpu_read(struct gpu *gpu, unsigned int index, const struct bar *bar, __u64 offset,
	      void *data, size_t count)
{
	const struct access acc = { offset, count };
	struct overlap over;
	size_t i;

	gpu_power_on(gpu);
	if (gpu->opt->broken) {
		memset(data, 0xff, count);
		return;
	}
	if (gpu_link_is_down(gpu)) {
		/* Who looked in vain has looked */
		for (i = 0; !index && i < ARRAY_SIZE(status_regs); i++)
			gpu->polls += covers(&acc, status_regs[i], &over);
		described_read(gpu, index, &acc, NULL);
		memset(data, 0xff, count);
		return;
	}
	memcpy(data, bar->memory + offset, count);
	described_read(gpu, index, &acc, data);
	if (index)
		return;
	for (i = 0; i < ARRAY_SIZE(test_regs); i++)
		overlay_read(gpu, &acc, gpu->opt->test_block + test_regs[i], test_regs[i], data);
	if (!gpu->opt->kind->status_regs)
		return;
	for (i = 0; i < ARRAY_SIZE(status_regs); i++)
		overlay_read(gpu, &acc, status_regs[i], status_regs[i], data);
}

void gpu_write(struct gpu *gpu, unsigned int index, const struct bar *bar, __u64 offset,
	       const void *data, size_t count)
{
	const struct access acc = { offset, count };
	size_t i;

	gpu_power_on(gpu);
	if (gpu->opt->broken)
		return;
	if (gpu_link_is_down(gpu)) {
		if (!index)
			overlay_write(gpu, &acc, TEST_LINK_DOWN, data);
		return;
	}
	memcpy(bar->memory + offset, data, count);
	for (i = 0; !index && i < ARRAY_SIZE(test_regs); i++)
		overlay_write(gpu, &acc, test_regs[i], data);
}
