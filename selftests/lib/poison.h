/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger of memory errors as the administrator sees it: sysfs files of the
 * function. Functions return 0 or a positive value, or a negative errno value.
 */
#ifndef COHERENT_POISON_H
#define COHERENT_POISON_H

#include "coherent.h"

#define POISON_LIMIT_MS	20000

struct poison_range {
	u64 offset;		/* from the start of the aperture */
	u64 length;
};

/* Path of one of the files in coherent/ */
const char *poison_path(const struct expect *e, const char *file, char *buf, size_t n);

/* Pages that are recorded */
long poison_count(const struct expect *e);
/* Wait until that many are */
bool poison_wait(const struct expect *e, long pages, u64 ms);
/* The ranges, at most @max; how many there are */
long poison_list(const struct expect *e, struct poison_range *r, size_t max);
/* NULL if it is a list as it must be, and how many pages it covers; else what is wrong */
const char *poison_list_wrong(const struct expect *e, const struct poison_range *r, long n,
			      long *pages);

int poison_clear(const struct expect *e, u64 off, u64 len);
int poison_clear_text(const struct expect *e, const char *text);
int poison_clear_all(const struct expect *e);

int poison_policy_set(const struct expect *e, const char *word);
/* The word in brackets */
int poison_policy_get(const struct expect *e, char *word, size_t n);

/* Ask for (or against) being told early of errors, for the calling thread */
int early_kill(bool on);
/* Wait until this process was told @n times */
bool advice_wait(unsigned int n, u64 ms);
/* Reading there must raise SIGBUS, of a memory error, at that very address; or -1 and @why */
int touch_is_poison(const volatile void *p, unsigned int size, const char **why);

#endif
