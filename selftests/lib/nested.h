/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine in the virtual machine: QEMU, given the function under test,
 * boots a stock kernel with a shell in it that takes commands. What QEMU is and
 * what it boots are in /opt/qemu and /opt/nested (scripts/lab/nested.sh).
 */
#ifndef COHERENT_SELFTESTS_NESTED_H
#define COHERENT_SELFTESTS_NESTED_H

#include "coherent.h"

struct nested_options {
	bool iommufd;		/* and not a type1 container */
	bool tcg;		/* and not KVM */
	bool iommu;		/* has one itself, so that it can give the function away */
	bool firmware;		/* UEFI and ACPI on arm64, where a kernel boots without */
	const char *bdf;	/* of the function; NULL: the machine is given none */
	const char *machine;	/* more options of it, with a comma before each */
	const char *memory;	/* a file that is its memory; NULL: ordinary memory */
	const char *words;	/* instead of bdf: a file of arguments, a word a line */
};

struct nested {
	struct nested_options o;
	pid_t pid;
	int qmp, agent;
	char heard[8192];	/* what came from the monitor and was not looked at yet */
	size_t heard_len;
};

/* Where the function is plugged in, as the machine's monitor calls it */
#define NESTED_FUNCTION		"gpu"
#define NESTED_PORT		"slot1"

/* Files that a run leaves: QEMU's messages, and the guest's console */
#define NESTED_MESSAGES		"/tmp/nested.messages"
#define NESTED_CONSOLE		"/tmp/nested.console"

/* Milliseconds that anything may take in a machine like that */
u64 nested_limit(const struct nested *m);

/* 0 once the guest's shell answers, or -errno: nested_end() is due either way */
int nested_start(struct nested *m, const struct nested_options *o);
/* The shell of a guest that (re)boots answers: 0 or -errno */
int nested_up(struct nested *m);
/* Ends QEMU if need be; its status, as wait() has it, or -errno */
int nested_end(struct nested *m);
/* Ends by itself, as a guest does that was powered off: status or -ETIME */
int nested_wait(struct nested *m);

/*
 * Run a command in the guest, whose output is left in @out (may be NULL): its exit
 * status, or -errno if nothing came back in time.
 */
int nested_sh(struct nested *m, char *out, size_t n, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A command that nothing comes back from, like reboot: 0 or -errno */
int nested_tell(struct nested *m, const char *command);

/* qmp.c: a command as JSON, with its braces: 0, -EREMOTEIO if refused, or -errno */
int qmp_command(struct nested *m, const char *json);
/* An event whose line holds @needle, heard now or before: 0 or -ETIME */
int qmp_event(struct nested *m, const char *needle);

/* What QEMU said, without lines that say nothing of the function; "" is best */
const char *nested_complaints(void);

#endif
