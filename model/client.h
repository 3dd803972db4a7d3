/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The other end of the socket, for the model's own test: starts a model,
 * talks to it as QEMU would, or as QEMU never would.
 */
#ifndef COHERENT_MODEL_CLIENT_H
#define COHERENT_MODEL_CLIENT_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <sys/types.h>

#include "channel.h"

#define CLIENT_LIMIT_MS	5000	/* for anything that should happen at once */

struct client {
	struct channel chan;
	pid_t pid;
	__u16 id;
	char dir[32];
	char path[64];
	struct message reply;	/* to the last call; valid until the next */
};

extern const char *client_model;	/* the program to start */

/* Up to a NULL: options for the model. Not negotiated yet. Exits if it fails. */
void client_connect(struct client *cl, const char *option, ...)
	__attribute__((sentinel));
/* The same, and the version is agreed upon. */
void client_start(struct client *cl, const char *option, ...)
	__attribute__((sentinel));
/* Hangs up. The model's wait status; it must be gone within the limit. */
int client_stop(struct client *cl);
/* Hangs up and says whether the model took that well. */
bool client_finish(struct client *cl);

int client_send(struct client *cl, __u16 command, __u32 flags,
		const void *payload, size_t length, int fd);
/* 1: there is a reply. 0: hung up. Or a negative errno, -EAGAIN for none. */
int client_receive(struct client *cl);
/* 0, or the negative errno of the reply; -EPROTO if there is no fitting one. */
int client_call(struct client *cl, __u16 command, const void *payload,
		size_t length, int fd);

int client_version(struct client *cl, __u16 major, const char *text,
		   size_t length);
int client_read(struct client *cl, __u32 region, __u64 offset, void *data,
		__u32 count);
int client_write(struct client *cl, __u32 region, __u64 offset,
		 const void *data, __u32 count);
/* For accesses that have to succeed: what is wrong is counted and said. */
__u32 client_get(struct client *cl, __u32 region, __u64 offset);
void client_put(struct client *cl, __u32 region, __u64 offset, __u32 value);

__u64 client_now_ms(void);

#define BAR0	VFIO_PCI_BAR0_REGION_INDEX
#define BAR2	VFIO_PCI_BAR2_REGION_INDEX
#define CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

/* client-function.c */
__u16 get16(struct client *cl, __u64 offset);
void put16(struct client *cl, __u64 offset, __u16 value);
__u8 find_cap(struct client *cl, __u8 id);
__u16 find_ext_cap(struct client *cl, __u16 at, __u16 id);
__u16 find_dvsec(struct client *cl, __u16 vendor, __u16 id);
bool becomes(struct client *cl, __u32 region, __u64 offset, __u32 mask,
	     __u32 value);
bool is_ready(struct client *cl);
void flr(struct client *cl);
void power_cycle(struct client *cl);

/* In test.c: a failure, with the place where it was seen. */
void test_fail(const char *file, int line, const char *what);
#define CHECK(condition) \
	((condition) ? (void)0 : test_fail(__FILE__, __LINE__, #condition))

/* test-dma.c */
void test_dma(void);

/* test-function.c */
void test_config(void);
void test_ext_caps(void);
void test_aer(void);
void test_registers(void);
void test_memory(void);
void test_ready(void);
void test_flr(void);
void test_pm_reset(void);
void test_no_reset(void);
void test_odd_models(void);

/* test-cxl.c */
void test_cxl_ready(void);
void test_cxl_ranges(void);
void test_cxl_decoders(void);

/* test-described.c */
void test_described(void);

/* test-trouble.c */
void test_ways(void);
void test_link_down(void);
void test_stall(void);
void test_vanish(void);

#endif /* COHERENT_MODEL_CLIENT_H */
