// SPDX-License-Identifier: GPL-2.0-only
/* The ledger of memory errors, through sysfs, and how a process hears of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "poison.h"
#include "settle.h"

const char *poison_path(const struct expect *e, const char *file, char *buf, size_t n)
{
	char name[64];

	snprintf(name, sizeof(name), "coherent/%s", file);
	pci_path(buf, n, e->bdf, name);
	return buf;
}

long poison_count(const struct expect *e)
{
	char path[128], text[32], *end;
	long n;
	int ret = sysfs_read(poison_path(e, "poison_count", path, sizeof(path)), text,
			     sizeof(text));

	if (ret)
		return ret;
	n = strtol(text, &end, 10);
	return end == text || *end ? -EINVAL : n;
}

struct awaited {
	const struct expect *e;
	long pages;
};

static bool count_reached(void *arg)
{
	const struct awaited *a = arg;

	return poison_count(a->e) == a->pages;
}

bool poison_wait(const struct expect *e, long pages, u64 ms)
{
	struct awaited a = { e, pages };

	return wait_for(count_reached, &a, ms);
}

long poison_list(const struct expect *e, struct poison_range *r, size_t max)
{
	size_t n = max * sizeof(*r), have = 0;
	char path[128];
	ssize_t got = 1;
	int fd = open(poison_path(e, "poison_ranges", path, sizeof(path)),
		      O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while (have < n && got > 0) {
		got = read(fd, (char *)r + have, n - have);
		if (got < 0)
			got = -errno;
		else
			have += got;
	}
	close(fd);
	if (got < 0)
		return got;
	return have % sizeof(*r) ? -EINVAL : (long)(have / sizeof(*r));
}

const char *poison_list_wrong(const struct expect *e, const struct poison_range *r, long n,
			      long *pages)
{
	u64 page = page_size(), end = 0, all = e->use.len + e->res.len;

	*pages = 0;
	for (long i = 0; i < n; i++) {
		if (!r[i].length || r[i].offset % page || r[i].length % page)
			return "not whole pages";
		if (r[i].offset >= all || r[i].length > all - r[i].offset)
			return "outside the aperture";
		if (i && r[i].offset < end)
			return "not ascending";
		if (i && r[i].offset == end)
			return "not merged";
		end = r[i].offset + r[i].length;
		*pages += r[i].length / page;
	}
	return NULL;
}

int poison_clear_text(const struct expect *e, const char *text)
{
	char path[128];
	int ret = settle();

	return ret ? ret : sysfs_write(poison_path(e, "poison_clear", path, sizeof(path)), text);
}

int poison_clear(const struct expect *e, u64 off, u64 len)
{
	char text[64];

	snprintf(text, sizeof(text), "%#llx+%#llx", (unsigned long long)off,
		 (unsigned long long)len);
	return poison_clear_text(e, text);
}

int poison_clear_all(const struct expect *e)
{
	return poison_clear_text(e, "all");
}

int poison_policy_set(const struct expect *e, const char *word)
{
	char path[128];

	return sysfs_write(poison_path(e, "poison_policy", path, sizeof(path)), word);
}

int poison_policy_get(const struct expect *e, char *word, size_t n)
{
	char path[128], text[64], *begin, *end;
	int ret = sysfs_read(poison_path(e, "poison_policy", path, sizeof(path)), text,
			     sizeof(text));

	if (ret)
		return ret;
	begin = strchr(text, '[');
	end = begin ? strchr(begin, ']') : NULL;
	if (!end || strchr(end, '['))
		return -EINVAL;
	snprintf(word, n, "%.*s", (int)(end - begin - 1), begin + 1);
	return 0;
}

int early_kill(bool on)
{
	int ret = prctl(PR_MCE_KILL, PR_MCE_KILL_SET,
			on ? PR_MCE_KILL_EARLY : PR_MCE_KILL_LATE, 0, 0);

	return ret ? -errno : 0;
}

static bool told(void *arg)
{
	return advice_count() >= *(unsigned int *)arg;
}

bool advice_wait(unsigned int n, u64 ms)
{
	return wait_for(told, &n, ms);
}

int touch_is_poison(const volatile void *p, unsigned int size, const char **why)
{
	struct fault_seen seen;

	*why = NULL;
	if (!touch_read(p, size, NULL, &seen))
		*why = "it can be read";
	else if (seen.sig != SIGBUS || seen.code != BUS_MCEERR_AR)
		*why = "another signal or code";
	else if (seen.addr != p)
		*why = "not the address that was touched";
	else if (1ULL << seen.lsb != page_size())
		*why = "not a page";
	return *why ? -1 : 0;
}
