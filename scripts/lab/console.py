# SPDX-License-Identifier: GPL-2.0-only
"""The guest's serial line. QEMU writes the file itself, and reads from a FIFO what we type
(qemu.sh): over a socket each character woke us, and QEMU dropped some where we were late,
of a splat perhaps."""
import os
import sys


class Console:
    """What comes, followed up to a line that ends it."""

    def __init__(self, end, verbose):
        self.end = end.encode()
        self.verbose = verbose
        self.done = False
        self.tail = b""
        self.size = 0
        self.log = open("console.log", "ab+", buffering=0)
        os.mkfifo("console.keys")
        # Both ends: QEMU's open would wait for somebody who writes
        self.keys = os.open("console.keys", os.O_RDWR | os.O_NONBLOCK)

    def follow(self):
        """Is there more than there was?"""
        self.log.seek(self.size)
        data = self.log.read()
        self.size += len(data)
        if self.verbose:
            sys.stderr.buffer.write(data.replace(b"\r", b""))
            sys.stderr.buffer.flush()
        self.tail += data
        if self.end in self.tail:
            self.done = True
        self.tail = self.tail[-len(self.end):]
        return bool(data)

    def type(self, key):
        os.write(self.keys, key)
