// SPDX-License-Identifier: GPL-2.0-only
/* The socket, and the life of the process. See model.h. */
#define _GNU_SOURCE
#include <errno.h>
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

static noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "coherent-model: %s: %s\n", what, why);
	exit(2);
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
		.cxl_cap = MODEL_NO_CXL_CAP,
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
