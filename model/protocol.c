// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the protocol. A handler gets a message whose length is
 * within what the table says, writes its reply's payload and returns how long
 * it is, or a negative errno. A message is never trusted further than that:
 * QEMU is well behaved, but the guest chooses what QEMU is made to ask.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "channel.h"
#include "json.h"
#include "model.h"

struct session {
	struct function *fn;
	struct channel chan;
	bool negotiated;
	__u16 dma_id;		/* of what was last asked of the client */
	int reply_fd;		/* to be sent along, not to be closed */
};

struct command {
	size_t length;		/* of the payload */
	int (*handle)(struct session *ses, const struct message *msg,
		      void *reply);
	bool more;		/* may follow */
};

/* A capability may be in the reply only if the client proposed it. */
static int put_capabilities(char *text, size_t room, const char *proposed)
{
	const char *caps = json_member(proposed, "capabilities");
	__u64 data = json_number(json_member(caps, "max_data_xfer_size"), 0);
	const char *sep = "";
	int len;

	len = snprintf(text, room, "{\"capabilities\":{");
	if (data) {
		if (data > WIRE_MAX_DATA)
			data = WIRE_MAX_DATA;
		len += snprintf(text + len, room - len,
				"\"max_data_xfer_size\":%llu",
				(unsigned long long)data);
		sep = ",";
	}
	if (json_member(caps, "max_msg_fds")) {
		len += snprintf(text + len, room - len, "%s\"max_msg_fds\":%d",
				sep, WIRE_MAX_FDS);
		sep = ",";
	}
	if (json_true(json_member(caps, "write_multiple")))
		len += snprintf(text + len, room - len,
				"%s\"write_multiple\":true", sep);
	len += snprintf(text + len, room - len, "}}");
	return len + 1;
}

static int do_version(struct session *ses, const struct message *msg,
		      void *reply)
{
	const char *text = (const char *)msg->payload +
			   sizeof(struct wire_version);
	size_t len = msg->length - sizeof(struct wire_version);
	struct wire_version version;

	memcpy(&version, msg->payload, sizeof(version));
	if (ses->negotiated)
		return -EINVAL;
	if (version.major != 0)
		return -ENOTSUP;
	if (!len)
		text = "{}";
	else if (strnlen(text, len) != len - 1 || !json_valid(text))
		return -EINVAL;

	version.minor = 0;
	memcpy(reply, &version, sizeof(version));
	ses->negotiated = true;
	return sizeof(version) +
	       put_capabilities((char *)reply + sizeof(version), 256, text);
}

/* The function's DMA is the client's to do: where memory is, is nothing to it. */
static int do_dma_map(struct session *ses, const struct message *msg,
		      void *reply)
{
	struct wire_dma_map map;

	(void)ses;
	(void)reply;
	memcpy(&map, msg->payload, sizeof(map));
	if (map.flags & WIRE_DMA_MODE_FD && !msg->nr_fds)
		return -EINVAL;
	return 0;
}

static int do_dma_unmap(struct session *ses, const struct message *msg,
			void *reply)
{
	(void)ses;
	memcpy(reply, msg->payload, sizeof(struct wire_dma_unmap));
	return sizeof(struct wire_dma_unmap);
}

static int do_get_info(struct session *ses, const struct message *msg,
		       void *reply)
{
	struct wire_device_info info;

	(void)ses;
	memcpy(&info, msg->payload, sizeof(info));
	if (info.argsz < sizeof(info))
		return -EINVAL;
	info.argsz = sizeof(info);
	info.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	memcpy(reply, &info, sizeof(info));
	return sizeof(info);
}

static int do_region_info(struct session *ses, const struct message *msg,
			  void *reply)
{
	struct wire_region_info info;

	memcpy(&info, msg->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.argsz = sizeof(info);
	info.flags = 0;
	info.cap_offset = 0;
	info.offset = 0;
	info.size = function_region_size(ses->fn, info.index);
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ |
			     VFIO_REGION_INFO_FLAG_WRITE;
	if (info.index < FUNCTION_BARS)
		ses->reply_fd = ses->fn->bar[info.index].fd;
	if (ses->reply_fd >= 0)
		info.flags |= VFIO_REGION_INFO_FLAG_MMAP;
	memcpy(reply, &info, sizeof(info));
	return sizeof(info);
}

/*
 * No interrupt is ever raised. There is one MSI to be set up, and QEMU warns
 * about a function without an error interrupt.
 */
static __u32 irq_count(__u32 index)
{
	return index == VFIO_PCI_MSI_IRQ_INDEX ||
	       index == VFIO_PCI_ERR_IRQ_INDEX;
}

static int do_irq_info(struct session *ses, const struct message *msg,
		       void *reply)
{
	struct wire_irq_info info;

	(void)ses;
	memcpy(&info, msg->payload, sizeof(info));
	if (info.argsz < sizeof(info) || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.argsz = sizeof(info);
	info.count = irq_count(info.index);
	info.flags = info.count ? VFIO_IRQ_INFO_EVENTFD |
				  VFIO_IRQ_INFO_NORESIZE : 0;
	memcpy(reply, &info, sizeof(info));
	return sizeof(info);
}

static int do_set_irqs(struct session *ses, const struct message *msg,
		       void *reply)
{
	struct wire_irq_set set;
	__u32 count;

	(void)ses;
	(void)reply;
	memcpy(&set, msg->payload, sizeof(set));
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	count = irq_count(set.index);
	if (set.start > count || set.count > count - set.start)
		return -EINVAL;
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		return msg->length - sizeof(set) < set.count ? -EINVAL : 0;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return msg->nr_fds && msg->nr_fds != set.count ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int do_read(struct session *ses, const struct message *msg, void *reply)
{
	struct wire_region_io io;
	int ret;

	memcpy(&io, msg->payload, sizeof(io));
	if (io.count > WIRE_MAX_DATA)
		return -EINVAL;
	ret = function_read(ses->fn, io.region, io.offset,
			    (__u8 *)reply + sizeof(io), io.count);
	if (ret)
		return ret;
	memcpy(reply, &io, sizeof(io));
	return sizeof(io) + io.count;
}

static int do_write(struct session *ses, const struct message *msg, void *reply)
{
	struct wire_region_io io;
	int ret;

	memcpy(&io, msg->payload, sizeof(io));
	if (io.count != msg->length - sizeof(io))
		return -EINVAL;
	ret = function_write(ses->fn, io.region, io.offset,
			     (const __u8 *)msg->payload + sizeof(io), io.count);
	if (ret)
		return ret;
	memcpy(reply, &io, sizeof(io));
	return sizeof(io);
}

/* Writes before a bad one are done and stay done; the reply counts them. */
static int do_write_multi(struct session *ses, const struct message *msg,
			  void *reply)
{
	const __u8 *at = (const __u8 *)msg->payload + sizeof(__u64);
	struct wire_multi_write one;
	__u64 count, done;

	memcpy(&count, msg->payload, sizeof(count));
	if (count > WIRE_MAX_DATA / sizeof(one) ||
	    msg->length - sizeof(count) != count * sizeof(one))
		return -EINVAL;
	for (done = 0; done < count; done++, at += sizeof(one)) {
		memcpy(&one, at, sizeof(one));
		if (one.count > sizeof(one.data) ||
		    function_write(ses->fn, one.region, one.offset, one.data,
				   one.count))
			break;
	}
	if (count && !done)
		return -EINVAL;
	memcpy(reply, &done, sizeof(done));
	return sizeof(done);
}

static int do_reset(struct session *ses, const struct message *msg, void *reply)
{
	(void)msg;
	(void)reply;
	function_reset(ses->fn, RESET_MESSAGE);
	return 0;
}

static const struct command commands[] = {
	[WIRE_VERSION] = { sizeof(struct wire_version), do_version, true },
	[WIRE_DMA_MAP] = { sizeof(struct wire_dma_map), do_dma_map },
	[WIRE_DMA_UNMAP] = { sizeof(struct wire_dma_unmap), do_dma_unmap },
	[WIRE_GET_INFO] = { sizeof(struct wire_device_info), do_get_info },
	[WIRE_GET_REGION_INFO] = { sizeof(struct wire_region_info),
				   do_region_info },
	[WIRE_GET_IRQ_INFO] = { sizeof(struct wire_irq_info), do_irq_info },
	[WIRE_SET_IRQS] = { sizeof(struct wire_irq_set), do_set_irqs, true },
	[WIRE_REGION_READ] = { sizeof(struct wire_region_io), do_read },
	[WIRE_REGION_WRITE] = { sizeof(struct wire_region_io), do_write, true },
	[WIRE_DEVICE_RESET] = { 0, do_reset },
	[WIRE_REGION_WRITE_MULTI] = { sizeof(__u64), do_write_multi, true },
};

static int dispatch(struct session *ses, const struct message *msg, void *reply)
{
	__u16 nr = msg->header.command;
	const struct command *cmd = &commands[0];

	if (nr < ARRAY_SIZE(commands))
		cmd = &commands[nr];
	if ((msg->header.flags & WIRE_TYPE_MASK) != WIRE_TYPE_COMMAND ||
	    msg->fds_lost)
		return -EINVAL;
	if (!ses->negotiated && nr != WIRE_VERSION)
		return -EPROTO;
	if (!cmd->handle)
		return -ENOTSUP;
	if (msg->length < cmd->length ||
	    (msg->length > cmd->length && !cmd->more))
		return -EINVAL;
	return cmd->handle(ses, msg, reply);
}

static int answer(struct session *ses, const struct message *msg, int ret)
{
	struct wire_header header = {
		.id = msg->header.id,
		.command = msg->header.command,
		.size = sizeof(header),
		.flags = WIRE_TYPE_REPLY,
	};

	if (msg->header.flags & WIRE_NO_REPLY)
		return 0;
	if (ret < 0) {
		header.flags |= WIRE_ERROR;
		header.error = -ret;
		return channel_send(&ses->chan, &header, 0, -1);
	}
	header.size += ret;
	return channel_send(&ses->chan, &header, ret, ses->reply_fd);
}

/* Answering a reply would set two servers talking to each other. */
static bool is_reply(const struct message *msg)
{
	return (msg->header.flags & WIRE_TYPE_MASK) == WIRE_TYPE_REPLY;
}

static void take_reply(struct session *ses, const struct message *msg)
{
	int error = msg->header.flags & WIRE_ERROR ?
		    (msg->header.error ? (int)msg->header.error : EIO) : 0;

	if (msg->header.id == ses->dma_id)
		dma_answer(&ses->fn->gpu.dma, &ses->fn->bar[0], error,
			   msg->payload, msg->length);
}

/* What an answered write has started. One at a time. */
static int ask_for_dma(struct session *ses)
{
	struct wire_header header = { .flags = WIRE_TYPE_COMMAND };
	size_t length = dma_request(&ses->fn->gpu.dma, &ses->fn->bar[0],
				    &header.command,
				    channel_payload(&ses->chan));

	if (!length)
		return 0;
	header.id = ++ses->dma_id;
	header.size = sizeof(header) + length;
	return channel_send(&ses->chan, &header, length, -1);
}

/* No command keeps a descriptor, so all are closed before it is answered. */
static int serve_one(struct session *ses)
{
	struct message msg;
	int received = channel_receive(&ses->chan, &msg);
	int result = -EINVAL;
	int sent = 0;

	ses->reply_fd = -1;
	if (received > 0 && is_reply(&msg))
		take_reply(ses, &msg);
	else if (received > 0)
		result = dispatch(ses, &msg, channel_payload(&ses->chan));
	message_close_fds(&msg);
	if ((received > 0 && !is_reply(&msg)) || received == -EBADMSG)
		sent = answer(ses, &msg, result);
	if (received > 0 && !sent)
		sent = ask_for_dma(ses);
	return received > 0 && sent < 0 ? sent : received;
}

int protocol_serve(struct function *fn, int sock)
{
	struct session ses = { .fn = fn };
	int ret = channel_init(&ses.chan, sock);

	if (!ret) {
		do {
			ret = serve_one(&ses);
		} while (ret > 0 && fn->gpu.vanish != VANISH_NOW);
	}
	channel_exit(&ses.chan);
	/* Gone before it could be told is gone all the same. */
	return ret == -EPIPE || ret == -ECONNRESET ? 0 : ret;
}
