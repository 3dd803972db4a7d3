/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process of its own that maps parts of the device and tells what it hears of
 * memory errors, and what it finds when it is asked to touch.
 */
#ifndef COHERENT_WITNESS_H
#define COHERENT_WITNESS_H

#include "poison.h"

#define WITNESS_MAPS	4

struct witness_map {
	unsigned int index;
	u64 off;
	size_t len;
};

struct witness_board;

struct witness {
	pid_t pid;
	struct witness_board *board;
};

/* Maps and touches the first byte of every page; 0 or -errno. At most WITNESS_MAPS maps */
int witness_start(struct witness *w, const struct fn *f, const struct witness_map *map,
		  unsigned int n, bool early);
/* Wait until it was told of @n errors */
bool witness_told(struct witness *w, unsigned int n, u64 ms);
/* How often it was told, once everything that was sent to it has arrived; or -errno */
int witness_count(struct witness *w);
/* Of the last one: where, as an offset into map number *@map; false if in none. And lsb */
bool witness_where(struct witness *w, unsigned int *map, u64 *off, int *lsb);
/* It touches a byte: 0 if that went well, 1 if that was poison, else a negative errno value */
int witness_touch(struct witness *w, unsigned int map, u64 off);
/* Its status: 0 if all was well */
int witness_end(struct witness *w);

#endif
