/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a backend sets for an aperture, and an administrator may change.
 */
#ifndef COHERENT_POLICY_H
#define COHERENT_POLICY_H

/** enum coherent_scrub_policy - when is the memory cleared for the next user? */
enum coherent_scrub_policy {
	/** @COHERENT_SCRUB_NONE: never; it is the user's, or the device's, affair */
	COHERENT_SCRUB_NONE,
	/** @COHERENT_SCRUB_OPEN: when the function is opened */
	COHERENT_SCRUB_OPEN,
	/** @COHERENT_SCRUB_CLOSE: when it is closed; at the latest at the next open */
	COHERENT_SCRUB_CLOSE,
};

#endif /* COHERENT_POLICY_H */
