// SPDX-License-Identifier: GPL-2.0-only
/* Errors on the PCIe link, as QEMU's root port reports them. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aer.h"
#include "monitor.h"

#define LIMIT_MS	60000
#define AER_SERVICE	"/sys/bus/pci_express/drivers/aer"

/* Does the kernel itself handle what the port above reports? */
static bool aer_native(const char *bdf)
{
	char path[128], real[PATH_MAX], *port, *end;
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (pci_path(path, sizeof(path), bdf, "..") || !realpath(path, real))
		return false;
	/* .. of a link's target: the port's own directory */
	port = strrchr(real, '/') + 1;
	dir = opendir(AER_SERVICE);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir))) {
		end = strstr(entry->d_name, ":pcie");
		found = end && strlen(port) == (size_t)(end - entry->d_name) &&
			!strncmp(entry->d_name, port, strlen(port));
	}
	closedir(dir);
	return found;
}

bool bus_resettable(const char *bdf)
{
	char path[128], methods[128];

	return !pci_path(path, sizeof(path), bdf, "reset_method") &&
	       !sysfs_read(path, methods, sizeof(methods)) && strstr(methods, "bus");
}

const char *aer_impossible(const struct expect *e)
{
	if (!e->hot_reset)
		return "not behind a port of its own";
	if (!aer_native(e->bdf))
		return "firmware leaves AER of the port to nobody (try pcie_ports=native)";
	if (!monitor_is_there())
		return "nobody to make up errors (QEMU's monitor)";
	return NULL;
}

/* The port above is told that it has seen the error */
static int inject(const char *port, const char *error)
{
	char command[200], answer[512];
	int ret;

	snprintf(command, sizeof(command),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":\"pcie_aer_inject_error %s %s\"}}\n",
		 port, error);
	ret = monitor(command, answer, sizeof(answer), now_ms() + LIMIT_MS);
	if (ret || strstr(answer, "OK id"))
		return ret;
	fprintf(stderr, "# monitor: %s", answer);
	return -EPROTO;
}

int aer_error(const struct expect *e, const char *error)
{
	int kmsg = kmsg_open(), ret;
	char line[512];

	if (kmsg < 0)
		return kmsg;
	ret = inject(e->port, error);
	if (!ret)
		ret = kmsg_wait(kmsg, "AER: device recovery ", LIMIT_MS, line, sizeof(line));
	if (!ret && !strstr(line, "recovery successful"))
		ret = -EIO;
	close(kmsg);
	return ret;
}

int err_eventfd(const struct fn *f)
{
	int efd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (efd < 0)
		return -errno;
	ret = fn_irq_eventfd(f, VFIO_PCI_ERR_IRQ_INDEX, efd);
	if (ret)
		close(efd);
	return ret ? ret : efd;
}

bool signalled(int efd)
{
	struct pollfd pfd = { .fd = efd, .events = POLLIN };
	u64 count;

	return poll(&pfd, 1, 0) == 1 && read(efd, &count, sizeof(count)) == sizeof(count);
}

int real_config(const char *bdf, struct real_config *c)
{
	int ret = pci_config_raw(bdf, PCI_COMMAND, &c->command, sizeof(c->command));

	return ret ? ret : pci_config_raw(bdf, PCI_BASE_ADDRESS_0, c->bars, sizeof(c->bars));
}

bool same_config(const struct real_config *a, const struct real_config *b)
{
	return a->command == b->command && !memcmp(a->bars, b->bars, sizeof(a->bars));
}
