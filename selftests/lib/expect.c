// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the function under test should look like. The scripts that start the
 * virtual machine know which device they asked for and say so in the
 * environment; nothing here is derived from what the driver reports.
 *
 *   COHERENT_BDF             0000:00:05.0
 *   COHERENT_DRIVER          the driver_override name it is bound through
 *   COHERENT_EXPECT_USEMEM   0xBASE+0xLENGTH of fake BAR 4, or empty
 *   COHERENT_EXPECT_RESMEM   0xBASE+0xLENGTH of fake BAR 2, or empty
 *   COHERENT_EXPECT_PASS     1: no property, plain pass-through
 *   COHERENT_EXPECT_PORT     QEMU's name of the root port that it is alone behind, or empty
 *   COHERENT_EXPECT_NOFLR    1: the function has no FLR
 *   COHERENT_EXPECT_NORESET  1: ... and no other way of being reset alone
 *   COHERENT_SLOW            1: run tests that wait for the backend's limit
 *   COHERENT_EXPECT_READY    bar | cxl: the backend waits after a reset
 *   COHERENT_READY_LIMIT     milliseconds until the backend gives up waiting
 *   COHERENT_KERNEL_HAS      words: what this kernel has and others have not.
 *                            kvm-tells-poison: KVM reports poison that it is refused
 *                            dmabuf-gate: the driver is asked before a dma-buf is mapped
 *                            kvm-caches: on arm64, that KVM maps cached memory as such
 *                            mcelog: machine checks can be raised by /dev/mcelog
 *                            sea: external aborts can be raised, by /dev/mem
 *   COHERENT_MACHINE_LACKS   words: what its CPU has not.
 *                            cpu-caches: caches that need no maintenance (FWB, DIC)
 *   COHERENT_MODEL           1: BAR0 holds the device model's test block
 *   COHERENT_TESTBLOCK       where in BAR 0 that begins, a multiple of the page size
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coherent.h"

u64 round_up_pow2(u64 v)
{
	u64 p = 1;

	while (p < v)
		p <<= 1;
	return p;
}

u64 env_u64(const char *name, u64 dflt)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : dflt;
}

static bool env_set(const char *name)
{
	return env_u64(name, 0) != 0;
}

static int parse_region(const char *name, struct expect_region *r)
{
	const char *s = getenv(name);
	char *end;

	memset(r, 0, sizeof(*r));
	if (!s || !*s)
		return 0;
	r->base = strtoull(s, &end, 0);
	if (*end != '+')
		return -EINVAL;
	r->len = strtoull(end + 1, &end, 0);
	if (*end || !r->len)
		return -EINVAL;
	r->bar = round_up_pow2(r->len);
	r->present = true;
	return 0;
}

int expect_load(struct expect *e)
{
	const char *bdf = getenv("COHERENT_BDF");
	const char *drv = getenv("COHERENT_DRIVER");
	const char *ready = getenv("COHERENT_EXPECT_READY");
	const char *port = getenv("COHERENT_EXPECT_PORT");
	int ret;

	memset(e, 0, sizeof(*e));
	if (!bdf || strlen(bdf) >= sizeof(e->bdf))
		return -EDESTADDRREQ;
	snprintf(e->bdf, sizeof(e->bdf), "%s", bdf);
	if (drv && strlen(drv) < sizeof(e->driver))
		snprintf(e->driver, sizeof(e->driver), "%s", drv);

	e->pass_through = env_set("COHERENT_EXPECT_PASS");
	if (port)
		snprintf(e->port, sizeof(e->port), "%s", port);
	e->hot_reset = *e->port;
	e->flr = !env_set("COHERENT_EXPECT_NOFLR");
	e->no_reset = env_set("COHERENT_EXPECT_NORESET");
	e->slow = env_set("COHERENT_SLOW");
	e->model = env_set("COHERENT_MODEL");
	e->ready_limit_ms = env_u64("COHERENT_READY_LIMIT", 30000);
	e->readiness = ready && *ready;
	e->mem_needed = ready && !strcmp(ready, "bar");

	ret = parse_region("COHERENT_EXPECT_USEMEM", &e->use);
	if (!ret)
		ret = parse_region("COHERENT_EXPECT_RESMEM", &e->res);
	if (ret)
		return ret;
	/* A test that does not know what to expect cannot fail: refuse */
	if (!e->pass_through && !e->use.present)
		return -ENODATA;
	return 0;
}

static bool is_among(const char *what, const char *words)
{
	const char *at = words;
	size_t n = strlen(what);

	while (at && (at = strstr(at, what))) {
		if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
		at += n;
	}
	return false;
}

bool kernel_has(const char *what)
{
	return is_among(what, getenv("COHERENT_KERNEL_HAS"));
}

bool machine_lacks(const char *what)
{
	return is_among(what, getenv("COHERENT_MACHINE_LACKS"));
}

const struct expect_region *expect_region(const struct expect *e, unsigned int index)
{
	if (index == USEMEM && e->use.present)
		return &e->use;
	if (index == RESMEM && e->res.present)
		return &e->res;
	return NULL;
}
