// SPDX-License-Identifier: GPL-2.0-only
/* See client.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define MAX_OPTIONS 16

const char *client_model;

static noreturn void give_up(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

__u64 client_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void spawn(struct client *cl, char *const *argv)
{
	cl->pid = fork();
	if (cl->pid < 0)
		give_up("fork");
	if (cl->pid)
		return;
	execv(client_model, argv);
	perror(client_model);
	_exit(127);
}

/*
 * The socket is moved to its path and not made there; being told of the move
 * is the only wait there should have to be.
 */
static int spawn_and_connect(struct client *cl, char *const *argv)
{
	int watch = inotify_init1(IN_CLOEXEC);
	struct pollfd moved = { .fd = watch, .events = POLLIN };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (watch < 0 || sock < 0 ||
	    inotify_add_watch(watch, cl->dir, IN_MOVED_TO) < 0)
		give_up(cl->dir);
	spawn(cl, argv);
	if (poll(&moved, 1, CLIENT_LIMIT_MS) != 1)
		give_up("the model's socket did not appear");
	close(watch);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", cl->path);
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		give_up(cl->path);
	return sock;
}

static void start(struct client *cl, const char *option, va_list args)
{
	struct timeval limit = { .tv_sec = CLIENT_LIMIT_MS / 1000 };
	char *argv[MAX_OPTIONS + 3] = { NULL };
	char where[80];
	unsigned int argc = 0;
	int sock;

	memset(cl, 0, sizeof(*cl));
	snprintf(cl->dir, sizeof(cl->dir), "/tmp/coherent-model-XXXXXX");
	if (!mkdtemp(cl->dir))
		give_up(cl->dir);
	snprintf(cl->path, sizeof(cl->path), "%s/socket", cl->dir);
	snprintf(where, sizeof(where), "--socket=%s", cl->path);
	argv[argc++] = (char *)client_model;
	argv[argc++] = where;
	for (; option && argc < MAX_OPTIONS + 2; option = va_arg(args, char *))
		argv[argc++] = (char *)option;

	sock = spawn_and_connect(cl, argv);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (channel_init(&cl->chan, sock))
		give_up("memory");
}

void client_connect(struct client *cl, const char *option, ...)
{
	va_list args;

	va_start(args, option);
	start(cl, option, args);
	va_end(args);
}

void client_start(struct client *cl, const char *option, ...)
{
	static const char text[] =
		"{\"capabilities\":{\"max_msg_fds\":8,\"write_multiple\":true}}";
	va_list args;

	va_start(args, option);
	start(cl, option, args);
	va_end(args);
	CHECK(!client_version(cl, 0, text, sizeof(text)));
}

int client_stop(struct client *cl)
{
	int status = -1;

	message_close_fds(&cl->reply);
	channel_exit(&cl->chan);
	/* The alarm of main() is the limit. */
	if (waitpid(cl->pid, &status, 0) != cl->pid)
		give_up("waitpid");
	unlink(cl->path);
	rmdir(cl->dir);
	return status;
}

bool client_finish(struct client *cl)
{
	int status = client_stop(cl);

	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int client_send(struct client *cl, __u16 command, __u32 flags,
		const void *payload, size_t length, int fd)
{
	struct wire_header header = {
		.id = ++cl->id,
		.command = command,
		.size = sizeof(header) + length,
		.flags = flags,
	};

	if (length)
		memmove(channel_payload(&cl->chan), payload, length);
	return channel_send(&cl->chan, &header, length, fd);
}

int client_receive(struct client *cl)
{
	message_close_fds(&cl->reply);
	return channel_receive(&cl->chan, &cl->reply);
}

int client_call(struct client *cl, __u16 command, const void *payload,
		size_t length, int fd)
{
	const struct wire_header *header = &cl->reply.header;

	if (client_send(cl, command, WIRE_TYPE_COMMAND, payload, length, fd) ||
	    client_receive(cl) != 1)
		return -EPROTO;
	if (header->id != cl->id || header->command != command ||
	    (header->flags & WIRE_TYPE_MASK) != WIRE_TYPE_REPLY)
		return -EPROTO;
	if (header->flags & WIRE_ERROR)
		return cl->reply.length ? -EPROTO : -(int)header->error;
	return 0;
}

int client_version(struct client *cl, __u16 major, const char *text,
		   size_t length)
{
	struct wire_version version = { .major = major, .minor = 1 };
	char buf[1024];

	memcpy(buf, &version, sizeof(version));
	memcpy(buf + sizeof(version), text, length);
	return client_call(cl, WIRE_VERSION, buf, sizeof(version) + length, -1);
}

int client_read(struct client *cl, __u32 region, __u64 offset, void *data,
		__u32 count)
{
	struct wire_region_io io = { offset, region, count };
	int ret = client_call(cl, WIRE_REGION_READ, &io, sizeof(io), -1);

	if (ret)
		return ret;
	if (cl->reply.length != sizeof(io) + count ||
	    memcmp(cl->reply.payload, &io, sizeof(io)))
		return -EPROTO;
	memcpy(data, (const __u8 *)cl->reply.payload + sizeof(io), count);
	return 0;
}

int client_write(struct client *cl, __u32 region, __u64 offset,
		 const void *data, __u32 count)
{
	struct wire_region_io io = { offset, region, count };
	__u8 *payload = channel_payload(&cl->chan);

	memcpy(payload, &io, sizeof(io));
	memcpy(payload + sizeof(io), data, count);
	return client_call(cl, WIRE_REGION_WRITE, payload, sizeof(io) + count,
			   -1);
}

__u32 client_get(struct client *cl, __u32 region, __u64 offset)
{
	__u32 value = 0;

	CHECK(!client_read(cl, region, offset, &value, sizeof(value)));
	return value;
}

void client_put(struct client *cl, __u32 region, __u64 offset, __u32 value)
{
	CHECK(!client_write(cl, region, offset, &value, sizeof(value)));
}
