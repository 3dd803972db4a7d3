#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""layers.py PRIVATE_H...: files call those below them, and never back.

The head of a private.h lists the files of its folder, a line each,

     *   pages.c		the tree of poisoned pages

the lowest first; a name may have * in it. A file must not name a function that a
file further down the list defines, and every file must be on the list.
"""

import fnmatch
import pathlib
import re
import sys

LISTED = re.compile(r"^ \*   ([\w*]+\.c)\t", re.MULTILINE)
COMMENT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
# At the margin, and with a body: static ones are nobody else's business
DEFINED = re.compile(r"^(?!static\b|#)[a-zA-Z_][^;{}()=\n]*?\b(\w+)\([^;{}]*\)[^;{}]*\n\{", re.MULTILINE)


def blank(match):
    """Nothing in its place, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match.group())


def layer_of(path, order):
    """The path's place in the list, or None."""
    for place, name in enumerate(order):
        if fnmatch.fnmatch(path.name, name):
            return place
    return None


def check(header):
    """Print what is wrong in the folder of this header."""
    order = LISTED.findall(header.read_text())
    if not order:
        return
    layer, text, home = {}, {}, {}
    for path in sorted(header.parent.glob("*.c")):
        text[path] = COMMENT.sub(blank, path.read_text())
        layer[path] = layer_of(path, order)
        if layer[path] is None:
            # Nothing but what a header makes of it
            if "(" in text[path]:
                print(f"{path}:1: layers: not on the list in {header}")
            continue
        for name in DEFINED.findall(text[path]):
            home[name] = path
    for path, place in layer.items():
        if place is None:
            continue
        for match in re.finditer(r"\b\w+\b", text[path]):
            other = home.get(match.group())
            if other and layer[other] > place:
                line = text[path].count("\n", 0, match.start()) + 1
                print(f"{path}:{line}: layers: {match.group()}() is of a higher layer, {other.name}")


for argument in sys.argv[1:]:
    check(pathlib.Path(argument))
