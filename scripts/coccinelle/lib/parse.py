# SPDX-License-Identifier: GPL-2.0-only
"""Lines that spatch cannot parse."""
import re

from lib.findings import Finding

PROBLEM = re.compile(r'^ = File ".*", line ([0-9]+), ', re.MULTILINE)


def in_directive(lines, number):
    """Is line `number', counted from 1, of a preprocessor directive? The body of a
    macro is not code yet."""
    first = min(number, len(lines)) - 1
    while first > 0 and lines[first - 1].endswith("\\"):
        first -= 1
    return bool(lines) and re.match(r"[ \t]*#", lines[first]) is not None


def parse_findings(job, stdout, stderr):
    """What --parse-c could not make sense of in the file that is its last word."""
    file = job.command[-1]
    with open(file, encoding="utf-8", errors="replace") as source:
        lines = source.read().split("\n")
    numbers = sorted({int(line) for line in PROBLEM.findall(stdout + stderr)})
    return [Finding(file, line, 1, job.name, "cannot be parsed: what is around it is not checked")
            for line in numbers if not in_directive(lines, line)]
