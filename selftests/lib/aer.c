// SPDX-License-Identifier: GPL-2.0-only
/* Errors on the PCIe link, by way of the kernel's aer_inject. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aer.h"

#define LIMIT_MS	60000
#define AER_SERVICE	"/sys/bus/pci_express/drivers/aer"

/* What drivers/pci/pcie/aer_inject.c takes; it is in no header */
struct aer_error_inj {
	u8 bus, dev, fn;
	u32 uncor_status, cor_status;
	u32 header_log[4];
	u32 domain;
};

/* An open /dev/aer_inject, with the module loaded for it if need be */
static int aer_open(void)
{
	int fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	if (fd >= 0)
		return fd;
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", "aer_inject", NULL);
		_exit(127);
	}
	if (pid < 0 || wait_child(pid, LIMIT_MS))
		return -ENOENT;
	fd = open("/dev/aer_inject", O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

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

const char *aer_impossible(const struct expect *e, int *fd)
{
	*fd = -1;
	if (!e->hot_reset)
		return "not behind a port of its own";
	if (!aer_native(e->bdf))
		return "firmware leaves AER of the port to nobody (try pcie_ports=native)";
	*fd = aer_open();
	if (*fd < 0)
		return "no /dev/aer_inject (CONFIG_PCIEAER_INJECT)";
	/* One report, and lockdep looks at nothing any more */
	if (!access("/proc/lockdep", F_OK))
		return "lockdep does not like aer_inject's own lock";
	return NULL;
}

static int aer_inject(int fd, const char *bdf, u32 uncor)
{
	struct aer_error_inj inj = { .uncor_status = uncor };
	unsigned int domain, bus, dev, fn;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
		return -EINVAL;
	inj.domain = domain;
	inj.bus = bus;
	inj.dev = dev;
	inj.fn = fn;
	return write(fd, &inj, sizeof(inj)) == sizeof(inj) ? 0 : -errno;
}

int aer_error(int fd, const char *bdf, u32 uncor)
{
	int kmsg = kmsg_open(), ret;
	char line[512];

	if (kmsg < 0)
		return kmsg;
	ret = aer_inject(fd, bdf, uncor);
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
