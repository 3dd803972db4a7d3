# SPDX-License-Identifier: GPL-2.0-only
"""Findings: how they are printed, and which are suppressed."""
import dataclasses
import re


@dataclasses.dataclass(frozen=True)
class Finding:
    file: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.file}:{self.line}: coccinelle: {self.rule}: {self.message}"

    def renamed(self, rename):
        # Also in the middle: a message may name another file
        return Finding(rename(self.file), self.line, self.rule, rename(self.message))

    def suppressed_by(self, text):
        """Does a line's comment give a reason?"""
        return re.search(rf"/\* coccinelle: {re.escape(self.rule)}: [^ *].*\*/", text) is not None


def line_of(finding, files):
    """The finding's line; `files' remembers what was read."""
    if finding.file not in files:
        try:
            with open(finding.file, encoding="utf-8", errors="replace") as source:
                files[finding.file] = source.read().split("\n")
        except FileNotFoundError:
            files[finding.file] = []
    lines = files[finding.file]
    return lines[finding.line - 1] if finding.line <= len(lines) else ""


def judge(found):
    """What is to be shown, in the order of the source, and how many have a reason.
    Of what a rule says of one line the first counts."""
    first, files = {}, {}
    for finding in found:
        first.setdefault((finding.file, finding.line, finding.rule), finding)
    in_order = [first[key] for key in sorted(first)]
    shown = [finding for finding in in_order
             if not finding.suppressed_by(line_of(finding, files))]
    return shown, len(in_order) - len(shown)
