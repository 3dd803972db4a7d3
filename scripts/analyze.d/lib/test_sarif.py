#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The SARIF log: its shape, and what a CI filters and compares by."""
import json
import pathlib
import tempfile
import unittest

import sarif
from report import Finding

# What 2.1.0 has for the objects that are written: property -> (type, must be there).
# No other property is allowed in these.
SHAPES = {
    "log": {"$schema": (str, False), "version": (str, True), "runs": (["run"], True)},
    "run": {"tool": ("tool", True), "automationDetails": ("details", False),
            "columnKind": (str, False), "results": (["result"], False)},
    "tool": {"driver": ("driver", True)},
    "driver": {"name": (str, True), "rules": (["rule"], False)},
    "rule": {"id": (str, True)},
    "details": {"id": (str, False)},
    "result": {"ruleId": (str, False), "ruleIndex": (int, False), "level": (str, False),
               "message": ("message", True), "locations": (["location"], False),
               "partialFingerprints": (dict, False)},
    "message": {"text": (str, False)},
    "location": {"physicalLocation": ("physical", False)},
    "physical": {"artifactLocation": ("artifact", False), "region": ("region", False)},
    "artifact": {"uri": (str, False), "uriBaseId": (str, False)},
    "region": {"startLine": (int, False), "startColumn": (int, False)},
}


class Sarif(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)

    def shaped(self, value, shape):
        if isinstance(shape, list):
            self.assertIsInstance(value, list)
            for item in value:
                self.shaped(item, shape[0])
        elif isinstance(shape, str):
            self.assertLessEqual(set(value), set(SHAPES[shape]), shape)
            for name, (inner, must) in SHAPES[shape].items():
                self.assertTrue(name in value or not must, f"{shape} without {name}")
                if name in value:
                    self.shaped(value[name], inner)
        else:
            self.assertIsInstance(value, shape)

    def log(self, *findings, lanes=()):
        path = self.top / "sarif.json"
        sarif.write(path, lanes or {f.tool for f in findings}, findings, self.top)
        log = json.loads(path.read_text())
        self.shaped(log, "log")
        self.assertEqual(log["version"], "2.1.0")
        self.assertTrue(log["runs"])
        for run in log["runs"]:
            rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
            self.assertEqual(len(rules), len(set(rules)))
            for result in run["results"]:
                self.assertEqual(rules[result["ruleIndex"]], result["ruleId"])
                region = result["locations"][0]["physicalLocation"]["region"]
                self.assertGreaterEqual(region["startLine"], 1)
                self.assertGreaterEqual(region.get("startColumn", 1), 1)
        return log

    def results(self, *findings):
        return [result for run in self.log(*findings)["runs"] for result in run["results"]]

    def rules(self, *findings):
        return [result["ruleId"] for result in self.results(*findings)]

    def prints(self, *findings):
        return [next(iter(result["partialFingerprints"].values()))
                for result in self.results(*findings)]

    def test_rules(self):
        """The name that the tool itself has for what it found."""
        for tool, message, rule in (
                ("coccinelle", "overflow: base comes from outside", "coccinelle/overflow"),
                ("checkpatch", " SPACING: space required", "checkpatch"),
                ("checkpatch", "SPACING: space required", "checkpatch/SPACING"),
                ("w1", "unused variable 'a' [-Wunused-variable]", "w1/unused-variable"),
                ("fanalyzer", "dereference [CWE-476] [-Wanalyzer-null-dereference]",
                 "fanalyzer/analyzer-null-dereference"),
                ("clang", "no prototype [-Werror,-Wmissing-prototypes]",
                 "clang/missing-prototypes"),
                ("w1", "no prototype [-Werror=missing-prototypes]", "w1/missing-prototypes"),
                ("tidy", "a [bugprone-a,-warnings-as-errors]", "tidy/bugprone-a"),
                ("shellcheck", "Double quote [SC2086]", "shellcheck/SC2086"),
                ("w1", "expected ';' before '}'", "w1"),
                ("codespell", "ab ==> abc", "codespell"),
                ("coccinelle", "the tool failed (status 2): a", "coccinelle")):
            self.assertEqual(self.rules(Finding("a.c", 1, tool, message)), [rule], message)

    def test_nothing_found(self):
        """A lane that ran and found nothing closes what it had found; and a log of
        nothing at all is one."""
        log = self.log(lanes=("w1", "clang"))
        self.assertEqual([run["results"] for run in log["runs"]], [[], []])
        self.assertEqual([run["automationDetails"]["id"] for run in log["runs"]],
                         ["analyze/clang/", "analyze/w1/"])
        self.log()

    def test_column(self):
        (self.top / "a.c").write_text("\tint a;\n/* \u00e9 \U0001d11e */ b\n")
        for tool, line, column, want in (
                ("w1", 1, 2, 2), ("w1", 1, 6, 6), ("sparse", 1, 9, 2), ("shellcheck", 1, 13, 6),
                # e with an accent has two bytes, the clef four and two units
                ("w1", 2, 15, 12), ("w1", 1, 0, None), ("w1", 1, 99, None), ("w1", 9, 1, None)):
            result, = self.results(Finding("a.c", line, tool, "bad", column))
            region = result["locations"][0]["physicalLocation"]["region"]
            self.assertEqual(region.get("startColumn"), want, (tool, line, column))

    def test_name_of_a_file(self):
        result, = self.results(Finding("a b/c%.c", 1, "w1", "bad"))
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        self.assertEqual(place["uri"], "a%20b/c%25.c")

    def test_fingerprint_stays(self):
        """... when lines move, are indented anew, or are named in the message."""
        source = self.top / "a.c"
        source.write_text("int a;\n\treturn a + b;\n")
        before = self.prints(Finding("a.c", 2, "coccinelle", "ppos: moved on line 1", 10))
        source.write_text("/* more */\n\nint a;\n  return a  + b;\n")
        after = self.prints(Finding("a.c", 4, "coccinelle", "ppos: moved on line 3", 11))
        self.assertEqual(before, after)

    def test_fingerprint_tells_apart(self):
        (self.top / "a.c").write_text("x = a + b;\nx = a + c;\nx = a + b;\n")
        (self.top / "b.c").write_text("x = a + b;\n")
        prints = self.prints(
            Finding("a.c", 1, "w1", "bad [-Wa]", 1), Finding("a.c", 1, "w1", "bad [-Wb]", 1),
            Finding("a.c", 1, "w1", "worse [-Wa]", 1), Finding("a.c", 2, "w1", "bad [-Wa]", 1),
            Finding("a.c", 3, "w1", "bad [-Wa]", 1), Finding("b.c", 1, "w1", "bad [-Wa]", 1),
            Finding("a.c", 1, "clang", "bad [-Wa]", 1))
        self.assertEqual(len(prints), len(set(prints)))

    def test_fingerprint_of_the_same_twice(self):
        """Of two that are alike the first is the first, wherever they are."""
        source = self.top / "a.c"
        source.write_text("f(a);\nf(a);\n")
        twice = self.prints(Finding("a.c", 2, "w1", "bad", 1), Finding("a.c", 1, "w1", "bad", 1))
        self.assertEqual(len(set(twice)), 2)
        source.write_text("\n\nf(a);\n")
        once = self.prints(Finding("a.c", 3, "w1", "bad", 1))
        self.assertEqual(once, twice[:1])


if __name__ == "__main__":
    unittest.main(verbosity=0)
