#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# steps.py SOCKET SYMBOLS FUNCTION CALL STEPS: makes a function of the kernel slow, once.
# The CPU that calls it the CALLth time goes on from there by single steps, STEPS of them,
# in which time passes and interrupts arrive as always: by QEMU's stub for gdb, at SOCKET.
# SYMBOLS is the kernel's System.map.
import os
import socket
import sys
import time

from messages import say

WAIT = 20			# seconds for QEMU to listen
REACHED = 600			# ... and for the call
ENABLE = 1			# QEMU's flag for a step that holds nothing back


class Stub:
    def __init__(self, path):
        deadline = time.monotonic() + WAIT
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""

    def answer(self):
        """The next packet."""
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if start >= 0 <= end and len(self.buffer) >= end + 3:
                break
            data = self.socket.recv(4096)
            if not data:
                raise EOFError
            self.buffer += data
        packet = self.buffer[start + 1:end].decode()
        self.buffer = self.buffer[end + 3:]
        self.socket.sendall(b"+")
        return packet

    def command(self, text, want=None):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        answer = self.answer()
        if want and not answer.startswith(want):
            raise ValueError(f"{text}: {answer or 'not supported'}")


def address(symbols, function):
    with open(symbols) as f:
        for line in f:
            words = line.split()
            if words[2] == function:
                return words[0].lstrip("0")
    raise ValueError(f"the kernel has no function {function}")


def slow_down(path, where, call, steps):
    stub = Stub(path)
    stub.socket.settimeout(REACHED)
    for n in range(call):
        stub.command(f"Z1,{where},1", "OK")
        stub.command("c", "T05")
        stub.command(f"z1,{where},1", "OK")
        if n + 1 < call:
            stub.command("s", "T05")
    stub.command(f"Qqemu.sstep={ENABLE}", "OK")
    for _ in range(steps):
        stub.command("s", "T05")
    stub.command("D", "OK")


def main():
    path, symbols, function, call, steps = sys.argv[1:]
    try:
        slow_down(path, address(symbols, function), int(call), int(steps))
    except (EOFError, OSError, ValueError) as error:
        say(f"{function} was not slowed down: {error or 'the machine is gone'}")
        sys.exit(1)
    say(f"{function}: {steps} single steps in its call {call}")


main()
