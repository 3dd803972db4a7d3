// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model's own test, without QEMU: does it keep to the protocol, also
 * towards somebody who does not? What the function does is in
 * test-function.c. Output is TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "model.h"

#define WHOLE_RUN_SECONDS 120

static unsigned int failures;

void test_fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: not so: %s\n", file, line, what);
	failures++;
}

static void test_version(void)
{
	static const char wanted[] =
		"{\"capabilities\" : {\"x\":[1e3,{\"y\":null}], \"max_msg_fds\":1} }";
	struct client cl;
	const char *text;

	client_connect(&cl, "--model=gh200", NULL);
	CHECK(client_call(&cl, WIRE_DEVICE_RESET, NULL, 0, -1) == -EPROTO);
	CHECK(client_version(&cl, 1, "{}", 3) == -ENOTSUP);
	CHECK(client_version(&cl, 0, "{}", 2) == -EINVAL);	/* no NUL */
	CHECK(client_version(&cl, 0, "{", 2) == -EINVAL);
	CHECK(client_version(&cl, 0, "{}\0{}", 6) == -EINVAL);
	CHECK(client_version(&cl, 0, "[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]",
			     37) == -EINVAL);
	CHECK(!client_version(&cl, 0, wanted, sizeof(wanted)));

	CHECK(cl.reply.length > sizeof(struct wire_version));
	text = (const char *)cl.reply.payload + sizeof(struct wire_version);
	CHECK(!((const struct wire_version *)cl.reply.payload)->minor);
	CHECK(!text[cl.reply.length - sizeof(struct wire_version) - 1]);
	CHECK(strstr(text, "\"max_msg_fds\":8"));
	CHECK(!strstr(text, "write_multiple"));

	CHECK(client_version(&cl, 0, "{}", 3) == -EINVAL);	/* twice */
	CHECK(client_finish(&cl));

	client_connect(&cl, "--model=gh200", NULL);
	CHECK(!client_version(&cl, 0, "", 0));
	CHECK(access(cl.path, F_OK) && errno == ENOENT);
	CHECK(client_finish(&cl));
}

/* The descriptor that came along is the caller's, or -1. */
static struct wire_region_info region_info(struct client *cl, __u32 index,
					   int *fd)
{
	struct wire_region_info info = {
		.argsz = sizeof(info), .index = index,
	};

	CHECK(!client_call(cl, WIRE_GET_REGION_INFO, &info, sizeof(info), -1));
	CHECK(cl->reply.length == sizeof(info));
	memcpy(&info, cl->reply.payload, sizeof(info));
	*fd = cl->reply.nr_fds ? cl->reply.fds[--cl->reply.nr_fds] : -1;
	return info;
}

static void test_info(void)
{
	struct wire_device_info dev = { .argsz = sizeof(dev) };
	struct wire_region_info info = { .argsz = sizeof(info), .index = 9 };
	struct client cl;
	__u32 word = 0;
	int fd;

	client_start(&cl, "--model=gh200", "--bar2=8M", NULL);
	CHECK(!client_call(&cl, WIRE_GET_INFO, &dev, sizeof(dev), -1));
	memcpy(&dev, cl.reply.payload, sizeof(dev));
	CHECK(dev.flags == (VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET));
	CHECK(dev.num_regions == 9 && dev.num_irqs == 5);

	CHECK(client_call(&cl, WIRE_GET_REGION_INFO, &info, sizeof(info), -1) ==
	      -EINVAL);
	info.index = 0;
	info.argsz = sizeof(info) - 1;
	CHECK(client_call(&cl, WIRE_GET_REGION_INFO, &info, sizeof(info), -1) ==
	      -EINVAL);

	info = region_info(&cl, VFIO_PCI_BAR0_REGION_INDEX, &fd);
	CHECK(info.size == 16 << 20 && fd < 0 && info.flags == 3);
	info = region_info(&cl, VFIO_PCI_BAR1_REGION_INDEX, &fd);
	CHECK(!info.size && fd < 0 && !info.flags);
	info = region_info(&cl, VFIO_PCI_CONFIG_REGION_INDEX, &fd);
	CHECK(info.size == 4096 && fd < 0 && info.flags == 3);
	info = region_info(&cl, VFIO_PCI_BAR2_REGION_INDEX, &fd);
	CHECK(info.size == 8 << 20 && fd >= 0 && info.flags == 7);

	/* The descriptor and the messages are about the same memory. */
	client_put(&cl, VFIO_PCI_BAR2_REGION_INDEX, 0x1000, 0x600df00d);
	CHECK(pread(fd, &word, 4, 0x1000) == 4 && word == 0x600df00d);
	close(fd);
	CHECK(client_finish(&cl));
}

/*
 * The pipe's write end stands in for whatever QEMU passes. When the last copy
 * of it is closed, the read end sees that.
 */
static void test_descriptors(void)
{
	struct wire_irq_set set = {
		.argsz = sizeof(set), .index = 1, .count = 1,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	struct wire_dma_map map = {
		.argsz = sizeof(map), .flags = WIRE_DMA_MODE_FD, .size = 4096,
	};
	struct pollfd closed;
	struct client cl;
	int ends[2];

	CHECK(!pipe2(ends, O_CLOEXEC));
	closed.fd = ends[0];
	client_start(&cl, "--model=gh200", NULL);
	CHECK(!client_call(&cl, WIRE_SET_IRQS, &set, sizeof(set), ends[1]));
	CHECK(!client_call(&cl, WIRE_DMA_MAP, &map, sizeof(map), ends[1]));
	/* Also where nobody asked for one, and with a refusal. */
	CHECK(client_call(&cl, WIRE_DMA_READ, &map, sizeof(map), ends[1]) ==
	      -ENOTSUP);
	set.start = 7;
	CHECK(client_call(&cl, WIRE_SET_IRQS, &set, sizeof(set), ends[1]) ==
	      -EINVAL);
	close(ends[1]);
	CHECK(poll(&closed, 1, CLIENT_LIMIT_MS) == 1 &&
	      closed.revents & POLLHUP);
	close(ends[0]);
	CHECK(client_finish(&cl));
}

static void test_irqs(void)
{
	struct wire_irq_info info = { .argsz = sizeof(info), .index = 1 };
	struct wire_irq_set set = {
		.argsz = sizeof(set), .index = 1, .count = 1,
		.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			 VFIO_IRQ_SET_ACTION_TRIGGER,
	};
	struct wire_dma_map map = {
		.argsz = sizeof(map), .flags = WIRE_DMA_MODE_FD, .size = 4096,
	};
	struct wire_dma_unmap unmap = { .argsz = sizeof(unmap), .size = 4096 };
	struct client cl;

	client_start(&cl, "--model=gh200", NULL);
	CHECK(!client_call(&cl, WIRE_GET_IRQ_INFO, &info, sizeof(info), -1));
	CHECK(((const struct wire_irq_info *)cl.reply.payload)->count == 1);
	CHECK(!client_call(&cl, WIRE_SET_IRQS, &set, sizeof(set), -1));
	set.count = 2;
	CHECK(client_call(&cl, WIRE_SET_IRQS, &set, sizeof(set), -1) ==
	      -EINVAL);
	set.start = 0xffffffff;
	CHECK(client_call(&cl, WIRE_SET_IRQS, &set, sizeof(set), -1) ==
	      -EINVAL);

	CHECK(client_call(&cl, WIRE_DMA_MAP, &map, sizeof(map), -1) == -EINVAL);
	map.flags = 3;
	CHECK(!client_call(&cl, WIRE_DMA_MAP, &map, sizeof(map), -1));
	CHECK(!client_call(&cl, WIRE_DMA_UNMAP, &unmap, sizeof(unmap), -1));
	CHECK(cl.reply.length == sizeof(unmap) &&
	      !memcmp(cl.reply.payload, &unmap, sizeof(unmap)));
	CHECK(client_finish(&cl));
}

static void test_write_multi(void)
{
	struct {
		__u64 count;
		struct wire_multi_write one[3];
	} multi = {
		.count = 3,
		.one = {
			{ 0, 2, 4, { 1, 2, 3, 4 } },
			{ 4, 2, 4, { 5, 6, 7, 8 } },
			{ 8, 2, 9, { 0 } },
		},
	};
	struct client cl;

	client_start(&cl, "--model=gh200", NULL);
	CHECK(!client_call(&cl, WIRE_REGION_WRITE_MULTI, &multi, sizeof(multi),
			   -1));
	CHECK(*(const __u64 *)cl.reply.payload == 2);
	CHECK(client_get(&cl, 2, 4) == 0x08070605);
	multi.count = ~0ULL;
	CHECK(client_call(&cl, WIRE_REGION_WRITE_MULTI, &multi, sizeof(multi),
			  -1) == -EINVAL);
	CHECK(client_finish(&cl));
}

/* Wrong, but it is clear where the next message begins. */
static void test_malformed(void)
{
	static const struct {
		__u16 command;
		size_t length;
		int error;
	} bad[] = {
		{ 0, 0, -ENOTSUP }, { 14, 0, -ENOTSUP }, { 0xffff, 9, -ENOTSUP },
		{ WIRE_DEVICE_FEATURE, 8, -ENOTSUP },
		{ WIRE_GET_REGION_IO_FDS, 16, -ENOTSUP },
		{ WIRE_DEVICE_RESET, 1, -EINVAL },
		{ WIRE_GET_INFO, 15, -EINVAL }, { WIRE_GET_INFO, 0, -EINVAL },
		{ WIRE_GET_REGION_INFO, 31, -EINVAL },
		{ WIRE_GET_IRQ_INFO, 0, -EINVAL },
		{ WIRE_SET_IRQS, 19, -EINVAL }, { WIRE_DMA_MAP, 31, -EINVAL },
		{ WIRE_DMA_UNMAP, 23, -EINVAL },
		{ WIRE_REGION_READ, 15, -EINVAL },
		{ WIRE_REGION_WRITE, 15, -EINVAL },
		{ WIRE_REGION_WRITE, 17, -EINVAL },
		{ WIRE_REGION_WRITE_MULTI, 7, -EINVAL },
	};
	static const __u8 zeros[64];
	struct client cl;
	size_t i;

	client_start(&cl, "--model=gh200", NULL);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = client_call(&cl, bad[i].command, zeros,
				      bad[i].length, -1);

		if (ret != bad[i].error)
			printf("# command %u of %zu bytes: %d\n",
			       bad[i].command, bad[i].length, ret);
		CHECK(ret == bad[i].error);
	}
	/* Neither of these is answered; the next reply is to the next call. */
	CHECK(!client_send(&cl, WIRE_GET_INFO, WIRE_TYPE_REPLY, zeros, 16, -1));
	CHECK(!client_send(&cl, WIRE_GET_INFO, WIRE_NO_REPLY, zeros, 3, -1));
	CHECK(client_get(&cl, VFIO_PCI_BAR0_REGION_INDEX, TEST_MAGIC_REG) ==
	      TEST_MAGIC);
	CHECK(client_finish(&cl));
}

/* From here on nothing can be made of the stream: an answer, and the end. */
static void test_bad_size(void)
{
	static const __u32 sizes[] = { 0, 15, WIRE_MAX_MESSAGE + 1, ~0U };
	struct client cl;
	int status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wire_header header = {
			.id = 7, .command = WIRE_GET_INFO, .size = sizes[i],
		};

		client_start(&cl, "--model=gh200", NULL);
		CHECK(!channel_send(&cl.chan, &header, 0, -1));
		CHECK(client_receive(&cl) == 1);
		CHECK(cl.reply.header.id == 7);
		CHECK(cl.reply.header.error == EINVAL);
		CHECK(client_receive(&cl) == 0);
		status = client_stop(&cl);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}

	/* Half a message. */
	client_start(&cl, "--model=gh200", NULL);
	CHECK(write(cl.chan.sock, "half", 4) == 4);
	status = client_stop(&cl);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* Well framed nonsense, the same in every run: each gets its answer. */
static void test_nonsense(void)
{
	unsigned int seed = 1, i, j, answered = 0;
	__u32 payload[16];
	struct client cl;

	client_start(&cl, "--model=gb300", "--cxl", NULL);
	for (i = 0; i < 20000; i++) {
		for (j = 0; j < 16; j++) {
			payload[j] = rand_r(&seed);
			payload[j] %= payload[j] % 3 ? 5000 : ~0U;
		}
		/* Small regions and offsets, or nearly nothing gets far. */
		payload[1] = payload[1] % 4 ? 0 : payload[1];
		payload[2] %= 10;
		if (client_call(&cl, rand_r(&seed) % 20, payload,
				rand_r(&seed) % sizeof(payload), -1) != -EPROTO)
			answered++;
	}
	CHECK(answered == i);
	CHECK(client_finish(&cl));
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "version negotiation", test_version },
	{ "device and region info", test_info },
	{ "descriptors are not kept", test_descriptors },
	{ "interrupts and DMA", test_irqs },
	{ "several writes in one message", test_write_multi },
	{ "malformed messages", test_malformed },
	{ "sizes that break the stream", test_bad_size },
	{ "nonsense", test_nonsense },
	{ "config space", test_config },
	{ "extended capabilities", test_ext_caps },
	{ "advanced error reporting", test_aer },
	{ "registers", test_registers },
	{ "memory BARs", test_memory },
	{ "becoming ready", test_ready },
	{ "FLR and DEVICE_RESET", test_flr },
	{ "reset by power state", test_pm_reset },
	{ "no reset", test_no_reset },
	{ "readiness through CXL", test_cxl_ready },
	{ "CXL ranges", test_cxl_ranges },
	{ "CXL decoders", test_cxl_decoders },
	{ "broken, stuck and odd functions", test_odd_models },
	{ "described by options", test_described },
	{ "slow, never, lost on reset and on wake-up", test_ways },
	{ "link down", test_link_down },
	{ "a read that gets stuck", test_stall },
	{ "vanishing", test_vanish },
	{ "DMA", test_dma },
};

int main(int argc, char **argv)
{
	const unsigned int count = ARRAY_SIZE(tests);
	unsigned int i, failed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s coherent-model\n", argv[0]);
		return 2;
	}
	client_model = argv[1];
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(WHOLE_RUN_SECONDS);
	printf("TAP version 13\n1..%u\n", count);
	for (i = 0; i < count; i++) {
		failures = 0;
		tests[i].run();
		printf("%sok %u - %s\n", failures ? "not " : "", i + 1,
		       tests[i].name);
		failed += !!failures;
	}
	return failed ? 1 : 0;
}
