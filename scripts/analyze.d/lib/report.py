#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""From the lanes' findings and the suppressions to a verdict.

A suppression is a line of the file "suppressions" (in scripts/analyze.d of this
repository; ".analyze-suppressions" in the folder of a backend from elsewhere):

    LANE PATH REGEX  # reason

REGEX is searched in the message and holds no blank (write \\s).  One that has
no reason, or that suppresses nothing though its lane ran, is a finding.

Tools that can be hushed from within the code have their words in INLINE. Those
are counted, and need their reason on the same line.
"""
import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

import sarif

FINDING = re.compile(r"^([^:]+):(\d+):(?:(\d+):)? ([^:]+): (.*)$")
# Of what a tool said that failed: the beginning, where compilers and make have
# the reason, and the end, where Python has it
FIRST, LAST = 6, 3

# Lane, in which files, what suppresses there, and what a reason looks like
CODE = re.compile(r"\.[ch]$")
ANY = re.compile(r"")
NO_PROSE = re.compile(r"(?<!\.md)$")
INLINE = [(lane, files, re.compile(hush), re.compile(reason)) for lane, files, hush, reason in (
    ("shellcheck", NO_PROSE, r"^\s*# shellcheck (\S+ )*disable=\S+", r"\s+# ?\w"),
    ("tidy", CODE, r"\bNOLINT(NEXTLINE|BEGIN)?\b(\([^)]*\))?", r"[\s:,;-]+\w"),
    ("codespell", ANY, r"[^\w\s]\s?codespell[:]ignore\b(\s+[\w,]+)?", r"\s*[#:;-]+\s*\w"),
    ("coccinelle", CODE, r"/\* coccinelle: \w+:", r" [^ *].*\*/"),
    ("context", CODE, r"\b__context_unsafe\((?!comment)", r"/\*\s*\w"),
)]


class Finding:
    """Lines and columns begin at 1; column 0 is none."""

    def __init__(self, path, line, tool, message, column=0):
        self.path, self.line, self.column = path, max(int(line), 1), int(column or 0)
        self.tool, self.message = tool, message

    def __str__(self):
        return f"{self.path}:{self.line}: {self.tool}: {self.message}"


class Suppression:
    def __init__(self, where, number, text):
        spec, _, self.reason = text.partition("#")
        self.where, self.number, self.used = where, number, 0
        fields = spec.split()
        self.broken = None
        self.lane = fields[0] if fields else ""
        if len(fields) != 3:
            self.broken = "a suppression is: LANE PATH REGEX # reason"
        elif not self.reason.strip():
            self.broken = "suppression without a reason"
        else:
            self.path = fields[1]
            self.regex = re.compile(fields[2])

    def covers(self, lane, finding):
        return (not self.broken and lane == self.lane and
                finding.path == self.path and
                bool(self.regex.search(finding.message)))

    def finding(self, message):
        return Finding(self.where, self.number, "analyze", message)


def read_suppressions(path, where):
    if not path.exists():
        return []
    lines = enumerate(path.read_text().splitlines(), 1)
    return [Suppression(where, number, line) for number, line in lines
            if line.strip() and not line.lstrip().startswith("#")]


def excerpt(text):
    """What a person needs of the words of a tool that failed, in one line."""
    lines = text.splitlines()
    if len(lines) > FIRST + LAST:
        lines[FIRST:-LAST] = ["..."]
    return " / ".join(line.strip() for line in lines)


def read_results(folder, prefix):
    """Yields (tag, lane, seconds, findings) for each run of a lane."""
    for status in sorted(folder.glob("*.status")):
        lane, code, seconds = status.read_text().split()
        findings = []
        for line in status.with_suffix(".out").read_text().splitlines():
            match = FINDING.match(line)
            if not match:
                findings.append(Finding(f"scripts/analyze.d/{lane}", 1, lane,
                                        f"not a finding: {line}"))
            elif match[1].startswith(prefix):
                path, line, column, tool, message = match.groups()
                findings.append(Finding(path[len(prefix):], line, tool, message, column))
        if code != "0":
            said = excerpt(status.with_suffix(".err").read_text().strip())
            findings.append(Finding(f"scripts/analyze.d/{lane}", 1, lane,
                                    f"the tool failed (status {code}): {said}"))
        yield status.stem, lane, int(seconds), findings


def judge(runs, suppressions):
    """What is left of each run, and what is wrong with the suppressions."""
    left, ran = {}, set()
    for tag, lane, _, findings in runs:
        ran.add(lane)
        left[tag] = []
        for finding in findings:
            covering = [s for s in suppressions if s.covers(lane, finding)]
            for suppression in covering:
                suppression.used += 1
            if not covering:
                left[tag].append(finding)
    left["suppressions"] = [
        s.finding(s.broken or "suppresses nothing") for s in suppressions
        if s.broken or (s.lane in ran and not s.used)]
    return left


def read_inline(source, prefix, ran):
    """Yields a finding, or None, for each suppression in the code."""
    for path in sorted((source / prefix).rglob("*")):
        name = str(path.relative_to(source / prefix))
        inline = [i for i in INLINE if i[0] in ran and i[1].search(name)]
        if not inline or path.is_symlink() or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            for lane, _, hush, reason in inline:
                match = hush.search(line)
                if match and reason.match(line, match.end()):
                    yield None
                elif match:
                    yield Finding(name, number, lane, "exception without a reason")


def write_junit(path, left, seconds):
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name="analyze", tests=str(len(left)),
                          failures=str(sum(1 for f in left.values() if f)))
    for tag, findings in left.items():
        case = ET.SubElement(suite, "testcase", classname="analyze", name=tag,
                             time=str(seconds.get(tag, 0)))
        if findings:
            failure = ET.SubElement(case, "failure",
                                    message=f"{len(findings)} findings")
            failure.text = "\n".join(map(str, findings))
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def print_tap(left):
    """One result for each lane's run, as scripts/check counts them."""
    for number, (tag, findings) in enumerate(left.items(), 1):
        for finding in findings:
            print(f"# {finding}")
        print(f"{'not ok' if findings else 'ok'} {number} {tag}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--prefix", default="")
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--results", type=pathlib.Path, required=True)
    parser.add_argument("--tap", action="store_true")
    args = parser.parse_args()

    name = ".analyze-suppressions" if args.prefix else "scripts/analyze.d/suppressions"
    suppressions = read_suppressions(args.source / (args.prefix + name), name)
    runs = list(read_results(args.results, args.prefix))
    left = judge(runs, suppressions)
    inline = list(read_inline(args.source, args.prefix, {run[1] for run in runs}))
    left["suppressions"] += [finding for finding in inline if finding]
    # The same in several kernels' headers is one finding
    places = {(str(f), f.column): f for run in left.values() for f in run}
    findings = list({str(f): f for f in places.values()}.values())
    if args.tap:
        print_tap(left)
    else:
        for finding in findings:
            print(finding)
    sarif.write(args.results / "sarif.json", [run[1] for run in runs], places.values(),
                args.source / args.prefix)
    write_junit(args.results / "junit.xml", left, {r[0]: r[2] for r in runs})
    used = sum(1 for s in suppressions if s.used)
    print(f"{len(runs)} lanes, {len(findings)} findings, {used + len(inline)} suppressions used "
          f"({used} of {name}, {len(inline)} in the code)")
    return 1 if findings or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
