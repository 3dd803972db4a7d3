// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare virtual machine under KVM.
 *
 * Documentation/virt/kvm/api.rst
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "machine_cpu.h"

/* KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED, newer than some C libraries' headers */
#define CACHEABLE_PFNMAP	243

#define LIMIT_S		60

static int add_slot(const struct machine *m, unsigned int slot, u64 at, void *p, u64 n)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = at,
		.memory_size = n,
		.userspace_addr = (uintptr_t)p,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static const char *give_data(struct machine *m, void *data, u64 n)
{
	m->refused = add_slot(m, 1, DATA + m->skew, data, n);
	return m->refused ? "KVM does not take the memory" : NULL;
}

static const char *make_cpu(struct machine *m, void *data, u64 n, enum machine_tags tags)
{
	const char *why = tags == TAGS_LATE ? give_data(m, data, n) : NULL;

	if (why)
		return why;
	if (tags != NO_TAGS && machine_set_tags(m))
		return "KVM has no tags";
	m->cacheable = ioctl(m->vm, KVM_CHECK_EXTENSION, CACHEABLE_PFNMAP) > 0;
	m->vcpu = ioctl(m->vm, KVM_CREATE_VCPU, 0);
	return m->vcpu < 0 ? "KVM makes no CPU" : NULL;
}

const char *machine_make(struct machine *m, void *data, u64 n)
{
	return machine_make_tagged(m, data, n, NO_TAGS);
}

const char *machine_make_tagged(struct machine *m, void *data, u64 n, enum machine_tags tags)
{
	const char *why;

	memset(m, 0, sizeof(*m));
	m->vm = -1;
	m->vcpu = -1;
	m->run = MAP_FAILED;
	m->own = MAP_FAILED;
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return "no KVM";
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return "KVM makes no machine";
	/* KVM maps blocks where addresses of the guest and of the host agree */
	m->skew = (uintptr_t)data % pmd_size();
	why = make_cpu(m, data, n, tags);
	if (why)
		return why;
	m->run_size = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = mmap(NULL, m->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
	m->own = mmap(NULL, OWN_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->run == MAP_FAILED || m->own == MAP_FAILED)
		return "no memory for a machine";
	machine_fill(m);
	if (machine_set_up_cpu(m))
		return "KVM does not take the CPU's registers";
	if (add_slot(m, 0, OWN, m->own, OWN_SIZE))
		return "KVM does not take ordinary memory";
	return tags == TAGS_LATE ? NULL : give_data(m, data, n);
}

void machine_unmake(struct machine *m)
{
	if (m->run != MAP_FAILED)
		munmap(m->run, m->run_size);
	if (m->own != MAP_FAILED)
		munmap(m->own, OWN_SIZE);
	if (m->vcpu >= 0)
		close(m->vcpu);
	if (m->vm >= 0)
		close(m->vm);
	if (m->kvm >= 0)
		close(m->kvm);
}

static volatile sig_atomic_t late, is_told;
static siginfo_t told;

static void on_error(int sig, siginfo_t *si, void *ctx)
{
	(void)sig;
	(void)ctx;
	told = *si;
	is_told = 1;
}

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

/* Every second from the limit on: one may come before KVM_RUN is there */
static void set_alarm(unsigned int seconds)
{
	struct itimerval timer = {
		.it_value.tv_sec = seconds,
		.it_interval.tv_sec = seconds ? 1 : 0,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static struct machine_result run(struct machine *m)
{
	int ret;

	do {
		ret = ioctl(m->vcpu, KVM_RUN, 0);
	} while (ret && (errno == EINTR || errno == EAGAIN) && !late && !is_told);
	if (ret && errno != EINTR)
		return (struct machine_result){ .end = FAILED, .value = errno };
	if (is_told)
		return (struct machine_result){ .end = TOLD, .told = told };
	if (late)
		return (struct machine_result){ .end = HUNG };
	if (m->run->exit_reason == KVM_EXIT_MMIO && m->run->mmio.is_write) {
		u64 value;

		memcpy(&value, m->run->mmio.data, sizeof(value));
		if (m->run->mmio.phys_addr == REPORT)
			return (struct machine_result){ .end = ENDED, .value = value };
		if (m->run->mmio.phys_addr == REPORT + 8)
			return (struct machine_result){ .end = FAULTED, .value = value };
	}
	return (struct machine_result){ .end = ODD, .value = m->run->exit_reason };
}

struct machine_result machine_run(struct machine *m, const char *code, const char *end, u64 x0,
				  u64 x1)
{
	struct sigaction error = { .sa_sigaction = on_error, .sa_flags = SA_SIGINFO };
	struct sigaction alarm = { .sa_handler = on_alarm }, alarm_before, error_before;
	struct machine_result result = { .end = ODD };
	char *at = (char *)m->own + CODE;

	memcpy(at, code, end - code);
	memcpy(at + (end - code), machine_report, machine_report_end - machine_report);
	__builtin___clear_cache(at, at + (end - code) + (machine_report_end - machine_report));
	/* What the last store left to do is done on entry, before registers change */
	m->run->immediate_exit = 1;
	ioctl(m->vcpu, KVM_RUN, 0);
	m->run->immediate_exit = 0;
	if (machine_set_registers(m, x0, x1))
		return result;
	late = 0;
	is_told = 0;
	sigaction(SIGBUS, &error, &error_before);
	sigaction(SIGALRM, &alarm, &alarm_before);
	set_alarm(LIMIT_S);
	result = run(m);
	set_alarm(0);
	sigaction(SIGALRM, &alarm_before, NULL);
	sigaction(SIGBUS, &error_before, NULL);
	return result;
}

long machine_exits(const struct machine *m)
{
	char path[96], text[32];
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/exits", getpid(), m->vm);
	ret = sysfs_read(path, text, sizeof(text));
	return ret < 0 ? ret : strtol(text, NULL, 0);
}
