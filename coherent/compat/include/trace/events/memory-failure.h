/* SPDX-License-Identifier: GPL-2.0-only */
/* Until 6.18 memory_failure_event was declared there */
#include <ras/ras_event.h>
