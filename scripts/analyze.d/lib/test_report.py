#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The report itself: suppressions, JUnit's shape, what goes into SARIF."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

REPORT = pathlib.Path(__file__).with_name("report.py")


class Report(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.top = pathlib.Path(folder.name)
        self.results = self.top / "results"
        self.results.mkdir()
        (self.top / "scripts/analyze.d").mkdir(parents=True)
        self.suppressions = self.top / "scripts/analyze.d/suppressions"

    def lane(self, name, out="", status=0, err=""):
        (self.results / f"{name}.out").write_text(out)
        (self.results / f"{name}.err").write_text(err)
        (self.results / f"{name}.status").write_text(f"{name} {status} 3\n")

    def run_report(self, *args):
        done = subprocess.run([sys.executable, str(REPORT), "--source", str(self.top),
                               "--results", str(self.results), *args],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout

    def test_clean(self):
        self.lane("w1")
        code, out = self.run_report()
        self.assertEqual(code, 0)
        self.assertIn("1 lanes, 0 findings, 0 suppressions used", out)

    def test_nothing_ran(self):
        self.assertEqual(self.run_report()[0], 1)

    def test_finding(self):
        self.lane("w1", "a.c:7: w1: bad: very\n")
        code, out = self.run_report()
        self.assertEqual(code, 1)
        self.assertIn("a.c:7: w1: bad: very\n", out)

    def test_tool_failed(self):
        self.lane("w1", status=2, err="no compiler\n")
        code, out = self.run_report()
        self.assertEqual(code, 1)
        self.assertIn("the tool failed (status 2): no compiler", out)

    def test_garbage_is_not_lost(self):
        self.lane("w1", "Segmentation fault\n")
        self.assertEqual(self.run_report()[0], 1)

    def test_suppressed(self):
        self.lane("w1", "a.c:7: w1: bad\n")
        self.suppressions.write_text("# all\nw1 a.c ba+d # it is good\n")
        code, out = self.run_report()
        self.assertEqual(code, 0)
        self.assertIn("1 suppressions used", out)

    def test_suppression_of_another(self):
        self.lane("w1", "a.c:7: w1: bad\n")
        for other in ("clang a.c bad # r", "w1 b.c bad # r", "w1 a.c worse # r"):
            self.suppressions.write_text(other + "\n")
            self.assertEqual(self.run_report()[0], 1)

    def test_suppression_without_reason(self):
        self.lane("w1", "a.c:7: w1: bad\n")
        for text in ("w1 a.c bad", "w1 a.c bad #  "):
            self.suppressions.write_text(text + "\n")
            code, out = self.run_report()
            self.assertEqual(code, 1)
            self.assertIn("suppressions:1: analyze: suppression without a reason", out)
            self.assertIn("a.c:7: w1: bad", out)

    def test_unused_suppression(self):
        self.lane("w1")
        self.suppressions.write_text("w1 a.c bad # r\n")
        code, out = self.run_report()
        self.assertEqual(code, 1)
        self.assertIn("suppresses nothing", out)

    def test_suppression_of_a_lane_that_did_not_run(self):
        self.lane("w1")
        self.suppressions.write_text("clang a.c bad # r\n")
        self.assertEqual(self.run_report()[0], 0)

    def test_inline(self):
        good = {
            "shellcheck": "\t# shellcheck disable=SC2016 # expanded inside\n",
            "tidy": "int a; /* NOLINT(bugprone-x): as the kernel's */\n// NOLINTNEXTLINE why\n",
            "codespell": "a # codespell" ":ignore a # letters\n",
            "coccinelle": "x(); /* coccinelle: ppos: nobody sees it */\n",
            "context": "\t__context_unsafe(/* nobody else knows it */)\n",
        }
        bad = {
            "shellcheck": "# shellcheck shell=sh disable=SC2016\n# shellcheck disable=SC1,SC2 #\n",
            "tidy": "int a; /* NOLINT(bugprone-x) */\nint b; // NOLINT\n",
            "codespell": "a # codespell" ":ignore a\na # codespell" ":ignore\n",
            "coccinelle": "x(); /* coccinelle: ppos: */\n",
            "context": "\t__context_unsafe()\n\t__context_unsafe(/* */)\n",
        }
        for lane in good:
            self.lane(lane)
            (self.top / "a.c").write_text(good[lane])
            code, out = self.run_report()
            count = good[lane].count("\n")
            self.assertEqual(code, 0, out)
            self.assertIn(f" {count} suppressions used (0 of "
                          f"scripts/analyze.d/suppressions, {count} in the code)", out)
            (self.top / "a.c").write_text(bad[lane])
            code, out = self.run_report()
            count = bad[lane].count("\n")
            self.assertEqual(code, 1)
            self.assertEqual([f"a.c:{i + 1}: {lane}: exception without a reason"
                              for i in range(count)], out.splitlines()[:-1])
            (self.results / f"{lane}.status").unlink()

    def test_inline_of_a_lane_that_did_not_run(self):
        self.lane("w1")
        (self.top / "a.sh").write_text("# shellcheck disable=SC2016\n")
        self.assertEqual(self.run_report()[0], 0)

    def test_what_is_no_suppression(self):
        self.lane("shellcheck")
        (self.top / "a").write_text("# shellcheck source=a\n`# shellcheck disable=SC1`\n")
        (self.top / "c.md").write_text("    # shellcheck disable=SC1\n")
        (self.top / "b").write_bytes(b"\xff\0\n")
        self.assertIn(" 0 suppressions used", self.run_report()[1])

    def test_prefix(self):
        self.lane("w1", "coherent/b.c:1: w1: ours\nbackends/subject/a.c:7: w1: theirs\n")
        (self.top / "backends/subject").mkdir(parents=True)
        code, out = self.run_report("--prefix", "backends/subject/")
        self.assertEqual(code, 1)
        self.assertIn("a.c:7: w1: theirs", out.splitlines())
        self.assertNotIn("ours", out)

    def test_failed_tool_says_why(self):
        said = [f"line {n}" for n in range(1, 31)]
        self.lane("w1", status=2, err="\n".join(said))
        out = self.run_report()[1]
        self.assertIn("(status 2): line 1 / line 2 / ", out)
        self.assertIn(" / ... / line 28 / line 29 / line 30\n", out)

    def test_column(self):
        """Is for machines; a person is told once of a line."""
        self.lane("w1", "a.c:7:3: w1: bad: very\na.c:7:12: w1: bad: very\n")
        code, out = self.run_report()
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[:-1], ["a.c:7: w1: bad: very"])
        log = json.loads((self.results / "sarif.json").read_text())
        self.assertEqual(len(log["runs"][0]["results"]), 2)

    def test_sarif_of_a_lane_that_found_nothing(self):
        self.lane("w1")
        self.lane("clang", "a.c:7:1: clang: bad\n")
        self.run_report()
        log = json.loads((self.results / "sarif.json").read_text())
        self.assertEqual([(run["tool"]["driver"]["name"], len(run["results"]))
                          for run in log["runs"]], [("clang", 1), ("w1", 0)])

    def test_junit(self):
        self.lane("w1", "a.c:7: w1: a < b\n")
        self.lane("clang")
        self.run_report()
        suite = ET.parse(self.results / "junit.xml").getroot()[0]
        self.assertEqual(suite.get("failures"), "1")
        self.assertEqual(int(suite.get("tests")), len(suite.findall("testcase")))
        failed = [c for c in suite if c.find("failure") is not None]
        self.assertEqual([c.get("name") for c in failed], ["w1"])
        self.assertEqual(failed[0].find("failure").text, "a.c:7: w1: a < b")
        self.assertEqual(failed[0].get("time"), "3")

    def test_tap(self):
        self.lane("clang")
        self.lane("w1", "a.c:7: w1: bad\n")
        code, out = self.run_report("--tap")
        self.assertEqual(code, 1)
        self.assertEqual(out.splitlines()[:4], [
            "ok 1 clang", "# a.c:7: w1: bad", "not ok 2 w1", "ok 3 suppressions"])


if __name__ == "__main__":
    unittest.main(verbosity=0)
