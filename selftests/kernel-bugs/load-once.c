// SPDX-License-Identifier: GPL-2.0-only
/*
 * load-once N FILE: loads the module in FILE, while the Nth allocation fails (0: none).
 * Its status is the error's number.
 *
 * busybox's insmod tries another way when the first one fails, and then no allocation
 * fails any more: what it says of the module tells nothing of the failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

int main(int argc, char **argv)
{
	int fd, nth, ret;

	if (argc != 3)
		return 255;
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	nth = failnth_open();
	if (fd < 0 || nth < 0)
		return 255;
	failnth_arm(nth, atoi(argv[1]));
	ret = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	failnth_disarm(nth);
	return ret;
}
