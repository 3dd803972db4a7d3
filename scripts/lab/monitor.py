# SPDX-License-Identifier: GPL-2.0-only
"""QEMU's monitor."""
import collections
import json
import selectors
import socket


def monitor_error(text):
    return json.dumps({"error": {"desc": text}}).encode() + b"\n"


class Monitor:
    """Passes the guest's monitor commands, one a line, on to QEMU and returns
    QEMU's answers. Not wired up directly: the guest would have to negotiate,
    and UEFI's own driver for the port swallows the greeting. Nothing here waits:
    QEMU may not come to answer before somebody has read the guest's output."""

    def __init__(self, path, selector):
        self.waiting = collections.deque()
        self.input = b""
        self.selector = selector
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        selector.register(self.socket, selectors.EVENT_READ, self.receive)
        self.command(b'{"execute":"qmp_capabilities"}\n')

    def command(self, line, answered=lambda answer: None):
        if self.socket is None:
            answered(monitor_error("the monitor is gone"))
            return
        self.waiting.append(answered)
        self.socket.sendall(line)

    def receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(self.socket)
            self.socket.close()
            self.socket = None
            while self.waiting:
                self.waiting.popleft()(monitor_error("the monitor is gone"))
            return
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "return" in message or "error" in message:
                self.waiting.popleft()(line + b"\n")
