/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors on the PCIe link (AER), made up by QEMU at the port above, and what can be
 * seen of them.
 */
#ifndef COHERENT_AER_H
#define COHERENT_AER_H

#include "coherent.h"

/* By the names that QEMU has for them */
#define FATAL		"DLP"
#define NOT_FATAL	"POISON_TLP"

/* NULL, or why errors of this function cannot be made up */
const char *aer_impossible(const struct expect *e);
/* Can the kernel reset the bus, with what is on it? Some functions forbid that. */
bool bus_resettable(const char *bdf);
/* The error, and all that the kernel does about it: 0, or -EIO if that failed */
int aer_error(const struct expect *e, const char *error);
/* An eventfd that VFIO signals when it is told of an error, or -errno */
int err_eventfd(const struct fn *f);
/* Has this eventfd been signalled since it was asked last? */
bool signalled(int efd);

/* What the function itself, and not VFIO, says to these */
struct real_config {
	u16 command;
	u8 bars[24];
};

int real_config(const char *bdf, struct real_config *c);
bool same_config(const struct real_config *a, const struct real_config *b);

#endif
