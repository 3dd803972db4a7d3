# SPDX-License-Identifier: GPL-2.0-only
"""Without spatch here: once more inside the lab root, where all that is needed is
mounted below /mnt under the name it has outside, for this run alone."""
import os
import re
import subprocess
import sys


def run_again(here, repo, options):
    """Prints what the run in there finds, by the names that it has here."""
    names = {}
    for path in options.paths:
        names.setdefault("/mnt" + os.path.realpath(path), path)
    need = [repo / "include", here]
    need += [real if os.path.isdir(real) else os.path.dirname(real)
             for real in map(os.path.realpath, options.paths)]
    command = [here / "lib/in-lab", *need, "--", here / "run", "--rules", options.rules]
    if options.only:
        command += ["--rule", options.only]
    if options.columns:
        command += ["--columns"]
    command += ["/mnt" + os.path.realpath(path) for path in options.paths]
    ended = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8",
                           errors="replace", check=False)
    given = re.compile("(?:" + "|".join(map(re.escape, names)) + r")(?=[/: ]|$)", re.MULTILINE)
    sys.stdout.write(given.sub(lambda match: names[match.group()], ended.stdout))
    return ended.returncode
