// SPDX-License-Identifier: GPL-2.0-only
/* Options: model.h lists them. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>

#include "model.h"
#include "wire.h"

#define MIN_BAR		4096ULL		/* what can be mapped */
#define MAX_BAR		(64ULL << 40)
#define CXL_UNIT	(256ULL << 20)

static const struct model_kind kinds[] = {
	{ "gh200", 0x10de, 0x2342, 0x030200, false, true },
	{ "gb200", 0x10de, 0x2941, 0x030200, true, true },
	{ "gb300", 0x10de, 0x31c2, 0x030200, true, true },
	{ "plain", 0x1af4, 0x10f0, 0x120000, false, false },
	{ "described", 0, 0, 0x120000, false, false },
};

enum {
	OPT_SOCKET, OPT_MODEL, OPT_VENDOR, OPT_DEVICE, OPT_BAR0, OPT_BAR2,
	OPT_BAR4, OPT_CXL, OPT_CXL_TIMEOUT, OPT_CXL_VALID, OPT_READY,
	OPT_RESET_READY, OPT_WAKE_READY, OPT_AFTER_RESETS, OPT_NEVER, OPT_STUCK,
	OPT_NO_FLR, OPT_NO_RESET, OPT_BROKEN, OPT_SCRATCH, OPT_CLASS,
	OPT_DVSEC, OPT_REGISTER, OPT_TEST_BLOCK, OPT_CXL_RANGE, OPT_CXL_DECODER,
	OPT_CXL_DISABLED, OPT_CXL_CAP, OPT_CXL_MEDIA,
};

static const struct option option_names[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "model", required_argument, NULL, OPT_MODEL },
	{ "vendor-id", required_argument, NULL, OPT_VENDOR },
	{ "device-id", required_argument, NULL, OPT_DEVICE },
	{ "bar0", required_argument, NULL, OPT_BAR0 },
	{ "bar2", required_argument, NULL, OPT_BAR2 },
	{ "bar4", required_argument, NULL, OPT_BAR4 },
	{ "cxl", no_argument, NULL, OPT_CXL },
	{ "cxl-active-timeout", required_argument, NULL, OPT_CXL_TIMEOUT },
	{ "cxl-valid-ms", required_argument, NULL, OPT_CXL_VALID },
	{ "ready-ms", required_argument, NULL, OPT_READY },
	{ "reset-ready-ms", required_argument, NULL, OPT_RESET_READY },
	{ "wake-ready-ms", required_argument, NULL, OPT_WAKE_READY },
	{ "ready-after-resets", required_argument, NULL, OPT_AFTER_RESETS },
	{ "never-ready", no_argument, NULL, OPT_NEVER },
	{ "stuck", required_argument, NULL, OPT_STUCK },
	{ "no-flr", no_argument, NULL, OPT_NO_FLR },
	{ "no-reset", no_argument, NULL, OPT_NO_RESET },
	{ "broken", no_argument, NULL, OPT_BROKEN },
	{ "scratch-survives-reset", no_argument, NULL, OPT_SCRATCH },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "dvsec", required_argument, NULL, OPT_DVSEC },
	{ "register", required_argument, NULL, OPT_REGISTER },
	{ "test-block", required_argument, NULL, OPT_TEST_BLOCK },
	{ "cxl-range", required_argument, NULL, OPT_CXL_RANGE },
	{ "cxl-decoder", required_argument, NULL, OPT_CXL_DECODER },
	{ "cxl-disabled", no_argument, NULL, OPT_CXL_DISABLED },
	{ "cxl-cap", required_argument, NULL, OPT_CXL_CAP },
	{ "cxl-media", required_argument, NULL, OPT_CXL_MEDIA },
	{ }
};

static noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "coherent-model: %s: %s\n", what, why);
	exit(2);
}

static const struct model_kind *model_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static __u64 parse_number(const char *text, __u64 max)
{
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value > max)
		die(text, "not a number, or too large a one");
	return value;
}

static __u32 parse_ms(const char *text)
{
	if (!strcmp(text, "never"))
		return TEST_NEVER;
	return parse_number(text, TEST_NEVER - 1);
}

static __u64 parse_size(const char *text)
{
	static const char units[] = "KMGT";
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (!errno && end != text && *end && strchr(units, *end) && !end[1] &&
	    value <= MAX_BAR) {
		value <<= 10 * (strchr(units, *end) - units + 1);
		end++;
	}
	if (errno || end == text || *end || *text == '-' ||
	    (value && (value < MIN_BAR || value > MAX_BAR ||
		       value & (value - 1))))
		die(text, "neither 0 nor a power of two from 4K to 64T");
	return value;
}

static __u32 parse_stuck(const char *text)
{
	if (!strcmp(text, "c2c"))
		return GPU_C2C_LINK;
	if (!strcmp(text, "hbm"))
		return GPU_HBM_TRAINING;
	die(text, "not a readiness register");
}

/* A number up to a colon, or to the end; @text goes behind it */
static __u64 parse_field(const char **text, const char *all, __u64 max)
{
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(*text, &end, 0);
	if (errno || end == *text || (*end && *end != ':') || **text == '-' || value > max)
		die(all, "not numbers with colons between them, or too large ones");
	*text = *end ? end + 1 : end;
	return value;
}

static void parse_register(struct model_options *opt, const char *text)
{
	struct model_register *reg = &opt->registers[opt->nr_registers];
	const char *rest = text;

	if (opt->nr_registers++ == MODEL_REGISTERS)
		die(text, "too many registers");
	reg->bar = parse_field(&rest, text, FUNCTION_BARS - 1);
	reg->offset = parse_field(&rest, text, ~0U);
	reg->before = parse_field(&rest, text, ~0U);
	reg->ready = parse_field(&rest, text, ~0U);
	if (*rest || reg->bar % 2 || reg->offset % 4)
		die(text, "not BAR:OFFSET:BEFORE:READY");
}

static void parse_dvsec(struct model_options *opt, const char *text)
{
	struct model_dvsec *dvsec = &opt->dvsecs[opt->nr_dvsecs];
	const char *rest = text;
	int n;

	if (opt->nr_dvsecs++ == MODEL_DVSECS)
		die(text, "too many DVSECs");
	dvsec->vendor = parse_field(&rest, text, 0xffff);
	dvsec->id = parse_field(&rest, text, 0xffff);
	dvsec->revision = parse_field(&rest, text, 0xf);
	while (sscanf(rest, "%2hhx%n", &dvsec->data[dvsec->length], &n) == 1 && n == 2) {
		rest += n;
		if (++dvsec->length == DVSEC_BYTES)
			break;
	}
	if (*rest)
		die(text, "not VENDOR:ID:REVISION:HEX, or too long");
}

/* BASE+SIZE[:WAYS], the last where @max_ways is not 0 */
static struct model_cxl_memory parse_cxl(const char *text, __u64 max_ways)
{
	struct model_cxl_memory memory = { };
	char *end;

	errno = 0;
	memory.base = strtoull(text, &end, 0);
	if (end != text && *end == '+')
		memory.size = strtoull(end + 1, &end, 0);
	if (!errno && max_ways && *end == ':')
		memory.ways = strtoull(end + 1, &end, 0);
	if (errno || *end || *text == '-' || memory.ways > max_ways ||
	    (memory.base | memory.size) & (CXL_UNIT - 1))
		die(text, "not BASE+SIZE in multiples of 256M");
	return memory;
}

static void add_cxl(struct model_cxl_memory *list, unsigned int *nr, unsigned int most,
		    struct model_cxl_memory memory)
{
	if (*nr == most)
		die("--cxl-range or --cxl-decoder", "too many");
	list[(*nr)++] = memory;
}

static void set_option(struct model_options *opt, int which, const char *arg)
{
	switch (which) {
	case OPT_SOCKET:
		opt->socket = arg;
		break;
	case OPT_MODEL:
		opt->kind = model_find(arg);
		if (!opt->kind)
			die(arg, "no such model");
		break;
	case OPT_VENDOR:
		opt->vendor = parse_number(arg, 0xffff);
		break;
	case OPT_DEVICE:
		opt->device = parse_number(arg, 0xffff);
		break;
	case OPT_BAR0:
	case OPT_BAR2:
	case OPT_BAR4:
		opt->bar_size[2 * (which - OPT_BAR0)] = parse_size(arg);
		break;
	case OPT_CXL:
		opt->cxl = true;
		break;
	case OPT_CXL_RANGE:
		add_cxl(opt->cxl_ranges, &opt->nr_cxl_ranges, MODEL_CXL_RANGES,
			parse_cxl(arg, 0));
		break;
	case OPT_CXL_DECODER:
		add_cxl(opt->cxl_decoders, &opt->nr_cxl_decoders, MODEL_CXL_DECODERS,
			parse_cxl(arg, 0xf));
		break;
	case OPT_CXL_DISABLED:
		opt->cxl_disabled = true;
		break;
	case OPT_CXL_CAP:
		opt->cxl_cap = parse_number(arg, 0xffff);
		break;
	case OPT_CXL_MEDIA:
		opt->cxl_media = parse_number(arg, 3);
		break;
	case OPT_CXL_TIMEOUT:
		opt->active_timeout = parse_number(arg, 7);
		break;
	case OPT_CXL_VALID:
		opt->valid_ms = parse_ms(arg);
		break;
	case OPT_READY:
		opt->ready_ms = parse_ms(arg);
		break;
	case OPT_RESET_READY:
		opt->reset_ready_ms = parse_ms(arg);
		break;
	case OPT_WAKE_READY:
		opt->wake_ready_ms = parse_ms(arg);
		break;
	case OPT_AFTER_RESETS:
		opt->ready_after_resets = parse_number(arg, 1000000);
		break;
	case OPT_NEVER:
		opt->ready_ms = TEST_NEVER;
		opt->reset_ready_ms = TEST_NEVER;
		break;
	case OPT_STUCK:
		opt->stuck = parse_stuck(arg);
		break;
	case OPT_NO_FLR:
		opt->flr = false;
		opt->pm_reset = true;
		break;
	case OPT_NO_RESET:
		opt->flr = false;
		opt->pm_reset = false;
		break;
	case OPT_BROKEN:
		opt->broken = true;
		break;
	case OPT_SCRATCH:
		opt->scratch_survives = true;
		break;
	case OPT_CLASS:
		opt->class = parse_number(arg, 0xffffff);
		break;
	case OPT_DVSEC:
		parse_dvsec(opt, arg);
		break;
	case OPT_REGISTER:
		parse_register(opt, arg);
		break;
	case OPT_TEST_BLOCK:
		opt->test_block = parse_number(arg, MAX_BAR);
		break;
	default:	/* getopt has already said what is wrong */
		exit(2);
	}
}

/* Each register is in a BAR that is there */
static void check_registers(const struct model_options *opt)
{
	unsigned int i;

	for (i = 0; i < opt->nr_registers; i++)
		if (opt->registers[i].offset + 4ULL > opt->bar_size[opt->registers[i].bar])
			die("--register", "beyond the end of its BAR");
	if (cxl_has_component(opt) && opt->bar_size[0] < 2 * MODEL_CXL_COMPONENT)
		die("--bar0", "too small for CXL's registers");
	if (opt->bar_size[0] && opt->test_block + 0x1000 > opt->bar_size[0])
		die("--test-block", "beyond the end of BAR 0");
}

void parse_options(struct model_options *opt, int argc, char **argv)
{
	int which;

	while ((which = getopt_long(argc, argv, "", option_names, NULL)) != -1)
		set_option(opt, which, optarg);
	if (optind < argc)
		die(argv[optind], "not an option");
	if (!opt->socket || !opt->kind)
		die(argv[0], "--socket=PATH and --model=NAME are needed");
	if (!opt->vendor)
		opt->vendor = opt->kind->vendor;
	if (!opt->device)
		opt->device = opt->kind->device;
	if (!opt->class)
		opt->class = opt->kind->class;
	if (!opt->vendor || !opt->device)
		die(opt->kind->name, "--vendor-id= and --device-id= are needed");
	check_registers(opt);
}
