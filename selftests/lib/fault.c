// SPDX-License-Identifier: GPL-2.0-only
/*
 * Touching memory that may raise SIGBUS or SIGSEGV, and counting what it costs
 * in page faults: the only timing-free way in which a process can see whether it
 * was given a huge mapping.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "coherent.h"

static __thread sigjmp_buf landing;
static __thread volatile sig_atomic_t armed;
static __thread struct fault_seen last;

static void on_fault(int sig, siginfo_t *si, void *ctx)
{
	(void)ctx;
	if (!armed) {
		/* Not one that a test asked for: die of it */
		signal(sig, SIG_DFL);
		raise(sig);
		return;
	}
	last.sig = sig;
	last.code = si->si_code;
	last.addr = si->si_addr;
	siglongjmp(landing, 1);
}

void fault_catch(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
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
