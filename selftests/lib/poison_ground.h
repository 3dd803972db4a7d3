/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where tests of memory errors begin and end: the function is open, nothing is
 * recorded, the policy is the usual one.
 */
#ifndef COHERENT_POISON_GROUND_H
#define COHERENT_POISON_GROUND_H

#include "inject.h"
#include "poison.h"

#define RW (PROT_READ | PROT_WRITE)

struct poison_ground {
	struct expect e;
	struct fn f;
	size_t page, pmd;
	u64 len;		/* of the usable part, where most tests are */
	u64 all;		/* of the aperture */
	u64 seed;
};

/* Each 0 or -errno */
int ground_open(struct poison_ground *g);
int ground_close(struct poison_ground *g);
/* Is exactly [@off, @off + @len) recorded? */
bool only_recorded(const struct poison_ground *g, u64 off, u64 len);
/* Record @n pages from page number @nr on, by debugfs: it is done on return */
int poison_pages(struct poison_ground *g, u64 nr, u64 n);

/* The page that holds @p is gone for this process; after kselftest_harness.h */
#define EXPECT_POISON(p) do {						\
	const char *_why;						\
	const volatile u8 *_p = (p);					\
									\
	EXPECT_EQ(0, touch_is_poison(_p, 1, &_why)) {			\
		TH_LOG("%p: %s", (void *)_p, _why);			\
	}								\
} while (0)

#endif
