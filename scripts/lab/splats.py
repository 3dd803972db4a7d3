# SPDX-License-Identifier: GPL-2.0-only
"""What the guest's kernel complains of on its console."""
import re
import sys

from messages import say

# Two accesses, of which we are to blame for neither: the kernel has many of these
RACE, RACE_END = "BUG: KCSAN: ", "=" * 30
OURS = re.compile(r"\[\w*coherent_vfio\w*\]")
TIMESTAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")


def find(patterns_file):
    with open(patterns_file) as f:
        patterns = [re.compile(line.rstrip("\n")) for line in f
                    if line.strip() and not line.startswith("#")]
    with open("console.log", errors="replace") as f:
        lines = f.read().replace("\r", "").splitlines()
    splats, until = [], -1
    for index, line in enumerate(lines):
        stamp = TIMESTAMP.match(line)
        if index < until or not stamp:
            continue
        if any(p.match(line, stamp.end()) for p in patterns):
            race = RACE in line
            until = index + 100 if race else index + 50
            for end in range(index + 1, min(until, len(lines))):
                if "end trace" in lines[end] or "lab-end" in lines[end] or \
                        race and RACE_END in lines[end]:
                    until = end + 1
                    break
            splat = lines[index:until]
            if race and not any(OURS.search(line) for line in splat):
                say("not counted, for no module of ours has a part in it: " +
                    line[stamp.end():])
                continue
            splats.append(splat)
    return splats


def show(splats):
    for splat in splats[:3]:
        say("---- kernel splat")
        print("\n".join(splat), file=sys.stderr, flush=True)
        say("----")
    if len(splats) > 3:
        say(f"and {len(splats) - 3} more in the console log")
