// SPDX-License-Identifier: GPL-2.0-only
/* Start a virtual machine in the virtual machine, and end it. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nested.h"

#ifdef __aarch64__
#define ARCH		"aarch64"
#define MACHINE		"virt"
#define KVM_MACHINE	",gic-version=host"
#define TCG_CPU		"max,pauth-impdef=on"
#define CONSOLE		"ttyAMA0"
#else
#define ARCH		"x86_64"
#define MACHINE		"q35"
#define KVM_MACHINE	""
/*
 * Not an AMD: there firmware has 64-bit BARs where HyperTransport is, and Linux gives no
 * address in that range to what is plugged in later.
 */
#define TCG_CPU		"qemu64,vendor=GenuineIntel"
#define CONSOLE		"ttyS0"
#endif

/* Nothing of what it leaves out takes part in what is tested */
#define KERNEL_FAST	" nokaslr no_timer_check mitigations=off cryptomgr.notests audit=0 lsm= nowatchdog"

#define QEMU		"/opt/qemu"
#define KERNEL		"/opt/nested/vmlinuz"
#define INITRD		"/tmp/nested.initrd"

u64 nested_limit(const struct nested *m)
{
	/* Emulation in emulation: minutes for a boot */
	return (m->o.tcg ? 900 : 240) * 1000;
}

#define ARGS_MOST	80

struct args {
	char *v[ARGS_MOST];
	unsigned int n;
};

static void arg(struct args *a, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (a->n == ARGS_MOST - 1 ||
	    vasprintf(&a->v[a->n++], format, ap) < 0)
		abort();
	va_end(ap);
}

static void args_qemu(struct args *a)
{
	glob_t found;

	if (!glob(QEMU "/lib/ld-linux*", 0, NULL, &found))
		arg(a, "%s", found.gl_pathv[0]);
	arg(a, "--library-path");
	arg(a, QEMU "/lib");
	arg(a, QEMU "/bin/qemu-system-" ARCH);
	arg(a, "-L");
	arg(a, QEMU "/share");
}

static void args_machine(struct args *a, const struct nested_options *o)
{
	arg(a, "-machine");
	arg(a, MACHINE "%s%s%s", o->tcg ? "" : KVM_MACHINE, o->machine ?: "",
	    o->memory ? ",memory-backend=ram" : "");
	arg(a, "-accel");
	arg(a, o->tcg ? "tcg" : "kvm");
	arg(a, "-cpu");
	arg(a, o->tcg ? TCG_CPU : "host");
	arg(a, "-m");
	arg(a, "512");
	if (o->memory) {
		arg(a, "-object");
		arg(a, "memory-backend-file,id=ram,size=512M,share=on,mem-path=%s", o->memory);
	}
	arg(a, "-nodefaults");
	arg(a, "-no-user-config");
	arg(a, "-display");
	arg(a, "none");
	if (o->firmware) {
		arg(a, "-bios");
		arg(a, QEMU "/share/QEMU_EFI.fd");
	}
	arg(a, "-kernel");
	arg(a, KERNEL);
	arg(a, "-initrd");
	arg(a, INITRD);
	arg(a, "-append");
	arg(a, "console=" CONSOLE " quiet panic=-1 rdinit=/nested-init" KERNEL_FAST
	    /* an empty port that sleeps does not hear QEMU's plug */
	    " pcie_port_pm=off");
	arg(a, "-serial");
	arg(a, "file:" NESTED_CONSOLE);
}

/* Both ends that we talk to are handed over as they are */
static void args_channels(struct args *a, int qmp, int agent)
{
	arg(a, "-chardev");
	arg(a, "socket,id=qmp,fd=%d", qmp);
	arg(a, "-object");
	arg(a, "monitor-qmp,id=monitor,chardev=qmp");
	arg(a, "-chardev");
	arg(a, "socket,id=agent,fd=%d", agent);
	arg(a, "-device");
	arg(a, "virtio-serial-pci");
	arg(a, "-device");
	arg(a, "virtserialport,chardev=agent,name=agent");
}

static void args_function(struct args *a, const struct nested_options *o)
{
	if (o->iommu) {
		arg(a, "-device");
		arg(a, "virtio-iommu-pci");
	}
	arg(a, "-device");
	arg(a, "pcie-root-port,id=" NESTED_PORT ",chassis=1,slot=1,pref64-reserve=4G");
	if (o->iommufd) {
		arg(a, "-object");
		arg(a, "iommufd,id=iommufd");
	}
	if (!o->bdf)
		return;
	arg(a, "-device");
	arg(a, "vfio-pci,id=" NESTED_FUNCTION ",bus=" NESTED_PORT ",rombar=0,host=%s%s",
	    o->bdf, o->iommufd ? ",iommufd=iommufd" : "");
}

/* As somebody else has it: nothing is added, and nothing is left out */
static void args_words(struct args *a, const char *path)
{
	char line[512];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		arg(a, "%s", line);
	}
	if (f)
		fclose(f);
}

/* Does not return */
static void run_qemu(const struct nested_options *o, int qmp, int agent)
{
	int messages = open(NESTED_MESSAGES, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct args a = { .n = 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	args_qemu(&a);
	args_machine(&a, o);
	args_channels(&a, qmp, agent);
	if (o->words)
		args_words(&a, o->words);
	else
		args_function(&a, o);
	if (messages >= 0) {
		dup2(messages, STDOUT_FILENO);
		dup2(messages, STDERR_FILENO);
	}
	setenv("QEMU_MODULE_DIR", QEMU "/modules", 1);
	execv(a.v[0], a.v);
	_exit(127);
}

int nested_start(struct nested *m, const struct nested_options *o)
{
	int qmp[2], agent[2], ret;

	memset(m, 0, sizeof(*m));
	m->o = *o;
	unlink(NESTED_CONSOLE);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, qmp) || socketpair(AF_UNIX, SOCK_STREAM, 0, agent))
		return -errno;
	fcntl(qmp[0], F_SETFD, FD_CLOEXEC);
	fcntl(agent[0], F_SETFD, FD_CLOEXEC);
	m->qmp = qmp[0];
	m->agent = agent[0];
	m->pid = fork();
	if (m->pid < 0)
		return -errno;
	if (!m->pid)
		run_qemu(o, qmp[1], agent[1]);
	close(qmp[1]);
	close(agent[1]);
	ret = qmp_command(m, "{\"execute\":\"qmp_capabilities\"}");
	return ret ?: nested_up(m);
}

int nested_wait(struct nested *m)
{
	int status;

	if (m->pid <= 0)
		return -ECHILD;
	status = wait_child(m->pid, nested_limit(m));
	m->pid = 0;
	return status;
}

int nested_end(struct nested *m)
{
	int status = 0;

	if (m->pid > 0) {
		kill(m->pid, SIGKILL);
		status = nested_wait(m);
	}
	close(m->qmp);
	close(m->agent);
	return status;
}

const char *nested_complaints(void)
{
	static char all[4096];
	char line[512];
	size_t n = 0;
	FILE *f = fopen(NESTED_MESSAGES, "re");

	all[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		/* Who asked it to end; and, each time that a group goes, that there is no KVM */
		if (strstr(line, "terminating on signal") ||
		    strstr(line, "KVM VFIO device isn't created yet"))
			continue;
		n += snprintf(all + n, sizeof(all) - n, "%s", line);
		if (n >= sizeof(all))
			break;
	}
	if (f)
		fclose(f);
	return all;
}
