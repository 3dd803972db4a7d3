#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# steps.py SOCKET SYMBOLS FUNCTION CALL STEPS: makes a function of the kernel slow, once.
# The CPU that calls it the CALLth time goes on from there by single steps, STEPS of them,
# in which time passes and interrupts arrive as always: by QEMU's stub for gdb, at SOCKET.
# SYMBOLS is the kernel's System.map.
#
# On x86 it also says who has called the function, and when the first interrupt came.
# If they are disabled, it goes on by more steps to see where that is.
import bisect
import os
import re
import socket
import sys
import time

from messages import say

WAIT = 20			# seconds for QEMU to listen
REACHED = 600			# ... and for the call
ENABLE = 1			# QEMU's flag for a step that holds nothing back
MORE = 50000			# steps at most until an interrupt comes
RIP, EFLAGS, RSP = 16 * 8, 17 * 8, 7 * 8	# in x86's registers as the stub gives them
INTERRUPTS = 1 << 9		# of EFLAGS
ENTRY = re.compile(r"irq_entries_start$|asm_(common_interrupt|sysvec_\w+)$")


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

    def ask(self, text):
        data = text.encode()
        self.socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        return self.answer()

    def command(self, text, want):
        answer = self.ask(text)
        if not answer.startswith(want):
            raise ValueError(f"{text}: {answer or 'not supported'}")

    def step(self):
        self.command("s", "T05")

    def word(self, where):
        return int.from_bytes(bytes.fromhex(self.ask(f"m{where:x},8")), "little")

    def registers(self):
        """Of x86: RIP, RSP, and whether interrupts are enabled."""
        data = bytes.fromhex(self.ask("g"))
        rip, rsp, eflags = (int.from_bytes(data[at:at + size], "little")
                            for at, size in ((RIP, 8), (RSP, 8), (EFLAGS, 4)))
        return rip, rsp, bool(eflags & INTERRUPTS)


class Symbols:
    """The kernel's functions."""

    def __init__(self, path):
        with open(path) as f:
            words = [line.split() for line in f]
        self.all = sorted((int(at, 16), name) for at, kind, name in words if kind in "tT")
        self.starts = [at for at, _ in self.all]

    def address(self, function):
        for at, name in self.all:
            if name == function:
                return at
        raise ValueError(f"the kernel has no function {function}")

    def has(self, function):
        return any(name == function for _, name in self.all)

    def find(self, address):
        at, name = self.all[max(bisect.bisect_right(self.starts, address) - 1, 0)]
        return name, address - at

    def name(self, address):
        return "%s+%#x" % self.find(address)

    def is_entry(self, address):
        return ENTRY.match(self.find(address)[0]) is not None


def go_to(stub, where, call):
    for n in range(call):
        stub.command(f"Z1,{where:x},1", "OK")
        stub.command("c", "T05")
        stub.command(f"z1,{where:x},1", "OK")
        if n + 1 < call:
            stub.step()
    stub.command(f"Qqemu.sstep={ENABLE}", "OK")


def watched_steps(stub, symbols, steps):
    """The same number of steps, and what is to be said of them."""
    rip, rsp, enabled = stub.registers()
    caller = symbols.name(stub.word(rsp))
    disabled, first, step = 0, None, 0
    while step < steps or (first is None and disabled == steps and step < steps + MORE):
        disabled += step < steps and not enabled
        before = rip
        stub.step()
        step += 1
        if first is None:
            rip, _, enabled = stub.registers()
            if symbols.is_entry(rip):
                first = f"the first came in step {step}, at {symbols.name(before)}"
    how = "disabled" if disabled == steps else "enabled"
    return f", called by {caller}, interrupts {how}: " + (first or f"none came in {step} steps")


def main():
    path, symbols, function, call, steps = sys.argv[1:]
    said = ""
    try:
        symbols = Symbols(symbols)
        where = symbols.address(function)
        stub = Stub(path)
        stub.socket.settimeout(REACHED)
        go_to(stub, where, int(call))
        if symbols.has("asm_common_interrupt"):
            said = watched_steps(stub, symbols, int(steps))
        else:
            for _ in range(int(steps)):
                stub.step()
        stub.command("D", "OK")
    except (EOFError, OSError, ValueError) as error:
        say(f"{function} was not slowed down: {error or 'the machine is gone'}")
        sys.exit(1)
    say(f"{function}: {steps} single steps in its call {call}{said}")


main()
