// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framing: from a stream of bytes, with file descriptors riding on it, to
 * messages and back. Used by the model and by the client that tests it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "channel.h"

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))];
};

int channel_init(struct channel *chan, int sock)
{
	chan->sock = sock;
	chan->in = malloc(WIRE_MAX_MESSAGE);
	chan->out = malloc(WIRE_MAX_MESSAGE);
	return chan->in && chan->out ? 0 : -ENOMEM;
}

void channel_exit(struct channel *chan)
{
	free(chan->in);
	free(chan->out);
	close(chan->sock);
}

void *channel_payload(struct channel *chan)
{
	return chan->out + sizeof(struct wire_header);
}

void message_close_fds(struct message *msg)
{
	while (msg->nr_fds)
		close(msg->fds[--msg->nr_fds]);
}

static void take_fds(struct message *msg, struct msghdr *hdr)
{
	struct cmsghdr *cmsg;

	if (hdr->msg_flags & MSG_CTRUNC)
		msg->fds_lost = true;
	for (cmsg = CMSG_FIRSTHDR(hdr); cmsg; cmsg = CMSG_NXTHDR(hdr, cmsg)) {
		const unsigned char *data = CMSG_DATA(cmsg);
		size_t left = cmsg->cmsg_len - CMSG_LEN(0);

		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (; left >= sizeof(int); left -= sizeof(int)) {
			int fd;

			memcpy(&fd, data, sizeof(fd));
			data += sizeof(fd);
			if (msg->nr_fds < WIRE_MAX_FDS) {
				msg->fds[msg->nr_fds++] = fd;
			} else {
				close(fd);
				msg->fds_lost = true;
			}
		}
	}
}

static ssize_t receive_some(struct channel *chan, struct message *msg,
			    void *data, size_t count)
{
	struct iovec iov = { .iov_base = data, .iov_len = count };
	union control control;
	struct msghdr hdr = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t ret;

	do {
		ret = recvmsg(chan->sock, &hdr, MSG_CMSG_CLOEXEC);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	take_fds(msg, &hdr);
	return ret;
}

/* How much came before the end of the stream, or a negative errno. */
static ssize_t receive_all(struct channel *chan, struct message *msg,
			   void *data, size_t count)
{
	size_t done = 0;

	while (done < count) {
		ssize_t ret = receive_some(chan, msg, (char *)data + done,
					   count - done);

		if (ret < 0)
			return ret;
		if (!ret)
			break;
		done += ret;
	}
	return done;
}

/* The same end, seen by whoever still had bytes under way. */
static bool hung_up(ssize_t ret)
{
	return !ret || ret == -ECONNRESET || ret == -EPIPE;
}

int channel_receive(struct channel *chan, struct message *msg)
{
	ssize_t ret;

	memset(msg, 0, sizeof(*msg));
	ret = receive_all(chan, msg, &msg->header, sizeof(msg->header));
	if (hung_up(ret))
		return 0;
	if (ret < 0)
		return ret;
	if (ret < (ssize_t)sizeof(msg->header))
		return -ECONNABORTED;
	if (msg->header.size < sizeof(msg->header) ||
	    msg->header.size > WIRE_MAX_MESSAGE)
		return -EBADMSG;

	msg->length = msg->header.size - sizeof(msg->header);
	msg->payload = chan->in;
	ret = receive_all(chan, msg, chan->in, msg->length);
	if (ret < 0)
		return ret;
	return ret == (ssize_t)msg->length ? 1 : -ECONNABORTED;
}

int channel_send(struct channel *chan, const struct wire_header *header,
		 size_t length, int fd)
{
	struct iovec iov = {
		.iov_base = chan->out,
		.iov_len = sizeof(*header) + length,
	};
	struct msghdr hdr = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	memcpy(chan->out, header, sizeof(*header));
	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
		hdr.msg_control = &control;
		hdr.msg_controllen = CMSG_SPACE(sizeof(fd));
	}
	while (iov.iov_len) {
		ssize_t ret = sendmsg(chan->sock, &hdr, MSG_NOSIGNAL);

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			return -errno;
		iov.iov_base = (char *)iov.iov_base + ret;
		iov.iov_len -= ret;
		/* They went with the first byte. */
		hdr.msg_control = NULL;
		hdr.msg_controllen = 0;
	}
	return 0;
}
