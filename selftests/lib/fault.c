// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touching memory that may raise SIGBUS or SIGSEGV, and counting what it costs
 * in page faults: the only timing-free way in which a process can see whether it
 * was given a huge mapping.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coherent.h"

static __thread sigjmp_buf landing;
static __thread volatile sig_atomic_t armed;
static __thread struct fault_seen last;

/* Told of a memory error ahead of any touch; these may come at any time */
static struct advice advices[ADVICES_KEPT];
static atomic_uint advices_seen;

static void on_advice(const siginfo_t *si)
{
	unsigned int nr = atomic_fetch_add(&advices_seen, 1);
	struct advice *a = &advices[nr % ADVICES_KEPT];

	a->addr = si->si_addr;
	a->lsb = si->si_addr_lsb;
	a->tid = syscall(SYS_gettid);
	a->at_us = now_us();
	atomic_store_explicit(&a->complete, true, memory_order_release);
}

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	if (sig == SIGBUS && si->si_code == BUS_MCEERR_AO) {
		on_advice(si);
		return;
	}
	if (!armed) {
		/* Not one that a test asked for: die of it */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	last.sig = sig;
	last.code = si->si_code;
	last.addr = si->si_addr;
	last.lsb = sig == SIGBUS && si->si_code == BUS_MCEERR_AR ? si->si_addr_lsb : 0;
	siglongjmp(landing, 1);
}

void fault_catch(void)
{
	/* An advice may come while a call waits, which then goes on */
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
}

unsigned int advice_count(void)
{
	unsigned int n = atomic_load(&advices_seen);

	/* One that is being written down does not count yet */
	while (n && !atomic_load(&advices[(n - 1) % ADVICES_KEPT].complete))
		n--;
	return n;
}

struct advice advice_get(unsigned int nr)
{
	return advices[nr % ADVICES_KEPT];
}

void advice_forget(void)
{
	memset(advices, 0, sizeof(advices));
	atomic_store(&advices_seen, 0);
}

/* What sigsetjmp() returns to; true when the access went well */
static bool landed(int jumped, struct fault_seen *seen)
{
	armed = 0;
	if (seen)
		*seen = jumped ? last : (struct fault_seen){ 0 };
	return !jumped;
}

static u64 load(const volatile void *p, unsigned int size)
{
	switch (size) {
	case 1:
		return *(const volatile u8 *)p;
	case 2:
		return *(const volatile u16 *)p;
	case 4:
		return *(const volatile u32 *)p;
	default:
		return *(const volatile u64 *)p;
	}
}

static void store(volatile void *p, unsigned int size, u64 val)
{
	switch (size) {
	case 1:
		*(volatile u8 *)p = val;
		break;
	case 2:
		*(volatile u16 *)p = val;
		break;
	case 4:
		*(volatile u32 *)p = val;
		break;
	default:
		*(volatile u64 *)p = val;
	}
}

int touch_read(const volatile void *p, unsigned int size, u64 *val, struct fault_seen *seen)
{
	u64 got;

	if (sigsetjmp(landing, 1)) {
		landed(1, seen);
		return -EFAULT;
	}
	armed = 1;
	got = load(p, size);
	landed(0, seen);
	if (val)
		*val = got;
	return 0;
}

int touch_write(volatile void *p, unsigned int size, u64 val, struct fault_seen *seen)
{
	if (sigsetjmp(landing, 1)) {
		landed(1, seen);
		return -EFAULT;
	}
	armed = 1;
	store(p, size, val);
	landed(0, seen);
	return 0;
}

int touch_copy(void *dst, const void *src, size_t n, struct fault_seen *seen)
{
	if (sigsetjmp(landing, 1)) {
		landed(1, seen);
		return -EFAULT;
	}
	armed = 1;
	memcpy(dst, src, n);
	landed(0, seen);
	return 0;
}

static long my_faults(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

long faults_of_walk(const volatile u8 *p, size_t len, size_t step)
{
	long before, after;
	size_t i;
	u8 sum = 0;

	my_faults();	/* its own pages are in place from here on */
	before = my_faults();
	for (i = 0; i < len; i += step)
		sum += p[i];
	after = my_faults();
	(void)sum;
	return after - before;
}
