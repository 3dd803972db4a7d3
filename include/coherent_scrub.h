/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clearing policies between tenants: a backend sets the default, and an administrator
 * may change it.
 */
#ifndef COHERENT_SCRUB_H
#define COHERENT_SCRUB_H

/**
 * enum coherent_scrub_policy - when is the memory cleared for the next user?
 */
enum coherent_scrub_policy {
	/** @COHERENT_SCRUB_NONE: never; it is the user's, or the device's, affair */
	COHERENT_SCRUB_NONE,
	/** @COHERENT_SCRUB_OPEN: when the function is opened */
	COHERENT_SCRUB_OPEN,
	/** @COHERENT_SCRUB_CLOSE: when it is closed; at the latest at the next open */
	COHERENT_SCRUB_CLOSE,
};

#endif /* COHERENT_SCRUB_H */
