#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""cedt.py BASE+SIZE[/WAYS]... >FILE: ACPI's CXL Early Discovery Table with these windows
for CXL memory (CXL r4.0, 9.18.1), as firmware has it on a machine with such memory. WAYS:
over so many host bridges the window is interleaved, 1 by default."""
import re
import struct
import sys

HOST_BRIDGE = 7     # a number that no _UID is compared with here
SIZE = "0[xX][0-9a-fA-F]+|[0-9]+"
WINDOW = re.compile(rf"({SIZE})\+({SIZE})(?:/([1248]))?")


def window(text):
    match = WINDOW.fullmatch(text)
    if not match:
        sys.exit(f"lab: error: --cxl-window {text}: it is BASE+SIZE[/WAYS], WAYS 1, 2, 4 or 8")
    base, size, ways = (int(part or "1", 0) for part in match.groups())
    if (base | size) & ((256 << 20) - 1) or not size:
        sys.exit(f"lab: error: --cxl-window {text}: not multiples of 256 MiB")
    # Device coherent and volatile memory, as for accelerators
    entry = struct.pack("<QQBBHIHH", base, size, ways.bit_length() - 1, 0, 0, 0, 0x5, 0)
    entry += struct.pack("<I", HOST_BRIDGE) * ways
    return struct.pack("<BBHI", 1, 0, len(entry) + 8, 0) + entry


def host_bridge():
    return struct.pack("<BBHIIIQQ", 0, 0, 32, HOST_BRIDGE, 1, 0, 0, 0x10000)


def table(texts):
    body = host_bridge() + b"".join(window(text) for text in texts)
    header = struct.pack("<4sIBB6s8sI4sI", b"CEDT", 36 + len(body), 1, 0, b"LAB   ",
                         b"WINDOWS ", 1, b"LAB ", 1)
    whole = bytearray(header + body)
    whole[9] = -sum(whole) & 0xff
    return bytes(whole)


if __name__ == "__main__":
    sys.stdout.buffer.write(table(sys.argv[1:]))
