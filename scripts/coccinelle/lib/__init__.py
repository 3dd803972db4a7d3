# SPDX-License-Identifier: GPL-2.0-only
"""What scripts/coccinelle/run is made of."""


class Failure(Exception):
    """A tool failed, or was asked for what is not there; a message for a person."""
