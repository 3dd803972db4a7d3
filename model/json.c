// SPDX-License-Identifier: GPL-2.0-only
/*
 * As much of JSON as the version message needs: is it well formed, and what
 * is the value of a key. Nothing is copied or built; skip_value() finds where
 * a value ends and the rest is written in terms of it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

/* The text comes from another process: do not let it choose our stack. */
#define MAX_DEPTH 16

static const char *skip_value(const char *at, unsigned int depth);

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\r\n");
}

/* Escapes are stepped over, not judged. */
static const char *skip_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	while (*at != '"') {
		if (*at == '\\')
			at++;
		if (!*at++)
			return NULL;
	}
	return at + 1;
}

static const char *skip_digits(const char *at)
{
	return isdigit((unsigned char)*at) ? at + strspn(at, "0123456789") :
					     NULL;
}

static const char *skip_number(const char *at)
{
	at = skip_digits(at + (*at == '-'));
	if (at && *at == '.')
		at = skip_digits(at + 1);
	if (at && (*at == 'e' || *at == 'E')) {
		at++;
		at = skip_digits(at + (*at == '-' || *at == '+'));
	}
	return at;
}

static const char *skip_word(const char *at, const char *word)
{
	return strncmp(at, word, strlen(word)) ? NULL : at + strlen(word);
}

/* The start of the value that belongs to the key at @at, or NULL. */
static const char *skip_key(const char *at)
{
	at = skip_string(at);
	if (!at)
		return NULL;
	at = skip_space(at);
	return *at == ':' ? skip_space(at + 1) : NULL;
}

/* An object or an array, which differ in the keys and the last bracket. */
static const char *skip_list(const char *at, unsigned int depth, bool keys)
{
	const char close = keys ? '}' : ']';

	at = skip_space(at + 1);
	if (*at == close)
		return at + 1;
	for (;;) {
		if (keys)
			at = skip_key(at);
		if (at)
			at = skip_value(at, depth);
		if (!at)
			return NULL;
		at = skip_space(at);
		if (*at == close)
			return at + 1;
		if (*at != ',')
			return NULL;
		at = skip_space(at + 1);
	}
}

static const char *skip_value(const char *at, unsigned int depth)
{
	if (depth == MAX_DEPTH)
		return NULL;
	switch (*at) {
	case '{':
		return skip_list(at, depth + 1, true);
	case '[':
		return skip_list(at, depth + 1, false);
	case '"':
		return skip_string(at);
	case 't':
		return skip_word(at, "true");
	case 'f':
		return skip_word(at, "false");
	case 'n':
		return skip_word(at, "null");
	}
	return skip_number(at);
}

bool json_valid(const char *text)
{
	const char *end = skip_value(skip_space(text), 0);

	return end && !*skip_space(end);
}

const char *json_member(const char *object, const char *key)
{
	size_t len = strlen(key);
	const char *at;

	if (!object)
		return NULL;
	at = skip_space(object);
	if (*at != '{')
		return NULL;
	at = skip_space(at + 1);
	while (*at == '"') {
		const char *value = skip_key(at);

		if (!value)
			return NULL;
		if (!strncmp(at + 1, key, len) && at[len + 1] == '"')
			return value;
		at = skip_value(value, 0);
		if (!at)
			return NULL;
		at = skip_space(at);
		if (*at != ',')
			return NULL;
		at = skip_space(at + 1);
	}
	return NULL;
}

bool json_true(const char *value)
{
	return value && skip_word(value, "true");
}

__u64 json_number(const char *value, __u64 otherwise)
{
	if (!value || !isdigit((unsigned char)*value))
		return otherwise;
	return strtoull(value, NULL, 10);
}
