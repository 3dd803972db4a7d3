// SPDX-License-Identifier: GPL-2.0-only
/* Errors that QEMU's monitor reports, which plays the firmware's part. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cper.h"
#include "ghes.h"
#include "monitor.h"

#define LIMIT_MS	10000

static void base64(char *to, const u8 *from, size_t n)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	u32 word;

	for (; n; from += 3, to += 4) {
		word = from[0] << 16 | (n > 1 ? from[1] << 8 : 0) | (n > 2 ? from[2] : 0);
		to[0] = digit[word >> 18];
		to[1] = digit[word >> 12 & 63];
		to[2] = n > 1 ? digit[word >> 6 & 63] : '=';
		to[3] = n > 2 ? digit[word & 63] : '=';
		n -= n > 3 ? 3 : n;
	}
	*to = '\0';
}

/* Hands the first @len bytes of it to the guest's kernel */
static int inject(const struct cper *r, size_t len)
{
	char text[4 * (sizeof(*r) + 2) / 3 + 1], command[sizeof(text) + 96];
	u64 end = now_ms() + LIMIT_MS;
	char answer[512];
	int ret;

	base64(text, (const u8 *)r, len);
	snprintf(command, sizeof(command),
		 "{\"execute\":\"inject-ghes-v2-error\",\"arguments\":{\"cper\":\"%s\"}}\n", text);
	for (;;) {
		ret = monitor(command, answer, sizeof(answer), end);
		if (ret)
			return ret;
		if (strstr(answer, "\"return\""))
			return 0;
		/* The guest's kernel has not taken the one before yet */
		if (!strstr(answer, "acknowledge") || now_ms() >= end) {
			fprintf(stderr, "# monitor: %s", answer);
			return -EIO;
		}
		poll(NULL, 0, 1);
	}
}

int ghes_error(u64 phys, u64 mask, bool corrected)
{
	struct cper r;

	return inject(&r, cper_memory(&r, phys, mask, corrected));
}

int ghes_arm_error(u64 phys, bool corrected)
{
	struct cper r;

	return inject(&r, cper_arm(&r, phys, corrected));
}
