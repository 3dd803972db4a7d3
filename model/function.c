// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI function: its regions as VFIO numbers them, and what a reset does
 * to all of it. Memory BARs live in a memfd so that QEMU can map them; BARs with
 * registers are never mapped, or nobody would notice an access to those. All of
 * it is sparse: a BAR may be larger than the machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model.h"

static int bar_init(struct bar *bar, bool registers, __u64 size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	bar->size = size;
	if (!registers) {
		bar->fd = memfd_create("coherent-model-bar", MFD_CLOEXEC);
		if (bar->fd < 0 || ftruncate(bar->fd, size))
			return -errno;
		flags = MAP_SHARED | MAP_NORESERVE;
	}
	bar->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, bar->fd,
			   0);
	if (bar->memory == MAP_FAILED) {
		bar->memory = NULL;
		return -errno;
	}
	return 0;
}

/* On failure too, function_exit() puts back what there is. */
int function_init(struct function *fn, const struct model_options *opt)
{
	unsigned int i;
	int ret;

	memset(fn, 0, sizeof(*fn));
	fn->opt = opt;
	for (i = 0; i < FUNCTION_BARS; i++)
		fn->bar[i].fd = -1;
	for (i = 0; i < FUNCTION_BARS; i++) {
		if (!opt->bar_size[i])
			continue;
		ret = bar_init(&fn->bar[i], model_has_registers(opt, i), opt->bar_size[i]);
		if (ret) {
			fprintf(stderr, "coherent-model: BAR %u: %s\n", i,
				strerror(-ret));
			return ret;
		}
	}
	config_init(&fn->config, opt);
	cxl_init_bar(fn->bar[0].memory, opt);
	gpu_init(&fn->gpu, opt);
	return 0;
}

void function_exit(struct function *fn)
{
	unsigned int i;

	for (i = 0; i < FUNCTION_BARS; i++) {
		struct bar *bar = &fn->bar[i];

		if (bar->memory)
			munmap(bar->memory, bar->size);
		if (bar->fd >= 0)
			close(bar->fd);
	}
}

void function_reset(struct function *fn, enum reset_cause cause)
{
	__u8 before[PCI_CONFIG_BYTES];
	__u8 *registers = cxl_has_component(fn->opt) ? fn->bar[0].memory : NULL;

	memcpy(before, fn->config.bytes, sizeof(before));
	config_reset(&fn->config);
	if (cause != RESET_MESSAGE || fn->gpu.resets[RESET_MESSAGE])
		cxl_reset(&fn->config, before, registers, cause == RESET_MESSAGE);
	gpu_reset(&fn->gpu, cause);
}

__u64 function_region_size(const struct function *fn, __u32 region)
{
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		return PCI_CONFIG_BYTES;
	if (region < FUNCTION_BARS)
		return fn->bar[region].size;
	return 0;
}

static int check_access(const struct function *fn, __u32 region, __u64 offset,
			__u32 count)
{
	__u64 size = function_region_size(fn, region);

	if (offset > size || count > size - offset || !size)
		return -EINVAL;
	return 0;
}

/* How a driver polls is of interest to tests, wherever it polls. */
static void count_config_poll(struct function *fn, __u64 offset, __u32 count)
{
	__u64 reg = cxl_status_register(&fn->config);

	if (reg && offset <= reg && reg < offset + count)
		gpu_polled(&fn->gpu);
}

static void config_read(struct function *fn, __u64 offset, void *data,
			__u32 count)
{
	gpu_power_on(&fn->gpu);
	count_config_poll(fn, offset, count);
	if (gpu_link_is_down(&fn->gpu)) {
		memset(data, 0xff, count);
		return;
	}
	cxl_show_memory(&fn->config, gpu_info_valid(&fn->gpu), gpu_ready(&fn->gpu));
	memcpy(data, fn->config.bytes + offset, count);
}

int function_read(struct function *fn, __u32 region, __u64 offset, void *data,
		  __u32 count)
{
	int ret = check_access(fn, region, offset, count);

	if (ret)
		return ret;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX)
		config_read(fn, offset, data, count);
	else if (model_has_registers(fn->opt, region))
		gpu_read(&fn->gpu, region, &fn->bar[region], offset, data, count);
	else
		memcpy(data, fn->bar[region].memory + offset, count);
	return 0;
}

int function_write(struct function *fn, __u32 region, __u64 offset,
		   const void *data, __u32 count)
{
	int ret = check_access(fn, region, offset, count);

	if (ret)
		return ret;
	if (region == VFIO_PCI_CONFIG_REGION_INDEX) {
		int cause;

		gpu_power_on(&fn->gpu);
		if (gpu_link_is_down(&fn->gpu))
			return 0;
		cause = config_write(&fn->config, offset, data, count);
		if (cause == CONFIG_WAKES)
			gpu_wake(&fn->gpu);
		else if (cause >= 0)
			function_reset(fn, cause);
	} else if (model_has_registers(fn->opt, region)) {
		gpu_write(&fn->gpu, region, &fn->bar[region], offset, data, count);
	} else {
		memcpy(fn->bar[region].memory + offset, data, count);
	}
	return 0;
}
