/* SPDX-License-Identifier: GPL-2.0-only */
/* When an error that was made up has been told by all who tell of it. */
#ifndef COHERENT_SETTLE_H
#define COHERENT_SETTLE_H

#include "coherent.h"

/* memory_failure() is about to hear of a page of an aperture; 0 or a negative errno value */
int settle_expect(void);
/* Wait until it has heard of all of them; 0 or -ETIME */
int settle(void);

#endif
