// SPDX-License-Identifier: GPL-2.0-only
/* Options, the socket, and the life of the process. See model.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "model.h"
#include "wire.h"

#define MIN_BAR		4096ULL		/* what can be mapped */
#define MAX_BAR		(64ULL << 40)

static const struct model_kind kinds[] = {
	{ "gh200", 0x10de, 0x2342, 0x030200, false, true },
	{ "gb200", 0x10de, 0x2941, 0x030200, true, true },
	{ "gb300", 0x10de, 0x31c2, 0x030200, true, true },
	{ "plain", 0x1af4, 0x10f0, 0x120000, false, false },
};

enum {
	OPT_SOCKET, OPT_MODEL, OPT_VENDOR, OPT_DEVICE, OPT_BAR0, OPT_BAR2,
	OPT_BAR4, OPT_CXL, OPT_CXL_TIMEOUT, OPT_CXL_VALID, OPT_READY,
	OPT_RESET_READY, OPT_WAKE_READY, OPT_AFTER_RESETS, OPT_NEVER, OPT_STUCK,
	OPT_NO_FLR, OPT_NO_RESET, OPT_BROKEN, OPT_SCRATCH,
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
	{ }
};

static noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "coherent-model: %s: %s\n", what, why);
	exit(2);
}

const struct model_kind *model_find(const char *name)
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
	default:	/* getopt has already said what is wrong */
		exit(2);
	}
}

static void parse_options(struct model_options *opt, int argc, char **argv)
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
}

/*
 * Bound elsewhere and renamed when it listens: who sees the path can connect.
 */
static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int len = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s.%d", path,
			   (int)getpid());
	int sock;

	if (len < 0 || (size_t)len >= sizeof(addr.sun_path))
		die(path, "too long for a socket");
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		die("socket", strerror(errno));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die(path, strerror(errno));
	if (listen(sock, 1) || rename(addr.sun_path, path)) {
		unlink(addr.sun_path);
		die(path, strerror(errno));
	}
	return sock;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* SIGTERM and SIGINT may come at any time, but are let in only in here. */
static int accept_one(int sock)
{
	struct pollfd poll_sock = { .fd = sock, .events = POLLIN };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t stop, before;
	int ret;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, &before);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	ret = ppoll(&poll_sock, 1, NULL, &before);
	if (ret > 0)
		ret = accept4(sock, NULL, NULL, SOCK_CLOEXEC);

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

int main(int argc, char **argv)
{
	struct model_options opt = {
		.bar_size = { [0] = 16 << 20, [2] = 64 << 20 },
		.flr = true,
	};
	struct function fn;
	int sock, peer, ret;

	parse_options(&opt, argc, argv);
	if (function_init(&fn, &opt)) {
		function_exit(&fn);
		return 1;
	}
	sock = listen_at(opt.socket);
	peer = accept_one(sock);
	/* The only one: nobody else should find it, now or afterwards. */
	unlink(opt.socket);
	close(sock);
	ret = peer < 0 ? 0 : protocol_serve(&fn, peer);
	if (fn.gpu.vanish == VANISH_NOW)
		exit(MODEL_VANISHED);
	if (ret)
		fprintf(stderr, "coherent-model: %s\n", strerror(-ret));
	function_exit(&fn);
	return ret ? 1 : 0;
}
