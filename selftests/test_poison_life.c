// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the administrator sees and does: the list, the count and who is woken by
 * it, policies, clearing. And what the list survives.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "poison_fixture.h"
#include "trace.h"
#include "witness.h"

/* ---- the list ---- */

TEST_F(poison, list_is_merged_and_ascending)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	static const u64 order[] = { 9, 3, 5, 4, 20, 10, 8 };
	struct poison_range r[8];
	long pages;

	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		ASSERT_EQ(0, poison_pages(g, order[i], 1));
		ASSERT_EQ(i + 1, poison_count(&g->e));
	}
	ASSERT_EQ(3, poison_list(&g->e, r, 8));
	EXPECT_EQ(NULL, poison_list_wrong(&g->e, r, 3, &pages));
	EXPECT_EQ(7, pages);
	EXPECT_EQ(3 * page, r[0].offset);
	EXPECT_EQ(3 * page, r[0].length);
	EXPECT_EQ(8 * page, r[1].offset);
	EXPECT_EQ(3 * page, r[1].length);
	EXPECT_EQ(20 * page, r[2].offset);
	EXPECT_EQ(page, r[2].length);
}

TEST_F(poison, list_can_be_read_in_pieces)
{
	struct poison_ground *g = &self->g;
	struct poison_range r[40], again[40];
	char path[128];
	size_t have;
	ssize_t got;
	int fd;

	ASSERT_EQ(0, inject_many(&g->e, 0, 40, 2 * g->page));
	ASSERT_EQ(40, poison_list(&g->e, r, 40));
	for (size_t piece = 1; piece < 100; piece = piece * 3 + 2) {
		memset(again, 0, sizeof(again));
		fd = open(poison_path(&g->e, "poison_ranges", path, sizeof(path)),
			  O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		for (have = 0; have < sizeof(again); have += got) {
			got = read(fd, (char *)again + have,
				   piece < sizeof(again) - have ? piece : sizeof(again) - have);
			ASSERT_LT(0, got);
		}
		EXPECT_EQ(0, read(fd, &have, 1));
		EXPECT_EQ(0, memcmp(r, again, sizeof(r))) TH_LOG("pieces of %zu", piece);
		close(fd);
	}
}

TEST_F(poison, first_and_last_page_of_the_aperture)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	struct poison_range r[3];

	ASSERT_EQ(0, inject_many(&g->e, 0, 0, 0));
	ASSERT_EQ(0, inject_many(&g->e, g->all - 1, 0, 0));
	EXPECT_EQ(2, poison_count(&g->e));
	ASSERT_EQ(2, poison_list(&g->e, r, 3));
	EXPECT_EQ(0, r[0].offset);
	EXPECT_EQ(page, r[0].length);
	EXPECT_EQ(g->all - page, r[1].offset);
	EXPECT_EQ(page, r[1].length);
}

/* ---- clearing ---- */

TEST_F_TIMEOUT(poison, clearing_a_part_splits_the_range, 60)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page;
	struct poison_range r[4];
	u8 *p;

	p = map_plain(&g->f, USEMEM, 0, 16 * page, RW);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, 16 * page, page, g->seed));
	ASSERT_EQ(0, poison_pages(g, 2, 10));
	ASSERT_EQ(10, poison_count(&g->e));
	ASSERT_EQ(1, poison_list(&g->e, r, 4));
	ASSERT_EQ(0, poison_clear(&g->e, 5 * page, 2 * page));
	EXPECT_EQ(8, poison_count(&g->e));
	ASSERT_EQ(2, poison_list(&g->e, r, 4));
	EXPECT_EQ(2 * page, r[0].offset);
	EXPECT_EQ(3 * page, r[0].length);
	EXPECT_EQ(7 * page, r[1].offset);
	EXPECT_EQ(5 * page, r[1].length);
	EXPECT_EQ(0, check_pages(p + 5 * page, 2 * page, page, g->seed + 5 * page));
	EXPECT_POISON(p + 5 * page - 1);
	EXPECT_POISON(p + 7 * page);
	/* more than is there; then nothing that is there */
	ASSERT_EQ(0, poison_clear(&g->e, 0, 8 * page));
	EXPECT_TRUE(only_recorded(g, 8 * page, 4 * page));
	EXPECT_EQ(0, poison_clear(&g->e, 0, 8 * page));
	EXPECT_EQ(4, poison_count(&g->e));
	ASSERT_EQ(0, poison_clear(&g->e, 0, g->all));
	EXPECT_EQ(0, poison_count(&g->e));
	EXPECT_EQ(0, poison_list(&g->e, r, 4));
	EXPECT_EQ(0, check_pages(p, 16 * page, page, g->seed));
	/* and it can go bad again */
	ASSERT_EQ(0, poison_pages(g, 5, 1));
	EXPECT_POISON(p + 5 * page);
	EXPECT_TRUE(only_recorded(g, 5 * page, page));
	munmap(p, 16 * page);
}

TEST_F(poison, what_cannot_be_cleared_is_refused)
{
	static const char * const texts[] = {
		"", " ", "\n", "none", "ALL", "all of it", "+", "0", "0x1000", "+0x10000",
		"0+", "x+y", "0x10000+0", "1+0x10000", "0+1", "0x8000+0x7fff", "-0x10000+0x10000",
		"0x10000-0x20000", "0x10000+0x10000+0x10000", "0x10000 0x10000",
		"0xffffffffffff0000+0x10000", "0xffffffffffff0000+0x20000",
		"0x10000+0xffffffffffff0000", "99999999999999999999999999+0x10000",
	};
	struct poison_ground *g = &self->g;
	u64 page = g->page;

	ASSERT_EQ(0, poison_pages(g, 1, 1));
	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++) {
		/* a write of no bytes does not even arrive */
		EXPECT_EQ(*texts[i] ? -EINVAL : 0, poison_clear_text(&g->e, texts[i])) {
			TH_LOG("'%s'", texts[i]);
		}
	}
	EXPECT_EQ(-EINVAL, poison_clear(&g->e, g->all, page));
	EXPECT_EQ(-EINVAL, poison_clear(&g->e, 0, g->all + page));
	EXPECT_EQ(-EINVAL, poison_clear(&g->e, g->all - page, 2 * page));
	EXPECT_TRUE(only_recorded(g, page, page));
	EXPECT_EQ(0, poison_clear_text(&g->e, "all\n"));
	EXPECT_EQ(0, poison_count(&g->e));
}

TEST_F(poison, errors_that_cannot_be_are_refused)
{
	static const char * const texts[] = {
		" ", "x", "0 x", "0 1 x", "0 0", "0 1 4096 7", "-1", "0x1000,1", "0 -1",
		"0 2 0", "0xffffffffffffffff", "0 0xffffffffffffffff", "0 2 0xffffffffffffffff",
		"0 3 0x8000000000000000",
	};
	struct poison_ground *g = &self->g;
	char long_text[256], path[128];
	int fd;

	for (unsigned int i = 0; i < ARRAY_SIZE(texts); i++) {
		EXPECT_EQ(-EINVAL, inject_text(&g->e, texts[i])) TH_LOG("'%s'", texts[i]);
	}
	memset(long_text, '0', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	EXPECT_EQ(-EINVAL, inject_text(&g->e, long_text));
	snprintf(path, sizeof(path), "/sys/kernel/debug/coherent-vfio/%s/inject_poison",
		 g->e.bdf);
	fd = open(path, O_WRONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, write(fd, (void *)-page_size(), 8));
	EXPECT_EQ(EFAULT, errno);
	close(fd);
	EXPECT_EQ(-EINVAL, inject_many(&g->e, g->all, 0, 0));
	EXPECT_EQ(-EINVAL, inject_many(&g->e, 0, g->all / g->page + 1, 0));
	EXPECT_EQ(-EINVAL, inject_many(&g->e, g->page, 2, g->all - g->page));
	EXPECT_EQ(0, poison_count(&g->e));
	EXPECT_EQ(0, inject_many(&g->e, g->page, 2, g->all - 2 * g->page));
	EXPECT_EQ(2, poison_count(&g->e));
}

/* ---- policies ---- */

TEST_F(poison, policy_is_one_of_three_words)
{
	static const char * const words[] = { "isolate", "keep", "auto", "isolate\n", "auto\n" };
	static const char * const wrong[] = { " ", "\n", "AUTO", "aut", "autos", "[auto]", "0" };
	struct poison_ground *g = &self->g;
	char word[16], path[128], text[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		ASSERT_EQ(0, poison_policy_set(&g->e, words[i]));
		ASSERT_EQ(0, poison_policy_get(&g->e, word, sizeof(word)));
		EXPECT_EQ(0, strncmp(words[i], word, strlen(word)));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(-EINVAL, poison_policy_set(&g->e, wrong[i])) TH_LOG("'%s'", wrong[i]);
	}
	ASSERT_EQ(0, sysfs_read(poison_path(&g->e, "poison_policy", path, sizeof(path)), text,
				sizeof(text)));
	EXPECT_STREQ("[auto] isolate keep", text);
}

/* What the module's parameter says is for apertures that were never seen before */
TEST_F_TIMEOUT(poison, policy_of_a_known_aperture_stays, 60)
{
	static const char param[] = "/sys/module/coherent_vfio_pci_core/parameters/poison_policy";
	struct poison_ground *g = &self->g;
	char word[16];

	EXPECT_EQ(-EINVAL, sysfs_write(param, "sometimes"));
	ASSERT_EQ(0, sysfs_write(param, "keep"));
	EXPECT_EQ(0, sysfs_read(param, word, sizeof(word)));
	EXPECT_STREQ("keep", word);
	EXPECT_EQ(0, poison_policy_get(&g->e, word, sizeof(word)));
	EXPECT_STREQ("auto", word);
	EXPECT_EQ(0, poison_policy_set(&g->e, "isolate"));
	fn_close(&g->f);
	EXPECT_EQ(0, pci_unbind(g->e.bdf));
	EXPECT_EQ(0, pci_bind(g->e.bdf, g->e.driver));
	EXPECT_EQ(0, sysfs_write(param, "auto"));
	EXPECT_EQ(0, poison_policy_get(&g->e, word, sizeof(word)));
	EXPECT_STREQ("isolate", word);
	ASSERT_EQ(0, poison_policy_set(&g->e, "auto"));
	ASSERT_EQ(0, fn_open(&g->f, g->e.bdf));
}

TEST_F_TIMEOUT(poison, policy_changes_while_mapped, 60)
{
	struct poison_ground *g = &self->g;
	u64 off, page = g->page, n = g->pmd, bad = 2 * page;
	u8 *p;

	p = map_blocks(&g->f, USEMEM, &g->e.use, g->pmd, 1, &off);
	if (!p) {
		off = 0;
		n = 8 * page;
		p = map_plain(&g->f, USEMEM, 0, n, RW);
	}
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mark_pages(p, n, page, g->seed));
	ASSERT_EQ(0, poison_policy_set(&g->e, "keep"));
	ASSERT_EQ(0, inject_many(&g->e, off + bad, 0, 0));
	EXPECT_EQ(1, poison_count(&g->e));
	/* kept: not even a fault */
	EXPECT_EQ(0, faults_of_walk(p, n, page));
	EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, poison_policy_set(&g->e, i ? "isolate" : "auto"));
		EXPECT_POISON(p + bad + 3);
		EXPECT_EQ(0, check_pages(p, bad, page, g->seed));
		EXPECT_EQ(0, check_pages(p + bad + page, n - bad - page, page,
					 g->seed + bad + page));
		ASSERT_EQ(0, poison_policy_set(&g->e, "keep"));
		EXPECT_EQ(0, check_pages(p, n, page, g->seed));
	}
	EXPECT_TRUE(only_recorded(g, off + bad, page));
	munmap(p, n);
}

TEST_F(poison, kept_page_is_told_early_and_can_be_touched)
{
	struct poison_ground *g = &self->g;
	struct witness_map map = { USEMEM, 0, 4 * g->page };
	struct witness w;

	ASSERT_EQ(0, poison_policy_set(&g->e, "keep"));
	ASSERT_EQ(0, witness_start(&w, &g->f, &map, 1, true));
	ASSERT_EQ(0, poison_pages(g, 1, 1));
	EXPECT_TRUE(witness_told(&w, 1, POISON_LIMIT_MS));
	EXPECT_EQ(0, witness_touch(&w, 0, g->page + 1));
	EXPECT_EQ(1, witness_count(&w));
	EXPECT_EQ(0, witness_end(&w));
}

/* ---- who is told of changes ---- */

TEST_F(poison, count_can_be_polled)
{
	struct poison_ground *g = &self->g;
	struct pollfd pfd = { .events = POLLPRI };
	char path[128], text[16] = "";

	pfd.fd = open(poison_path(&g->e, "poison_count", path, sizeof(path)),
		      O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, pfd.fd);
	for (int i = 1; i <= 3; i++) {
		ASSERT_LT(0, pread(pfd.fd, text, sizeof(text) - 1, 0));
		/* the one before may still be on its way */
		while (poll(&pfd, 1, 0) == 1)
			ASSERT_LT(0, pread(pfd.fd, text, sizeof(text) - 1, 0));
		ASSERT_EQ(0, i < 3 ? poison_pages(g, i, 1) : poison_clear_all(&g->e));
		EXPECT_EQ(1, poll(&pfd, 1, POISON_LIMIT_MS));
		EXPECT_TRUE(pfd.revents & POLLPRI);
		memset(text, 0, sizeof(text));
		ASSERT_LT(0, pread(pfd.fd, text, sizeof(text) - 1, 0));
		EXPECT_EQ(i % 3, atoi(text));
	}
	close(pfd.fd);
}

/* One of our device's messages to udev that says so; or -1 */
static int uevent_wait(int fd, const struct expect *e, long count, u64 ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	u64 end = now_ms() + ms;
	char buf[8192], want[64];
	bool ours, said;
	ssize_t n;

	snprintf(want, sizeof(want), "COHERENT_POISON_COUNT=%ld", count);
	while (now_ms() < end) {
		if (poll(&pfd, 1, 100) != 1)
			continue;
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		if (n <= 0)
			continue;
		buf[n] = '\0';
		ours = !strncmp(buf, "change@", 7) && strstr(buf, e->bdf);
		said = false;
		for (char *s = buf; s < buf + n; s += strlen(s) + 1)
			said |= !strcmp(s, want);
		if (ours && said)
			return 0;
	}
	return -1;
}

TEST_F(poison, udev_is_told)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct poison_ground *g = &self->g;
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_EQ(0, poison_pages(g, 4, 3));
	EXPECT_EQ(0, uevent_wait(fd, &g->e, 3, POISON_LIMIT_MS));
	ASSERT_EQ(0, poison_clear(&g->e, 4 * g->page, g->page));
	EXPECT_EQ(0, uevent_wait(fd, &g->e, 2, POISON_LIMIT_MS));
	close(fd);
}

TEST_F(poison, tracepoint_says_where_and_who)
{
	struct poison_ground *g = &self->g;
	char *trace = malloc(1 << 16);

	ASSERT_NE(NULL, trace);
	ASSERT_EQ(0, trace_begin("coherent_vfio/coherent_poison"));
	ASSERT_EQ(0, poison_pages(g, 7, 1));
	ASSERT_EQ(0, trace_end("coherent_vfio/coherent_poison", trace, 1 << 16));
	EXPECT_NE(NULL, strstr(trace, "coherent_poison:"));
	EXPECT_NE(NULL, strstr(trace, g->e.bdf)) TH_LOG("%s", trace);
	EXPECT_NE(NULL, strstr(trace, "debugfs"));
	free(trace);
}

TEST_F_TIMEOUT(poison, log_says_where_and_who, 60)
{
	struct poison_ground *g = &self->g;
	u64 end = now_ms() + POISON_LIMIT_MS;
	char want[96], line[2048] = "";
	int log = kmsg_open(), ret;

	ASSERT_LE(0, log);
	snprintf(want, sizeof(want), "poison at offset %#llx, length %#llx",
		 7ULL * g->page, (unsigned long long)g->page);
	/* Earlier tests may have used up what may be said in a while */
	do {
		ASSERT_EQ(0, poison_clear_all(&g->e));
		ASSERT_EQ(0, poison_pages(g, 7, 1));
		ret = kmsg_wait(log, want, 200, line, sizeof(line));
	} while (ret == -ETIME && now_ms() < end);
	ASSERT_EQ(0, ret);
	EXPECT_NE(NULL, strstr(line, "reported by debugfs"));
	EXPECT_NE(NULL, strstr(line, g->e.bdf));
	close(log);
}

/* ---- what it survives ---- */

TEST_F_TIMEOUT(poison, survives_close_reset_and_unbind, 120)
{
	struct poison_ground *g = &self->g;
	u64 page = g->page, got;
	char word[16];
	u8 *p;

	ASSERT_NE(0, strlen(g->e.driver));
	ASSERT_EQ(0, poison_policy_set(&g->e, "isolate"));
	ASSERT_EQ(0, poison_pages(g, 3, 1));
	for (int step = 0; step < 3; step++) {
		if (step == 1 && !g->e.no_reset) {
			ASSERT_EQ(0, reset_ioctl(&g->f));
		}
		if (step == 1) {
			fn_close(&g->f);
			ASSERT_EQ(0, fn_open(&g->f, g->e.bdf));
		}
		if (step == 2) {
			fn_close(&g->f);
			ASSERT_EQ(0, pci_unbind(g->e.bdf));
			EXPECT_EQ(-ENOENT, poison_count(&g->e));
			ASSERT_EQ(0, pci_bind(g->e.bdf, g->e.driver));
			ASSERT_EQ(0, fn_open(&g->f, g->e.bdf));
		}
		EXPECT_TRUE(only_recorded(g, 3 * page, page)) TH_LOG("step %d", step);
		EXPECT_EQ(1, poison_count(&g->e));
		p = map_plain(&g->f, USEMEM, 0, 8 * page, RW);
		ASSERT_NE(MAP_FAILED, p);
		EXPECT_POISON(p + 3 * page + 1);
		EXPECT_EQ(0, touch_read(p + 2 * page, 8, &got, NULL));
		EXPECT_EQ(-EIO, rd(&g->f, USEMEM, &got, 8, 3 * page));
		munmap(p, 8 * page);
	}
	/* the policy is the aperture's, too */
	ASSERT_EQ(0, poison_policy_get(&g->e, word, sizeof(word)));
	EXPECT_STREQ("isolate", word);
}

TEST_HARNESS_MAIN
