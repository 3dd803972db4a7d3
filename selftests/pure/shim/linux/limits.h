/* SPDX-License-Identifier: GPL-2.0-only */
/* <limits.h> comes by here, too, for PATH_MAX and the like */
#include_next <linux/limits.h>
#include <linux/types.h>
