#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""device.py ARCH SPEC...: what --device SPEC of scripts/lab/run means for the
device model, for QEMU and for the ACPI table that describes all devices of a run.

  model=gh200|gb200|gb300|plain   the function (required); model=qemu:DRIVER is one
                        of QEMU's own devices instead, other keys its properties
  slot=N                PCI device number on the root bus, 1 to 27
  port=NAME             put it behind a root port of that id, at this slot
  base=, size=          the aperture, as _DSD properties
  prop=nvidia|coherent|none       how these are called (default: nvidia)
  gi=N:N...             it is a generic initiator in these proximity domains (ACPI's
                        SRAT); the machine's memory and CPUs are in domain 0
  dsd.KEY=VALUE         any other property, or another value for one of the
                        above: an integer, a "string" without commas, these with
                        colons between them (a list, of one if a colon is its
                        end), or nothing (left out)
  KEY[=VALUE]           all else goes to the model, as --KEY[=VALUE]

Prints words, each ended by a zero byte: "qemu=" and an argument for QEMU, "model="
and the options of a model, quoted for a shell, "domain=" and a proximity domain that
the machine must have, "table=" and the source of the table, if any device has properties.
"""
import dataclasses
import json
import re
import shlex
import sys

# QEMU's x86 DSDT is of revision 1, which cuts all integers to 32 bits, silently
INTEGER_BITS = {"amd64": 32, "arm64": 64}
PREFIXES = {"nvidia": "nvidia,gpu-mem", "coherent": "coherent,mem", "none": ""}
SHIFTS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}

# No leading zero: to some who read it that is octal
NUMBER = r"0[xX][0-9a-fA-F]+|0|[1-9][0-9]*"
SIZE = re.compile(rf"({NUMBER})([KMGT]?)", re.IGNORECASE)
SLOT = re.compile(r"[1-9]|1[0-9]|2[0-7]")
PORT = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")   # what QEMU takes for an id
PROPERTY = re.compile(r'[!#-\[\]-~]+')          # printable, no quotes or backslashes
STRING = re.compile(r'"(?:[ !#-\[\]-~]|\\[!-~])*"')
DOMAINS = re.compile(r"[1-9][0-9]?(:[1-9][0-9]?)*")
# One of a list, up to a colon that is not inside a string
ELEMENT = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^:])*):')


class WrongSpec(Exception):
    """What is wrong, for a person."""


def fits(text, number, bits, why=""):
    if number >> bits:
        raise WrongSpec(f"{text} does not fit in {why or f'{bits} bits'}")


def size(text):
    """A number with an optional K, M, G or T as a plain number; text both."""
    match = SIZE.fullmatch(text)
    if not match:
        raise WrongSpec(f"'{text}' is not a size or an address")
    number, suffix = match.groups()
    value = int(number, 0) << SHIFTS[suffix.upper()]
    fits(text, value, 64)
    return str(value) if suffix else number


def acpi_scalar(arch, text):
    if STRING.fullmatch(text):
        return text
    if not re.fullmatch(NUMBER, text):
        raise WrongSpec(f"'{text}' is neither an integer nor a \"string\"")
    bits = INTEGER_BITS[arch]
    fits(text, int(text, 0), bits,
         "the 32 bits that x86 guests have for it" if bits == 32 else "")
    return text


def acpi_value(arch, key, text):
    """The value of a property in ACPI's source language."""
    try:
        elements = ELEMENT.findall(text.removesuffix(":") + ":")
        values = [acpi_scalar(arch, element) for element in elements]
    except WrongSpec as wrong:
        raise WrongSpec(f"_DSD property {key}: {wrong}") from None
    if len(values) > 1 or text.endswith(":"):
        return f"Package () {{ {', '.join(values)} }}"
    return values[0]


def items(spec):
    """What is between the commas, as (key, value, all of it). Names of properties
    have commas in them."""
    parts = spec.removesuffix(",").split(",") if spec else []
    pending = ""
    for part in parts:
        item = pending + part
        pending = ""
        if item.startswith("dsd.") and "=" not in item:
            pending = item + ","
            continue
        key, _, value = item.partition("=")
        if not key:
            raise WrongSpec("an empty item")
        yield key, value, item
    if pending:
        raise WrongSpec(f"{pending[:-1]} has no value")


@dataclasses.dataclass
class Device:
    """One SPEC, checked."""
    model: str = ""
    slot: str = ""
    port: str = ""
    base: str = ""
    size: str = ""
    prop: str = "nvidia"
    gi: str = ""
    dsd: dict = dataclasses.field(default_factory=dict)
    rest: list = dataclasses.field(default_factory=list)

    @classmethod
    def parse(cls, spec):
        device = cls()
        for key, value, item in items(spec):
            if key in ("base", "size"):
                setattr(device, key, size(value))
            elif key in ("model", "slot", "port", "prop", "gi"):
                setattr(device, key, value)
            elif key.startswith("dsd."):
                device.dsd[key.removeprefix("dsd.")] = value
            else:
                device.rest.append(item)
        device.check()
        return device

    def check(self):
        if not self.model:
            raise WrongSpec("model= is missing")
        if not SLOT.fullmatch(self.slot):
            raise WrongSpec("slot= must be 1 to 27")
        if self.port and not PORT.fullmatch(self.port):
            raise WrongSpec("port= must be a letter, then letters, digits, '.', '_' or '-'")
        if self.prop not in PREFIXES:
            raise WrongSpec("prop= is nvidia, coherent or none")
        if self.gi and not DOMAINS.fullmatch(self.gi):
            raise WrongSpec("gi= is proximity domains, 1 to 99, with colons between them")
        for key in self.dsd:
            if not PROPERTY.fullmatch(key):
                raise WrongSpec(f"dsd.{key}= does not name a property")

    def properties(self):
        """Name and value, base and size under the names that firmware gives them."""
        wanted = dict(self.dsd)
        prefix = PREFIXES[self.prop]
        for name, value in ((f"{prefix}-base-pa", self.base), (f"{prefix}-size", self.size)):
            if prefix and value:
                wanted.setdefault(name, value)
        return {key: value for key, value in wanted.items() if value}

    def table(self, arch):
        """This device's part of the ACPI table. QEMU's own table has a node for each
        function that is plugged; a second one with the same _ADR would be ignored,
        so properties are added to QEMU's."""
        properties = self.properties()
        if not properties:
            return ""
        scope = f"\\_SB.PCI0.S{int(self.slot) << 3:02X}" + (".S00" if self.port else "")
        lines = [f"External ({scope}, DeviceObj)",
                 f"Scope ({scope}) {{",
                 "Name (_DSD, Package () {",
                 'ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"), Package () {']
        lines += [f'Package () {{ "{key}", {acpi_value(arch, key, value)} }},'
                  for key, value in properties.items()]
        return "\n".join(lines + ["} }) }", ""])

    def model_options(self, socket):
        """None where QEMU itself has the device."""
        if self.model.startswith("qemu:"):
            return None
        return shlex.join([f"--socket={socket}", f"--model={self.model}"] +
                          [f"--{item}" for item in self.rest])

    def domains(self):
        return self.gi.split(":") if self.gi else []

    def initiators(self):
        """What makes it one: QEMU's arguments."""
        words = []
        for domain in self.domains():
            words += ["-object", f"acpi-generic-initiator,id=gi{self.slot}-{domain},"
                                 f"pci-dev={self.name()},node={domain}"]
        return words

    def name(self):
        return f"gi{self.slot}"

    def qemu(self, socket):
        """QEMU's arguments."""
        words, bus, addr = [], "pcie.0", f"0x{int(self.slot):x}"
        if self.port:
            words += ["-device", f"pcie-root-port,x-speed=5,id={self.port},bus=pcie.0,"
                                 f"addr={addr},chassis={self.slot},slot={self.slot}"]
            bus, addr = self.port, "0x0"
        if self.model.startswith("qemu:"):
            driver = self.model.removeprefix("qemu:")
            name = [f"id={self.name()}"] if self.gi else []
            return words + ["-device", ",".join([driver, f"bus={bus}", f"addr={addr}"] +
                                                name + self.rest)] + self.initiators()
        options = {"driver": "vfio-user-pci", "bus": bus, "addr": addr,
                   "socket": {"type": "unix", "path": socket}}
        if self.gi:
            options["id"] = self.name()
        return words + ["-device", json.dumps(options, separators=(",", ":"))] + \
            self.initiators()


def describe(arch, specs):
    """The words for all devices of a run."""
    qemu, models, tables, domains = [], [], "", []
    for spec in specs:
        socket = f"model-{len(models)}.sock"
        try:
            device = Device.parse(spec)
            tables += device.table(arch)
        except WrongSpec as wrong:
            raise WrongSpec(f"--device {spec}: {wrong}") from None
        qemu += device.qemu(socket)
        domains += [domain for domain in device.domains() if domain not in domains]
        options = device.model_options(socket)
        if options is not None:
            models.append(options)
    words = [f"qemu={word}" for word in qemu] + [f"model={options}" for options in models]
    words += [f"domain={domain}" for domain in sorted(domains, key=int)]
    if tables:
        words.append('table=DefinitionBlock ("", "SSDT", 2, "LAB", "DEVICES", 1)\n'
                     f"{{\n{tables}}}\n")
    return words


def main(arguments):
    try:
        words = describe(arguments[0], arguments[1:])
    except WrongSpec as wrong:
        print(f"lab: error: {wrong}", file=sys.stderr)
        return 1
    sys.stdout.write("".join(word + "\0" for word in words))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
