/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What backends see cannot change while COHERENT_ABI stays: with these, pci/abi.c and
 * chardev/abi.c have the shape that goes with the number.
 */
#ifndef COHERENT_ABI_SHAPE_H
#define COHERENT_ABI_SHAPE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

#include "coherent_abi.h"

#define CHANGED	"changed what backends are built with: raise COHERENT_ABI (coherent_abi.h), then this"

static_assert(COHERENT_ABI == 1, CHANGED);

#define AT(type, member, offset)					\
	static_assert(offsetof(struct type, member) == (offset), CHANGED)
#define SIZE(type, size)						\
	static_assert(sizeof(struct type) == (size), CHANGED)
#define FUNCTION(name, returns, ...)					\
	static_assert(__same_type(name, returns(__VA_ARGS__)), CHANGED)

#endif /* COHERENT_ABI_SHAPE_H */
