#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What --device SPEC means, key by key, and what is refused."""
import contextlib
import io
import json
import shlex
import sys
import types
import unittest

sys.dont_write_bytecode = True
import device


def run_device(*arguments):
    """The program's status and output."""
    with contextlib.redirect_stdout(io.StringIO()) as stdout, \
            contextlib.redirect_stderr(io.StringIO()) as stderr:
        status = device.main(list(arguments))
    return types.SimpleNamespace(returncode=status, stdout=stdout.getvalue(),
                                 stderr=stderr.getvalue())


class Case(unittest.TestCase):
    maxDiff = None

    def words(self, arch, *specs):
        """All words of a kind, by kind."""
        done = run_device(arch, *specs)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = {"qemu": [], "model": [], "domain": [], "table": []}
        self.assertTrue(done.stdout.endswith("\0"))
        for word in done.stdout[:-1].split("\0"):
            kind, _, text = word.partition("=")
            found[kind].append(text)
        return found

    def properties(self, arch, spec):
        """The properties' lines, without what is the same in all of them."""
        tables = self.words(arch, "model=plain,slot=5," + spec)["table"]
        return [line.removeprefix("Package () { ").removesuffix(" },")
                for table in tables for line in table.splitlines()
                if line.startswith("Package () {")]

    def refused(self, spec, message, arch="arm64"):
        # One that is right before it: nothing of it may be printed
        done = run_device(arch, "model=plain,slot=1", spec)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", f"lab: error: --device {spec}: {message}\n"))


class Initiator(Case):
    def test_domains(self):
        words = self.words("arm64", "model=gb200,slot=4,gi=2:1", "model=plain,slot=5",
                           "model=qemu:edu,slot=6,gi=10:2")
        self.assertEqual(words["domain"], ["1", "2", "10"])
        objects = [word for word in words["qemu"] if word.startswith("acpi-generic-initiator,")]
        self.assertEqual(objects, [
            "acpi-generic-initiator,id=gi4-2,pci-dev=gi4,node=2",
            "acpi-generic-initiator,id=gi4-1,pci-dev=gi4,node=1",
            "acpi-generic-initiator,id=gi6-10,pci-dev=gi6,node=10",
            "acpi-generic-initiator,id=gi6-2,pci-dev=gi6,node=2"])
        self.assertEqual(json.loads(words["qemu"][1])["id"], "gi4")
        self.assertNotIn("id", json.loads(words["qemu"][7]))
        self.assertIn("edu,bus=pcie.0,addr=0x6,id=gi6", words["qemu"])
        self.assertEqual(self.words("arm64", "model=gb200,slot=4")["domain"], [])

    def test_refused(self):
        for value in "0", "1:", "x", "1:0", "100", "1:2-3":
            self.refused(f"model=gb200,slot=4,gi={value}",
                         "gi= is proximity domains, 1 to 99, with colons between them")


class Function(Case):
    def test_model(self):
        words = self.words("amd64", "model=gh200,slot=4")
        self.assertEqual(words["model"], ["--socket=model-0.sock --model=gh200"])
        self.assertEqual(words["table"], [])
        self.assertEqual(words["qemu"][0], "-device")
        self.assertEqual(json.loads(words["qemu"][1]), {
            "driver": "vfio-user-pci", "bus": "pcie.0", "addr": "0x4",
            "socket": {"type": "unix", "path": "model-0.sock"}})
        self.assertEqual(len(words["qemu"]), 2)

    def test_options(self):
        words = self.words("amd64", "model=gb300,cxl,slot=27,reset-ready-ms=400,bar2=0")
        self.assertEqual(words["model"], ["--socket=model-0.sock --model=gb300 --cxl "
                                          "--reset-ready-ms=400 --bar2=0"])

    def test_options_are_quoted(self):
        words = self.words("amd64", "model=a b,slot=1,say=it's a \"$x\",equals=a=b")
        self.assertEqual(shlex.split(words["model"][0]), [
            "--socket=model-0.sock", "--model=a b", "--say=it's a \"$x\"", "--equals=a=b"])

    def test_many(self):
        words = self.words("amd64", "model=gh200,slot=1", "model=qemu:edu,slot=2",
                           "model=plain,slot=3,bar2=0")
        self.assertEqual(words["model"], ["--socket=model-0.sock --model=gh200",
                                          "--socket=model-1.sock --model=plain --bar2=0"])
        self.assertIn('"path":"model-0.sock"', words["qemu"][1])
        self.assertEqual(words["qemu"][3], "edu,bus=pcie.0,addr=0x2")
        self.assertIn('"path":"model-1.sock"', words["qemu"][5])

    def test_qemu(self):
        words = self.words("amd64", "model=qemu:edu,slot=10,dma_mask=0xff,x-speed=5")
        self.assertEqual(words, {"model": [], "domain": [], "table": [], "qemu": [
            "-device", "edu,bus=pcie.0,addr=0xa,dma_mask=0xff,x-speed=5"]})

    def test_port(self):
        words = self.words("amd64", "model=qemu:edu,slot=10,port=rp-1.a_B",
                           "model=gh200,slot=11,port=gpuport")
        self.assertEqual(words["qemu"][:4], [
            "-device", "pcie-root-port,x-speed=5,id=rp-1.a_B,bus=pcie.0,addr=0xa,chassis=10,"
            "slot=10", "-device", "edu,bus=rp-1.a_B,addr=0x0"])
        self.assertEqual(words["qemu"][5], "pcie-root-port,x-speed=5,id=gpuport,bus=pcie.0,"
                                           "addr=0xb,chassis=11,slot=11")
        self.assertLessEqual({"bus": "gpuport", "addr": "0x0"}.items(),
                             json.loads(words["qemu"][7]).items())

    def test_nothing(self):
        done = run_device("amd64")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_comma_at_the_end(self):
        self.assertEqual(self.words("amd64", "model=plain,slot=4,"),
                         self.words("amd64", "model=plain,slot=4"))

    def test_refused(self):
        self.refused("slot=4", "model= is missing")
        self.refused("", "model= is missing")
        self.refused("model=,slot=4", "model= is missing")
        for slot in ("", ",slot=", ",slot=0", ",slot=28", ",slot=04", ",slot=0x4", ",slot=4x"):
            self.refused("model=plain" + slot, "slot= must be 1 to 27")
        self.refused("model=plain,slot=4,prop=intel", "prop= is nvidia, coherent or none")
        self.refused("model=plain,slot=4,prop=", "prop= is nvidia, coherent or none")
        for port in ("1", "a b", "a\"", "a/b", "-a"):
            self.refused(f"model=plain,slot=4,port={port}",
                         "port= must be a letter, then letters, digits, '.', '_' or '-'")
        self.refused("model=plain,,slot=4", "an empty item")
        self.refused(",model=plain,slot=4", "an empty item")
        self.refused("model=plain,slot=4,=5", "an empty item")


class Properties(Case):
    def test_names(self):
        aperture = "base=0x200000000,size=0x10000"
        self.assertEqual(self.properties("arm64", aperture),
                         ['"nvidia,gpu-mem-base-pa", 0x200000000',
                          '"nvidia,gpu-mem-size", 0x10000'])
        self.assertEqual(self.properties("arm64", "prop=nvidia," + aperture),
                         self.properties("arm64", aperture))
        self.assertEqual(self.properties("arm64", aperture + ",prop=coherent"),
                         ['"coherent,mem-base-pa", 0x200000000', '"coherent,mem-size", 0x10000'])
        self.assertEqual(self.properties("arm64", aperture + ",prop=none"), [])
        self.assertEqual(self.properties("arm64", "base=4096"), ['"nvidia,gpu-mem-base-pa", 4096'])
        self.assertEqual(self.properties("arm64", "size=0"), ['"nvidia,gpu-mem-size", 0'])

    def test_sizes(self):
        for text, plain in (("1k", 1 << 10), ("2M", 2 << 20), ("0x10g", 16 << 30),
                            ("1T", 1 << 40), ("0", "0"), ("0xAbC", "0xAbC"),
                            ("0xffffffffffffffff", "0xffffffffffffffff")):
            self.assertEqual(self.properties("arm64", "size=" + text),
                             [f'"nvidia,gpu-mem-size", {plain}'])

    def test_sizes_refused(self):
        for text in ("", "large", "1 G", "1GB", "0x", "12ab", "010", "-1", "M", "1.5G"):
            for key in ("base", "size"):
                self.refused(f"model=plain,slot=4,{key}={text}",
                             f"'{text}' is not a size or an address")
        self.refused("model=plain,slot=4,size=16777216T", "16777216T does not fit in 64 bits")

    def test_own_name_wins(self):
        for order in ("size=1M,{}", "{},size=1M"):
            own = order.format("dsd.nvidia,gpu-mem-size=7")
            self.assertEqual(self.properties("amd64", own), ['"nvidia,gpu-mem-size", 7'])
            gone = order.format("dsd.nvidia,gpu-mem-size=")
            self.assertEqual(self.properties("amd64", gone), [])

    def test_dsd(self):
        self.assertEqual(self.properties("amd64", "dsd.a,b,c=1,dsd.d=2,bar2=0,dsd.e,,f=3"),
                         ['"a,b,c", 1', '"d", 2', '"e,,f", 3'])

    def test_lists(self):
        for text, value in (("1:0x2:3", "1, 0x2, 3"), ("1:", "1"), ('"a:b":2', '"a:b", 2'),
                            ('1:"b"', '1, "b"'), ('"a":"b"', '"a", "b"')):
            self.assertEqual(self.properties("amd64", "dsd.x=" + text),
                             [f'"x", Package () {{ {value} }}'])

    def test_strings(self):
        for text in ('""', '"8 GiB"', '"a:b"', r'"a \"b\" \\"', '"x=y"', r'"\x41"'):
            self.assertEqual(self.properties("amd64", "dsd.x=" + text), [f'"x", {text}'])

    def test_values_refused(self):
        for text in ("text", "1G", "-1", "0x", "08", "1 2", "'a'", '"', '"a', 'a"', '"a"b"',
                     '"a\\"', '"a\tb"', '"\u00e4"', "1;2"):
            self.refused(f"model=plain,slot=4,dsd.x={text}",
                         f"_DSD property x: '{text}' is neither an integer nor a \"string\"")
        for text, bad in (("1::2", ""), (":1", ""), (":", ""), ("1:two", "two"),
                          ('1:"a', '"a')):
            self.refused(f"model=plain,slot=4,dsd.x={text}",
                         f"_DSD property x: '{bad}' is neither an integer nor a \"string\"")

    def test_names_refused(self):
        self.refused("model=plain,slot=4,dsd.a", "dsd.a has no value")
        self.refused("model=plain,slot=4,dsd.a,bar2", "dsd.a,bar2 has no value")
        for name in ("", 'a"', "a b", "a\\", "a\n"):
            self.refused(f"model=plain,slot=4,dsd.{name}=1", f"dsd.{name}= does not name a property")

    def test_width(self):
        """x86 guests have 32 bits, and an interpreter that does not say so."""
        most, more = "0xffffffff", "0x100000000"
        why = "does not fit in the 32 bits that x86 guests have for it"
        self.assertEqual(self.properties("amd64", "dsd.x=" + most), [f'"x", {most}'])
        self.refused(f"model=plain,slot=4,dsd.x={more}", f"_DSD property x: {more} {why}", "amd64")
        self.refused(f"model=plain,slot=4,dsd.x=1:{more}", f"_DSD property x: {more} {why}",
                     "amd64")
        self.refused("model=plain,slot=4,size=4G",
                     f"_DSD property nvidia,gpu-mem-size: 4294967296 {why}", "amd64")
        self.assertEqual(self.properties("arm64", f"dsd.x={more}"), [f'"x", {more}'])
        self.assertEqual(self.properties("arm64", "dsd.x=0xffffffffffffffff"),
                         ['"x", 0xffffffffffffffff'])
        self.refused("model=plain,slot=4,dsd.x=0x10000000000000000",
                     "_DSD property x: 0x10000000000000000 does not fit in 64 bits")
        # Where it becomes no property it may be what it likes
        self.assertEqual(self.properties("amd64", "size=4G,prop=none"), [])

    def test_table(self):
        table = self.words("amd64", "model=plain,slot=5,base=1,size=2", "model=plain,slot=6",
                           "model=qemu:edu,slot=27,port=rp,dsd.x=3")["table"]
        self.assertEqual(table, ["""\
DefinitionBlock ("", "SSDT", 2, "LAB", "DEVICES", 1)
{
External (\\_SB.PCI0.S28, DeviceObj)
Scope (\\_SB.PCI0.S28) {
Name (_DSD, Package () {
ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"), Package () {
Package () { "nvidia,gpu-mem-base-pa", 1 },
Package () { "nvidia,gpu-mem-size", 2 },
} }) }
External (\\_SB.PCI0.SD8.S00, DeviceObj)
Scope (\\_SB.PCI0.SD8.S00) {
Name (_DSD, Package () {
ToUUID ("daffd814-6eba-4d8c-8a91-bc9bbf4aa301"), Package () {
Package () { "x", 3 },
} }) }
}
"""])


if __name__ == "__main__":
    unittest.main(verbosity=0)
