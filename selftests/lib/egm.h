/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that a character device shows: what programs are told of it.
 *
 *   COHERENT_EGM             /dev/egm4
 *   COHERENT_EGM_BASE        its host-physical address
 *   COHERENT_EGM_SIZE        bytes of it
 *   COHERENT_EGM_RETIRED     OFFSET OFFSET: 64 KiB each, which firmware has retired
 */
#ifndef COHERENT_EGM_TESTS_H
#define COHERENT_EGM_TESTS_H

#include "coherent.h"
#include "coherent_egm.h"

#define EGM_RETIRED_SIZE	(64 * KiB)
#define EGM_SHARED		"/sys/module/egm_coherent_vfio/parameters/shared"

/* As EGM_RETIRED_PAGES_LIST has it */
struct egm_list {
	struct egm_retired_pages_list head;
	struct egm_retired_pages_info pages[64];
};

struct egm {
	const char *path;
	u64 size;
	u64 retired[2];
};

/* 0, or -1 where the environment does not say */
int egm_load(struct egm *egm);
/* A file of the device's directory in sysfs; 0 or -errno */
int egm_read(const struct egm *egm, const char *file, char *buf, size_t n);
int egm_write(const struct egm *egm, const char *file, const char *val);
/* An error in the page at @off, by debugfs; and an administrator who knows of its repair */
int egm_inject(const struct egm *egm, u64 off);
int egm_clear(const struct egm *egm, u64 off, u64 len);
/* The file of the device, or -errno */
int egm_open(const struct egm *egm);
u8 *egm_map(int fd, u64 off, u64 len);
/* The list, with room for @argsz bytes of it: 0 or -errno */
int egm_list(int fd, struct egm_list *list, u32 argsz);
/* Has firmware retired this byte? */
bool egm_is_retired(const struct egm *egm, u64 off);

#endif
