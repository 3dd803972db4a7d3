/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_MODEL_JSON_H
#define COHERENT_MODEL_JSON_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * Both take NUL-terminated text. A value is a pointer to its first character;
 * NULL goes in and out where there is none.
 */
bool json_valid(const char *text);
const char *json_member(const char *object, const char *key);
bool json_true(const char *value);
/* A number that is a plain positive integer, else what was given. */
__u64 json_number(const char *value, __u64 otherwise);

#endif /* COHERENT_MODEL_JSON_H */
