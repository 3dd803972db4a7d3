# SPDX-License-Identifier: GPL-2.0-only
"""Findings: how they are printed, and which are suppressed."""
import dataclasses
import re

SUPPRESSION = re.compile(r"/\* coccinelle: (\w+): [^ *].*?\*/")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    file: str
    line: int
    column: int                 # from 1
    rule: str
    message: str

    def text(self, columns):
        column = f"{self.column}:" if columns else ""
        return f"{self.file}:{self.line}:{column} coccinelle: {self.rule}: {self.message}"

    def renamed(self, rename):
        # Also in the middle: a message may name another file
        return dataclasses.replace(self, file=rename(self.file), message=rename(self.message))


def suppressions(file):
    """The (line, rule) that a comment with a reason speaks of."""
    try:
        with open(file, encoding="utf-8", errors="replace") as source:
            text = source.read()
    except FileNotFoundError:
        return set()
    return {(number, rule) for number, line in enumerate(text.split("\n"), 1)
            for rule in SUPPRESSION.findall(line)}


def judge(found, files, ran):
    """What is to be shown, in the order of the source, and how many have a reason.
    Neither a finding nor a suppression hides what another rule says of its line. Of
    what a rule says of one place the first counts. A suppression in one of `files'
    that suppresses nothing, though its rule is one of those that `ran', is a finding."""
    first = {}
    for finding in found:
        first.setdefault((finding.file, finding.line, finding.column, finding.rule), finding)
    given = {file: suppressions(file) for file in {f.file for f in found} | set(files)}
    shown = [f for f in first.values() if (f.line, f.rule) not in given[f.file]]
    used = {(f.file, f.line, f.rule) for f in first.values()}
    shown += [Finding(file, line, 1, rule, "what is suppressed here is not found any more")
              for file in files for line, rule in given[file]
              if rule in ran and (file, line, rule) not in used]
    return sorted(shown), sum(1 for f in first.values() if (f.line, f.rule) in given[f.file])
