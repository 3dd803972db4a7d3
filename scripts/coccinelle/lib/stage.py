#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""stage.py ROOT FILE...: copy C sources below ROOT without their lock annotations.

spatch has no grammar for an attribute behind a function's parameters or a
member's name and skips what stands around it.  A macro file does not help in all
places, so the annotations become blanks here: lines stay what they were.  Headers
and sources beside FILE come along, for they may be included.

For each FILE "copy<TAB>FILE" is printed.
"""
import pathlib
import re
import sys

NAMES = (r"__(?:pt_)?guarded_by|__(?:must_hold|acquires|releases|excludes)(?:_shared)?"
         r"|__must_not_hold|__cond_acquires(?:_shared)?|__cond_releases"
         r"|__context_unsafe|__no_context_analysis|__no_capability_analysis")
# Parentheses within parentheses, three deep: more is not an annotation
ARGUMENTS = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
# Where they are defined they stay
ANNOTATION = re.compile(rf"^[ \t]*#[^\n]*|(?<!\w)(?:{NAMES})\b[ \t]*(?:{ARGUMENTS})?",
                        re.MULTILINE)


def blank(match):
    text = match.group()
    if text.lstrip().startswith("#"):
        return text
    return re.sub(r"[^\n]", " ", text)


def main():
    root = pathlib.Path(sys.argv[1])
    done = {}

    def stage(real):
        if real not in done:
            copy = root / real.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            text = real.read_text(encoding="utf-8", errors="replace")
            copy.write_text(ANNOTATION.sub(blank, text), encoding="utf-8")
            done[real] = copy
        return done[real]

    for name in sys.argv[2:]:
        real = pathlib.Path(name).resolve()
        print(f"{stage(real)}\t{name}")
        for neighbour in real.parent.glob("*.[ch]"):
            if neighbour.is_file():
                stage(neighbour.resolve())


if __name__ == "__main__":
    main()
