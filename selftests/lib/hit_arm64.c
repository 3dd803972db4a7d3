// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that a process hits, arm64: the report of its firmware is written where the kernel
 * looks for it, and the process loads from where nothing answers, which is a synchronous
 * external abort (SEA) in an emulated machine. What the kernel does with both is its own.
 *
 * ACPI 6.5, 18.3.2.8 (GHESv2) and 18.3.2.9 (notification)
 */
#ifdef __aarch64__
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "cper.h"
#include "hit.h"

#define HEST		"/sys/firmware/acpi/tables/HEST"
#define MEM		"/dev/mem"
/* Between what QEMU's "virt" has at low addresses and the windows of its PCI bridge */
#define UNANSWERED	0x0fff0000

#define SIZE_OF_ACPI_HEADER	36
#define GHES_V2		10
#define NOTIFY_SEA	8

struct gas {
	u8 space, width, offset, access;
	u64 address;
} __attribute__((packed));

struct ghes_v2 {
	u16 type, id, related;
	u8 flags, enabled;
	u32 records, sections, raw_len;
	struct gas status;
	u8 notify, notify_len;
	u8 notify_more[26];
	u32 len;
	struct gas ack;
	u64 ack_preserve, ack_write;
} __attribute__((packed));

/* Where the kernel reads the address of what firmware reports by SEA; 0 for nowhere */
static u64 sea_status(void)
{
	u8 table[4096];
	int fd = open(HEST, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, table, sizeof(table));
	ssize_t at = SIZE_OF_ACPI_HEADER + sizeof(u32);	/* how many there are */
	struct ghes_v2 source;

	if (fd >= 0)
		close(fd);
	/* QEMU's has no others, which have other lengths */
	for (; at + (ssize_t)sizeof(source) <= n; at += sizeof(source)) {
		memcpy(&source, table + at, sizeof(source));
		if (source.type != GHES_V2)
			break;
		if (source.notify == NOTIFY_SEA)
			return source.status.address;
	}
	return 0;
}

const char *hit_missing(void)
{
	if (!kernel_has("sea") || access(MEM, W_OK) || !sea_status())
		return "no external abort can be reported here";
	return NULL;
}

int hit_begin(void)
{
	return 0;
}

void hit_end(void)
{
}

/* The chain of GHES is called before the task goes on */
bool hit_told(void)
{
	return true;
}

/* Two pages of physical memory from the one that has @phys; *@map is for munmap() */
static volatile u8 *map_phys(u64 phys, void **map)
{
	u64 page = sysconf(_SC_PAGESIZE);
	int fd = open(MEM, O_RDWR | O_SYNC | O_CLOEXEC);

	*map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, phys & ~(page - 1));
	if (fd >= 0)
		close(fd);
	return *map == MAP_FAILED ? NULL : (u8 *)*map + (phys & (page - 1));
}

static void unmap_phys(void *map)
{
	munmap(map, 2 * sysconf(_SC_PAGESIZE));
}

/* As device memory: a byte at a time */
static int write_phys(u64 phys, const void *from, size_t n)
{
	void *map;
	volatile u8 *to = map_phys(phys, &map);

	if (!to)
		return -EIO;
	for (size_t i = 0; i < n; i++)
		to[i] = ((const u8 *)from)[i];
	unmap_phys(map);
	return 0;
}

static int read_phys(u64 phys, u64 *value)
{
	void *map;
	volatile u8 *from = map_phys(phys, &map);

	if (!from)
		return -EIO;
	for (size_t i = 0; i < sizeof(*value); i++)
		((u8 *)value)[i] = from[i];
	unmap_phys(map);
	return 0;
}

/* The records behind one another, in one block */
static int report(const u64 *phys, int n)
{
	u8 data[sizeof(struct cper_status_block) +
		HIT_RECORDS * (sizeof(struct cper_data_entry) + sizeof(struct cper_memory_error))];
	size_t len = sizeof(struct cper_status_block);
	struct cper r;
	u64 block;
	int ret;

	for (int i = 0; i < n; i++) {
		size_t more = cper_memory(&r, phys[i], 0, false) - sizeof(r.block);

		/* GHES may not look at what it has had in the last ten seconds, byte for byte */
		r.entry.time = htole64(now_ms());
		memcpy(data + len, &r.entry, more);
		len += more;
	}
	cper_entries(&r.block, n, len - sizeof(r.block));
	memcpy(data, &r.block, sizeof(r.block));
	ret = read_phys(sea_status(), &block);
	return ret ? ret : write_phys(block, data, len);
}

int hit_load(const u64 *phys, int n)
{
	volatile u8 *at;
	void *map;
	int ret;

	if (n < 1 || n > HIT_RECORDS)
		return -EINVAL;
	ret = report(phys, n);
	if (ret)
		return ret;
	at = map_phys(UNANSWERED, &map);
	if (!at)
		return -EIO;
	/* One instruction, which hit_over() knows the length of */
	asm volatile("ldrb wzr, [%0]" : : "r" (at) : "memory");
	unmap_phys(map);
	return 0;
}

void hit_over(void *context)
{
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}
#endif
