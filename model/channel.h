/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_MODEL_CHANNEL_H
#define COHERENT_MODEL_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/* One message as it came in. Its descriptors are the receiver's to close. */
struct message {
	struct wire_header header;
	const void *payload;
	size_t length;
	int fds[WIRE_MAX_FDS];
	unsigned int nr_fds;
	bool fds_lost;		/* more came than there was room for */
};

struct channel {
	int sock;
	__u8 *in;		/* room for WIRE_MAX_MESSAGE each */
	__u8 *out;
};

int channel_init(struct channel *chan, int sock);
void channel_exit(struct channel *chan);
/*
 * 1: a message. 0: the other side is gone, between messages. Else a negative
 * errno after which the stream cannot be read on; with -EBADMSG the header is
 * there and says nonsense, so that it can at least be answered.
 */
int channel_receive(struct channel *chan, struct message *msg);
void message_close_fds(struct message *msg);
/* The payload is what stands in out[] behind the header; fd may be -1. */
int channel_send(struct channel *chan, const struct wire_header *header,
		 size_t length, int fd);
void *channel_payload(struct channel *chan);

#endif /* COHERENT_MODEL_CHANNEL_H */
