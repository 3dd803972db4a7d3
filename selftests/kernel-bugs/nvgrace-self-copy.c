// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-self-copy BDF: read() of a GPU's memory into a mapping of the same memory, with
 * the kernel's own nvgrace-gpu, while resets go on; and write().
 *
 * What has that bug faults in the copy, with memory_lock held for reading, and takes it
 * once more: lockdep says so, and where a reset waits for writing neither ever ends.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bug.h"

#define COPIED		(4 * MiB)
#define ROUNDS		8
#define LIMIT_MS	90000
/* A blocked task is reported before the limit */
#define HUNG		"/proc/sys/kernel/hung_task_timeout_secs"
#define HUNG_S		"20"

struct copier {
	struct fn *f;
	bool write;
	atomic_int rounds;
	ssize_t bad;
};

struct child {
	pid_t pid;
	int status;
};

static struct fn gpu;
static atomic_int resets;
static atomic_bool stop;

/* Each round has a mapping that nothing was accessed through, in small pages */
static void *copy(void *arg)
{
	struct copier *c = arg;
	ssize_t ret;
	u8 *p;

	while (!c->bad && atomic_load(&c->rounds) < ROUNDS) {
		p = map_aligned(c->f, USEMEM, 0, 64 * MiB, COPIED, pmd_size(), page_size(),
				PROT_READ | PROT_WRITE);
		if (p == MAP_FAILED) {
			c->bad = -ENOMEM;
			break;
		}
		ret = c->write ? wr(c->f, USEMEM, p, COPIED, 0) : rd(c->f, USEMEM, p, COPIED, 0);
		munmap(p, COPIED);
		if (ret != (ssize_t)COPIED)
			c->bad = ret ?: -EIO;
		atomic_fetch_add(&c->rounds, 1);
	}
	return NULL;
}

static void *reset(void *arg)
{
	while (!atomic_load(&stop)) {
		if (!reset_ioctl(arg))
			atomic_fetch_add(&resets, 1);
	}
	return NULL;
}

static int in_child(bool write)
{
	struct copier c = { .f = &gpu, .write = write };
	pthread_t copier, resetter;

	if (pthread_create(&copier, NULL, copy, &c) ||
	    pthread_create(&resetter, NULL, reset, &gpu))
		return 1;
	pthread_join(copier, NULL);
	atomic_store(&stop, true);
	pthread_join(resetter, NULL);
	bug_note("%s: %d rounds, %d resets, result %zd", write ? "write()" : "read()",
		 c.rounds, resets, c.bad);
	return c.bad || !resets;
}

static bool child_gone(void *arg)
{
	struct child *child = arg;

	return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/* A child that hangs cannot be killed, and is left behind */
static bool goes_well(bool write)
{
	struct child child = { .pid = fork() };

	if (!child.pid)
		_exit(in_child(write));
	return child.pid > 0 && wait_for(child_gone, &child, LIMIT_MS) && !child.status;
}

/* What is beyond the end reads as ones, in memory that is not cached, too */
static void reads_beyond_the_end(void)
{
	u8 bytes[128] = { 0 };
	ssize_t ret = rd(&gpu, RESMEM, bytes, sizeof(bytes), gpu.usable[RESMEM] - 64);

	bug_ok(ret == sizeof(bytes) && first_not(bytes + 64, 64, 0xff) < 0,
	       "a read beyond the end of the reserved memory is whole (%zd)", ret);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!bug_ok(!bug_bind(argv[1], "nvgrace-gpu-vfio-pci", "nvgrace_gpu_vfio_pci") &&
		    !fn_open(&gpu, argv[1]), "nvgrace-gpu has the function"))
		return bug_end();
	sysfs_write(HUNG, HUNG_S);
	reads_beyond_the_end();
	if (bug_ok(goes_well(false), "read() into a mapping of the same memory, and resets"))
		bug_ok(goes_well(true), "write() from one, and resets");
	fn_close(&gpu);
	return bug_end();
}
