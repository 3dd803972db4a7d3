// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_nth [-o MODULE] FILE [OPTION...]: load the module in FILE while the first,
 * the second, ... allocation fails, until it loads without reaching the failing
 * one; not of those that the kernel's loader makes for itself. With -o only those
 * count that MODULE, which is loaded, has asked for: not what is deep in the
 * kernel, which does not get over everything. In between nothing may be left of
 * the module; in the end it is loaded.
 *
 * Status 2 where the kernel cannot inject failures.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failnth.h"

#define MOST		5000	/* a module with more allocations has a bug */

/*
 * The fault injector's own functions and the allocator's, and two of the kernel's
 * that the module has called. Further down the kernel has bugs of its own:
 * pci-host-bridge-put.md and pci-device-add.md in Documentation/kernel-bugs.
 */
#define DEPTH		6

/* Software functions stand in PCI domains above those of real ones */
static int functions(void)
{
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir)))
		n += strlen(entry->d_name) > strlen("0000:00:00.0");
	closedir(dir);
	return n;
}

/* Anything of ours, wherever it is: nobody has loaded a device's driver */
static bool claimed(void)
{
	FILE *iomem = fopen("/proc/iomem", "re");
	bool found = false;
	char line[256];

	while (iomem && !found && fgets(line, sizeof(line), iomem))
		found = strstr(line, "coherent");
	if (iomem)
		fclose(iomem);
	return !iomem || found;
}

/* foo-bar.ko is module foo_bar */
static void name_of(const char *file, char *name, size_t n)
{
	const char *base = strrchr(file, '/');

	snprintf(name, n, "%s", base ? base + 1 : file);
	name[strcspn(name, ".")] = 0;
	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
}

static const char *whats_left(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	if (!access(path, F_OK))
		return "the module";
	if (functions())
		return "a function";
	if (claimed())
		return "a claim in /proc/iomem";
	return NULL;
}

/* Loaded in spite of a failure is fine, too: away with it */
static int try_nth(int nth, int n, const char *file, const char *name, const char *options,
		   bool *failed)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), ret;
	const char *left;

	if (fd < 0) {
		perror(file);
		return -1;
	}
	failnth_arm(nth, n);
	ret = syscall(SYS_finit_module, fd, options, 0) ? -errno : 0;
	*failed = failnth_disarm(nth);
	close(fd);
	if (!*failed) {
		if (ret)
			fprintf(stderr, "# %s does not load: %s\n", name, strerror(-ret));
		return ret;
	}
	if (!ret && syscall(SYS_delete_module, name, O_NONBLOCK)) {
		fprintf(stderr, "# failure %d: cannot be removed: %s\n", n, strerror(errno));
		return -1;
	}
	left = whats_left(name);
	if (left)
		fprintf(stderr, "# failure %d (loading gave %d): %s is left\n", n, ret, left);
	return left ? -1 : 0;
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	char options[512] = "", name[64];
	int nth = failnth_open(), opt, n;
	bool failed = true;
	int ret = 0;

	if (nth < 0)
		return 2;
	while ((opt = getopt(argc, argv, "+o:")) == 'o')
		only = optarg;
	if (opt != -1 || optind == argc)
		return 1;
	for (int i = optind + 1; i < argc; i++)
		snprintf(options + strlen(options), sizeof(options) - strlen(options), "%s ",
			 argv[i]);
	name_of(argv[optind], name, sizeof(name));
	if (failnth_all() || (only ? failnth_only(only, DEPTH) : failnth_only_at_load())) {
		fprintf(stderr, "# failures cannot be set up\n");
		return 1;
	}
	for (n = 0; !ret && failed && n < MOST; n++)
		ret = try_nth(nth, n + 1, argv[optind], name, options, &failed);
	failnth_only(NULL, FAILNTH_DEEPEST);
	/* The last one did not reach its failure */
	printf("# %s: %d failures injected\n", name, n - !failed);
	/* None at all means that nothing was tried */
	return ret || failed || n < 2;
}
