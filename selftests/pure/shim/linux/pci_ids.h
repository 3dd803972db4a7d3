/* SPDX-License-Identifier: GPL-2.0-only */
#define PCI_VENDOR_ID_NVIDIA	0x10de
#define PCI_VENDOR_ID_CXL	0x1e98
