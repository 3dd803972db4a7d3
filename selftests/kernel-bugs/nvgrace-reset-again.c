// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-reset-again BDF: read() and write() of a GPU's memory by one thread, with the
 * kernel's own nvgrace-gpu, while another resets it now and then. The GPU reports by CXL
 * when it is ready, which takes a moment after a reset: a transfer may wait, and must not
 * fail, as no user can know that another has reset the GPU.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bug.h"

#define COPIED		(4 * MiB)
#define RESETS		10
#define LIMIT_MS	30000	/* until there was a transfer after a reset */

struct transfers {
	bool write;
	u8 *buffer;
	atomic_int begun, whole, again, failed;
	atomic_int last;	/* whole one, of those that were begun */
	atomic_int error;
};

static struct fn gpu;
static atomic_bool stop;

static void *transfer(void *arg)
{
	struct transfers *t = arg;
	ssize_t ret;

	while (!atomic_load(&stop)) {
		atomic_fetch_add(&t->begun, 1);
		ret = t->write ? wr(&gpu, USEMEM, t->buffer, COPIED, 0) :
				 rd(&gpu, USEMEM, t->buffer, COPIED, 0);
		if (ret == (ssize_t)COPIED) {
			atomic_fetch_add(&t->whole, 1);
			t->last = t->begun;
		} else if (ret == -EAGAIN) {
			atomic_fetch_add(&t->again, 1);
		} else {
			atomic_fetch_add(&t->failed, 1);
			t->error = ret;
		}
	}
	return NULL;
}

struct until {
	struct transfers *t;
	int begun;
};

/* One that began after the reset was whole */
static bool goes_on(void *arg)
{
	struct until *until = arg;

	return until->t->last > until->begun;
}

static void try(bool write, u8 *buffer)
{
	struct transfers t = { .write = write, .buffer = buffer };
	const char *name = write ? "write()" : "read()";
	pthread_t thread;
	int resets = 0;

	atomic_store(&stop, false);
	if (!bug_ok(!pthread_create(&thread, NULL, transfer, &t), "%s: there is a thread", name))
		return;
	for (; resets < RESETS; resets++) {
		struct until until = { .t = &t };

		if (reset_ioctl(&gpu))
			break;
		until.begun = t.begun;
		if (!wait_for(goes_on, &until, LIMIT_MS))
			break;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	bug_note("%s: %d resets, %d transfers were whole, %d failed by EAGAIN, %d otherwise (%d)",
		 name, resets, t.whole, t.again, t.failed, t.error);
	bug_ok(resets == RESETS && !t.failed, "%s goes on after each reset", name);
	bug_ok(!t.again, "%s waits until the GPU is ready", name);
}

int main(int argc, char **argv)
{
	u8 *buffer = malloc(COPIED);

	if (argc != 2 || !buffer)
		return 2;
	memset(buffer, 0x5a, COPIED);
	if (!bug_ok(!bug_bind(argv[1], "nvgrace-gpu-vfio-pci", "nvgrace_gpu_vfio_pci") &&
		    !fn_open(&gpu, argv[1]), "nvgrace-gpu has the function"))
		return bug_end();
	try(false, buffer);
	try(true, buffer);
	fn_close(&gpu);
	return bug_end();
}
