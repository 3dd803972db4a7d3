/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_EGM_H
#define COHERENT_EGM_H

struct coherent_chardev;
struct device;

int egm_read_retired(struct coherent_chardev *chardev, struct device *gpu);

#endif /* COHERENT_EGM_H */
