#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""described.py ARCH FILE NAME: what a vendor's description of a function means for
scripts/lab/run and for the tests in the guest. Its driver is NAME-coherent-vfio-pci.

FILE has lines "key = value"; what follows a # is a comment. Numbers may be hexadecimal,
sizes end in K, M, G or T.

  vendor-id, device-id, class     of the function (class: 24 bits)
  bar0, bar2, bar4                sizes, powers of two; 0 or nothing for none. BAR 0 has
                                  registers, the others memory
  register = BAR OFFSET BEFORE READY     32 bits, what they read as while the memory is
                                  not ready, and once it is (any number of lines)
  dvsec = VENDOR ID REVISION BYTE...     bytes in hexadecimal, from offset 0xa on
  property = NAME VALUE           what firmware says: a number, a "string", or BASE or
                                  SIZE for those of the aperture; lists with blanks
  aperture = SIZE usable SIZE [reserved SIZE wc|uc|cached]     what there is, and how
                                  much of it a user must see as BAR 4 and BAR 2 (any
                                  number of lines; BAR 2's begins where BAR 4's ends)
  ready-timeout-ms                as the backend has it
  reset-ready-ms, wake-ready-ms   so long after a reset, or D3hot, the memory is ready
  no-flr, no-reset                there is none of its own (lines without a value)

Of the apertures the largest is taken that the architecture can describe: QEMU's x86
firmware cuts integers to 32 bits, and its memory below that ends at 2 GiB, so that there
it has 1600 MiB at most.

Prints lines: "aperture=SIZE"; "reserve=" and "device=", arguments of scripts/lab/run;
"function=", for functional.sh. Prints nothing, and exits with 3, where the architecture
can describe none of the apertures.
"""
import re
import sys

import device

BASES = {"amd64": 0x10000000, "arm64": 0x200000000}
MOST = {"amd64": 1600 << 20, "arm64": 1 << 40}
SLOT = 4
# Where the model has what tests steer it by: the last page of BAR 0
BLOCK_BYTES = 0x1000
PAGES = 0x10000
ONCE = ("vendor-id", "device-id", "class", "bar0", "bar2", "bar4", "ready-timeout-ms",
        "reset-ready-ms", "wake-ready-ms", "no-flr", "no-reset")
OFTEN = ("register", "dvsec", "property", "aperture")
FLAGS = ("no-flr", "no-reset")
WORD = re.compile(r'"[^"]*"|[^\s"]+')


class Wrong(Exception):
    """What is wrong, for a person."""


def number(text, bits):
    if not re.fullmatch(device.NUMBER, text):
        raise Wrong(f"'{text}' is no number")
    if int(text, 0) >> bits:
        raise Wrong(f"{text} has more than {bits} bits")
    return int(text, 0)


def size(text):
    try:
        return int(device.size(text), 0)
    except device.WrongSpec as wrong:
        raise Wrong(str(wrong)) from None


def comment_off(line):
    """A # within a string begins no comment."""
    return re.sub(r'("[^"]*")|#.*', lambda found: found[1] or "", line).strip()


class Description:
    """A file, checked as far as that goes without an architecture."""

    def __init__(self, text):
        self.once = {}
        self.often = {key: [] for key in OFTEN}
        for at, line in enumerate(text.splitlines(), 1):
            try:
                self.take(comment_off(line))
            except Wrong as wrong:
                raise Wrong(f"line {at}: {wrong}") from None
        self.check()

    def take(self, line):
        if not line:
            return
        key, equals, value = (part.strip() for part in line.partition("="))
        if key not in ONCE + OFTEN:
            raise Wrong(f"there is no '{key}'")
        if bool(equals and value) == (key in FLAGS):
            raise Wrong(f"{key} takes {'no' if key in FLAGS else 'a'} value")
        if key in OFTEN:
            self.often[key].append(getattr(self, "take_" + key)(WORD.findall(value)))
            return
        if key in self.once:
            raise Wrong(f"{key} is there twice")
        self.once[key] = self.take_once(key, value)

    @staticmethod
    def take_once(key, value):
        if key in FLAGS:
            return True
        if key.startswith("bar"):
            return size(value)
        bits = {"class": 24, "vendor-id": 16, "device-id": 16}
        return number(value, bits.get(key, 31))

    @staticmethod
    def take_register(words):
        if len(words) != 4:
            raise Wrong("register is BAR OFFSET BEFORE READY")
        bar, *rest = [number(word, 32) for word in words]
        if bar not in (0, 2, 4) or rest[0] % 4:
            raise Wrong("register: BAR is 0, 2 or 4, OFFSET a multiple of 4")
        return bar, *rest

    @staticmethod
    def take_dvsec(words):
        if len(words) < 3 or not all(re.fullmatch("[0-9a-fA-F]{2}", word)
                                     for word in words[3:]):
            raise Wrong("dvsec is VENDOR ID REVISION and bytes of two digits")
        return [number(word, bits) for word, bits in zip(words[:3], (16, 16, 4))] + words[3:]

    @staticmethod
    def take_property(words):
        if len(words) < 2 or not device.PROPERTY.fullmatch(words[0]):
            raise Wrong("property is NAME VALUE")
        return words

    @staticmethod
    def take_aperture(words):
        if len(words) not in (3, 6) or words[1] != "usable" or words[3:4] not in ([], ["reserved"]):
            raise Wrong("aperture is SIZE usable SIZE [reserved SIZE wc|uc|cached]")
        whole, usable = size(words[0]), size(words[2])
        reserved = size(words[4]) if len(words) == 6 else 0
        if len(words) == 6 and words[5] not in ("wc", "uc", "cached"):
            raise Wrong("aperture: the reserved part is wc, uc or cached")
        if not usable or usable + reserved > whole:
            raise Wrong("aperture: nothing is usable, or more than there is")
        if whole % PAGES:
            raise Wrong("aperture: its size is a multiple of 64K, for kernels with large pages")
        return whole, usable, reserved, words[5] if len(words) == 6 else ""

    def check(self):
        for key in ("vendor-id", "device-id"):
            if not self.once.get(key):
                raise Wrong(f"{key} is missing")
        if not self.often["aperture"]:
            raise Wrong("aperture is missing: what is there to test?")
        if not any("BASE" in words for words in self.often["property"]):
            raise Wrong("no property tells the BASE of the aperture: how does the driver find it?")
        for bar, offset, *_ in self.often["register"]:
            end = self.once.get(f"bar{bar}", 0) - (BLOCK_BYTES if bar == 0 else 0)
            if offset + 4 > end:
                raise Wrong(f"register {offset:#x}: not in BAR {bar}"
                            + (", whose last 4K are the model's own" if not bar else ""))

    def aperture(self, arch):
        """The largest that fits, or None."""
        fit = [aperture for aperture in self.often["aperture"] if aperture[0] <= MOST[arch]]
        return max(fit, default=None)

    def spec(self, arch):
        """For --device of scripts/lab/run."""
        base, whole = BASES[arch], self.aperture(arch)[0]
        words = ["model=described", f"slot={SLOT}", "prop=none"]
        words += [f"{key}={value:#x}" for key, value in self.once.items()
                  if key in ("vendor-id", "device-id", "class")]
        words += [f"bar{bar}={self.once.get(f'bar{bar}', 0)}" for bar in (0, 2, 4)]
        words += [f"{key}={self.once[key]}" for key in ("reset-ready-ms", "wake-ready-ms")
                  if key in self.once]
        words += [key for key in FLAGS if key in self.once]
        words += [f"register={bar}:{':'.join(f'{n:#x}' for n in rest)}"
                  for bar, *rest in self.often["register"]]
        words += [f"dvsec={vendor:#x}:{kind:#x}:{revision}:{''.join(data)}"
                  for vendor, kind, revision, *data in self.often["dvsec"]]
        if self.once.get("bar0"):
            words.append(f"test-block={self.block():#x}")
        stand_for = {"BASE": f"{base:#x}", "SIZE": f"{whole:#x}"}
        words += [f"dsd.{name}=" + ":".join(stand_for.get(value, value) for value in values)
                  for name, *values in self.often["property"]]
        return ",".join(words)

    def block(self):
        return self.once["bar0"] - BLOCK_BYTES

    def function(self, arch, name):
        """For functional.sh: what must be seen."""
        base = BASES[arch]
        _, usable, reserved, memtype = self.aperture(arch)
        words = [f"name={name}", f"bdf=0000:00:{SLOT:02x}.0", f"driver={name}",
                 f"use={base:#x}+{usable:#x}"]
        if reserved:
            words += [f"res={base + usable:#x}+{reserved:#x}", f"type={memtype}"]
        if self.often["register"]:
            words += ["ready=bar", f"limit={self.once.get('ready-timeout-ms', 30000)}"]
        words += [key.replace("-", "") for key in FLAGS if key in self.once]
        words.append(f"block={self.block():#x}" if self.once.get("bar0") else "nomodel")
        return ",".join(words)


def main(arguments):
    if len(arguments) != 3 or arguments[0] not in BASES:
        print("usage: described.py amd64|arm64 FILE NAME", file=sys.stderr)
        return 2
    arch, path, name = arguments
    try:
        with open(path, encoding="utf-8") as file:
            description = Description(file.read())
        if not description.aperture(arch):
            return 3
        device.Device.parse(description.spec(arch)).table(arch)
    except (Wrong, device.WrongSpec) as wrong:
        print(f"lab: error: {path}: {wrong}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"lab: error: {path}: {error.strerror}", file=sys.stderr)
        return 1
    whole = description.aperture(arch)[0]
    print(f"aperture={whole:#x}")
    print(f"reserve={BASES[arch]:#x}+{whole:#x}")
    print(f"device={description.spec(arch)}")
    print(f"function={description.function(arch, name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
