// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvgrace-self-copy BDF: read() of a GPU's memory into a mapping of the same memory, with
 * the kernel's own nvgrace-gpu, while resets go on; and write(). The copies go on until
 * there were enough of both.
 *
 * What has that bug faults in the copy, with memory_lock held for reading, and takes it
 * once more: lockdep says so, and where a reset waits for writing neither ever ends.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bug.h"

#define COPIED		(4 * MiB)
#define ROUNDS		8
#define RESETS		8		/* at least, until the last copy is done */
#define LIMIT_MS	90000
/* A blocked task is reported before the limit */
#define HUNG		"/proc/sys/kernel/hung_task_timeout_secs"
#define HUNG_S		"20"

/* Shared by both processes: what a child has done that hangs is known, too */
struct counts {
	atomic_int rounds, resets;
	atomic_int resets_while_copying;
	atomic_long faults, bad;
};

struct copier {
	struct fn *f;
	bool write;
};

struct child {
	pid_t pid;
	int status;
};

static struct fn gpu;
static struct counts *counts;
static atomic_bool stop;

static long my_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* One copy by way of a mapping that nothing was accessed through, in small pages */
static ssize_t copy_once(struct copier *c)
{
	u8 *p = map_aligned(c->f, USEMEM, 0, 64 * MiB, COPIED, pmd_size(), page_size(),
			    PROT_READ | PROT_WRITE);
	long faults = my_faults();
	ssize_t ret;

	if (p == MAP_FAILED)
		return -ENOMEM;
	ret = c->write ? wr(c->f, USEMEM, p, COPIED, 0) : rd(c->f, USEMEM, p, COPIED, 0);
	faults = my_faults() - faults;
	munmap(p, COPIED);
	if (ret != (ssize_t)COPIED)
		return ret < 0 ? ret : -EIO;
	/* A copy that does not fault is no test */
	return faults < (long)(COPIED / page_size()) ? -ENODATA : faults;
}

static void *copy(void *arg)
{
	ssize_t ret = 0;

	while (ret >= 0 && (counts->rounds < ROUNDS || counts->resets < RESETS)) {
		ret = copy_once(arg);
		if (ret >= 0)
			atomic_fetch_add(&counts->faults, ret);
		else
			counts->bad = ret;
		atomic_fetch_add(&counts->rounds, 1);
	}
	counts->resets_while_copying = counts->resets;
	return NULL;
}

static void *reset(void *arg)
{
	while (!atomic_load(&stop)) {
		if (!reset_ioctl(arg))
			atomic_fetch_add(&counts->resets, 1);
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
	return counts->bad || counts->resets_while_copying < RESETS;
}

static bool child_gone(void *arg)
{
	struct child *child = arg;

	return waitpid(child->pid, &child->status, WNOHANG) == child->pid;
}

/* A child that hangs cannot be killed, and is left behind */
static bool goes_well(bool write)
{
	struct child child;
	bool ended;

	memset(counts, 0, sizeof(*counts));
	child.pid = fork();
	if (!child.pid)
		_exit(in_child(write));
	ended = child.pid > 0 && wait_for(child_gone, &child, LIMIT_MS);
	bug_note("%s: %s after %d rounds with %ld faults and %d resets, result %ld",
		 write ? "write()" : "read()", ended ? "ended" : "not ended", counts->rounds,
		 counts->faults, ended ? counts->resets_while_copying : counts->resets,
		 counts->bad);
	return ended && !child.status;
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
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!bug_ok(counts != MAP_FAILED &&
		    !bug_bind(argv[1], "nvgrace-gpu-vfio-pci", "nvgrace_gpu_vfio_pci") &&
		    !fn_open(&gpu, argv[1]), "nvgrace-gpu has the function"))
		return bug_end();
	sysfs_write(HUNG, HUNG_S);
	reads_beyond_the_end();
	if (bug_ok(goes_well(false), "read() into a mapping of the same memory, and resets"))
		bug_ok(goes_well(true), "write() from one, and resets");
	fn_close(&gpu);
	return bug_end();
}
