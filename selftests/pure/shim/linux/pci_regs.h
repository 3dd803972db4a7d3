/* SPDX-License-Identifier: GPL-2.0-only */
/* The system's own */
#include_next <linux/pci_regs.h>
