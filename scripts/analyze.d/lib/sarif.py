# SPDX-License-Identifier: GPL-2.0-only
"""The findings as a SARIF 2.1.0 log, for a CI that filters and compares them.

Each lane that ran is a run, also one that found nothing: that is how a CI knows
that what was found before is gone.  A finding has the id of its rule, a place, and a
fingerprint that stays what it is when lines above it come and go.
"""
import collections
import hashlib
import json
import re
import urllib.parse

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "coherentFinding/v1"

# Where a lane's messages have the id of the rule
RULE_FIRST = re.compile(r"^(\w+): ")
# gcc and clang say first that warnings are errors
RULE_LAST = re.compile(r"\[(?:-Werror[=,])?(?:-W)?([\w.+-]+)(?:,[^\]]*)?\]$")
RULE_ID = {
    "checkpatch": RULE_FIRST, "coccinelle": RULE_FIRST,
    "clang": RULE_LAST, "context": RULE_LAST, "fanalyzer": RULE_LAST, "shellcheck": RULE_LAST,
    "tidy": RULE_LAST, "w1": RULE_LAST,
}
# These count a tab as the blanks up to the next multiple of 8, all others as one
EXPAND_TABS = ("shellcheck", "sparse")
TAB = 8
# What a message says of other lines moves with them
MOVES = re.compile(r"(\blines? |:)\d+")


def rule_id(finding):
    """The rule's name within its lane; the lane's own where it has but one."""
    pattern = RULE_ID.get(finding.tool)
    match = pattern and pattern.search(finding.message)
    return f"{finding.tool}/{match[1]}" if match else finding.tool


class Sources:
    """Lines of the files that findings are in."""

    def __init__(self, folder):
        self.folder, self.files = folder, {}

    def line(self, finding):
        """As bytes, which is what tools count; empty where there is none."""
        if finding.path not in self.files:
            path = self.folder / finding.path
            self.files[finding.path] = path.read_bytes().split(b"\n") if path.is_file() else []
        lines = self.files[finding.path]
        return lines[finding.line - 1] if finding.line <= len(lines) else b""


def column(finding, line):
    """Where it is in its line, in UTF-16 units from 1; 0 where that is not known."""
    if not finding.column or finding.column == 1 and not line:
        return 0
    at = finding.column - 1
    if finding.tool in EXPAND_TABS:
        width, at = at, 0
        seen = 0
        while at < len(line) and seen < width:
            seen = (seen // TAB + 1) * TAB if line[at:at + 1] == b"\t" else seen + 1
            at += 1
    if at > len(line):
        return 0
    return len(line[:at].decode(errors="replace").encode("utf-16-le")) // 2 + 1


def fingerprints(findings, sources):
    """One for each: rule, file, the words of its line and of its message, and which
    of those that have all this in common it is."""
    seen = collections.Counter()
    for finding in findings:
        words = b" ".join(sources.line(finding).split())
        same = (rule_id(finding), finding.path, words, MOVES.sub(r"\1", finding.message))
        text = repr(same) + f"#{seen[same]}"
        seen[same] += 1
        yield hashlib.sha256(text.encode()).hexdigest()[:32]


def place(finding, sources):
    region = {"startLine": finding.line}
    start = column(finding, sources.line(finding))
    if start:
        region["startColumn"] = start
    return {"physicalLocation": {
        "artifactLocation": {"uri": urllib.parse.quote(finding.path), "uriBaseId": "%SRCROOT%"},
        "region": region}}


def run_of(lane, findings, sources):
    """What a lane has found. A rule stands in the list once, by the id that its
    results have."""
    findings = sorted(findings, key=lambda f: (f.path, f.line, f.column, f.message))
    rules = sorted({rule_id(finding) for finding in findings} | {lane})
    results = [{
        "ruleId": rule_id(finding),
        "ruleIndex": rules.index(rule_id(finding)),
        "level": "error",
        "message": {"text": finding.message},
        "locations": [place(finding, sources)],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    } for finding, fingerprint in zip(findings, fingerprints(findings, sources))]
    return {
        "tool": {"driver": {"name": lane, "rules": [{"id": rule} for rule in rules]}},
        # What a CI keeps apart from the other runs in the file
        "automationDetails": {"id": f"analyze/{lane}/"},
        "columnKind": "utf16CodeUnits",
        "results": results,
    }


def write(path, lanes, findings, folder):
    """`lanes' are those that ran; findings of others, as "analyze" itself, have a
    run where there are any."""
    by_lane = {lane: [] for lane in lanes}
    for finding in findings:
        by_lane.setdefault(finding.tool, []).append(finding)
    sources = Sources(folder)
    # A log without any run says nothing
    runs = [run_of(lane, found, sources) for lane, found in sorted(by_lane.items())]
    path.write_text(json.dumps({
        "$schema": SCHEMA, "version": "2.1.0",
        "runs": runs or [run_of("analyze", [], sources)]}, indent=1))
