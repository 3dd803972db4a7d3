/* SPDX-License-Identifier: GPL-2.0-only */
/* The face of character devices (chardev/), as module.c knows it. */
#ifndef COHERENT_CORE_CHARDEV_H
#define COHERENT_CORE_CHARDEV_H

int coherent_chardev_init(void);
void coherent_chardev_exit(void);

#endif /* COHERENT_CORE_CHARDEV_H */
