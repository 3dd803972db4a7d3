#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a vendor's description of a function means, line by line, and what is refused."""
import contextlib
import io
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import described

GOOD = """
# a comment, and "a string"
vendor-id = 0x1234
device-id = 0x5678	# behind a value
bar0 = 1M
register = 0 0x40 0x0 0x1
property = acme,base BASE
property = acme,size SIZE
property = acme,name "a # in it" 7
aperture = 96G usable 95G reserved 1G wc
aperture = 64M usable 48M reserved 16M uc
aperture = 1G usable 1G
ready-timeout-ms = 5000
"""


def run(arch, text):
    """Status, output by key, errors."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file, \
            contextlib.redirect_stdout(io.StringIO()) as stdout, \
            contextlib.redirect_stderr(io.StringIO()) as stderr:
        file.write(text)
        file.flush()
        status = described.main([arch, file.name, "acme"])
        said = stderr.getvalue().removeprefix(f"lab: error: {file.name}: ")
    return status, dict(line.split("=", 1) for line in stdout.getvalue().splitlines()), said


class Described(unittest.TestCase):
    maxDiff = None

    def refused(self, line, message, text=GOOD):
        status, lines, said = run("arm64", text + line)
        self.assertEqual((status, lines), (1, {}))
        self.assertIn(message, said)

    def without(self, begin):
        return "\n".join(line for line in GOOD.splitlines() if not line.startswith(begin))

    def test_largest_that_fits(self):
        status, lines, said = run("amd64", GOOD)
        self.assertEqual((status, said), (0, ""))
        self.assertEqual(lines["aperture"], "0x40000000")
        self.assertEqual(lines["reserve"], "0x10000000+0x40000000")
        self.assertEqual(lines["function"],
                         "name=acme,bdf=0000:00:04.0,driver=acme,use=0x10000000+0x40000000,"
                         "ready=bar,limit=5000,block=0xff000")
        lines = run("arm64", GOOD)[1]
        self.assertEqual(lines["reserve"], "0x200000000+0x1800000000")
        self.assertIn(",use=0x200000000+0x17c0000000,res=0x19c0000000+0x40000000,type=wc,",
                      lines["function"])

    def test_none_fits(self):
        text = self.without("aperture") + "\naperture = 8G usable 8G\n"
        self.assertEqual(run("amd64", text), (3, {}, ""))
        self.assertEqual(run("arm64", text)[0], 0)

    def test_device(self):
        spec = run("amd64", GOOD + "no-flr\nclass = 0x030200\ndvsec = 0x1234 7 1 01 fe\n"
                           "reset-ready-ms = 200\nbar2 = 64M\nregister = 2 8 0 1\n")[1]["device"]
        self.assertEqual(
            spec, "model=described,slot=4,prop=none,vendor-id=0x1234,device-id=0x5678,"
                  "class=0x30200,bar0=1048576,bar2=67108864,bar4=0,reset-ready-ms=200,no-flr,"
                  "register=0:0x40:0x0:0x1,register=2:0x8:0x0:0x1,dvsec=0x1234:0x7:1:01fe,"
                  "test-block=0xff000,dsd.acme,base=0x10000000,dsd.acme,size=0x40000000,"
                  'dsd.acme,name="a # in it":7')

    def test_no_registers(self):
        text = self.without("register").replace("bar0 = 1M", "bar0 = 0")
        function = run("arm64", text)[1]["function"]
        self.assertTrue(function.endswith(",type=wc,nomodel"))
        self.assertNotIn("ready=", function)

    def test_refused(self):
        self.refused("speed = 3", "line 14: there is no 'speed'")
        self.refused("vendor-id = 1", "vendor-id is there twice")
        self.refused("bar2 =", "bar2 takes a value")
        self.refused("no-flr = 1", "no-flr takes no value")
        self.refused("bar2 = much", "'much' is not a size")
        self.refused("class = 0x1000000", "more than 24 bits")
        self.refused("register = 1 0 0 1", "BAR is 0, 2 or 4")
        self.refused("register = 0 2 0 1", "a multiple of 4")
        self.refused("register = 0 0 1", "register is BAR OFFSET BEFORE READY")
        self.refused("register = 2 0 0 1", "not in BAR 2")
        self.refused("register = 0 0xff000 0 1", "whose last 4K are the model's own")
        self.refused("dvsec = 1 2 3 4", "bytes of two digits")
        self.refused("property = acme,flag", "property is NAME VALUE")
        self.refused("property = acme,flag maybe", "neither an integer nor")
        self.refused("aperture = 64M", "aperture is SIZE usable SIZE")
        self.refused("aperture = 64M usable 64M reserved 1M wc", "more than there is")
        self.refused("aperture = 64M usable 32M reserved 1M wb", "wc, uc or cached")
        self.refused("aperture = 4K usable 4K", "a multiple of 64K")
        self.refused("", "device-id is missing", self.without("device-id"))
        self.refused("", "aperture is missing", self.without("aperture"))
        self.refused("", "how does the driver find it", self.without("property = acme,base"))


if __name__ == "__main__":
    unittest.main()
