#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Who uses a name includes its header: includes.py TABLE KERNEL-INCLUDE FILE...

Directly, or by way of a header in quotes, which is of the same hands: what that
includes is part of what it offers.  A header of the kernel's offers nothing but
itself, for what it includes changes with every release.
"""
import pathlib
import re
import sys

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                               re.S)
DIRECTIVE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
FOLDERS = ("include", "coherent", "coherent/pci", "coherent/poison")


def read_table(path):
    table = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            header, _, names = line.partition(":")
            table[header] = names.split()
    return table


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def includes(path, seen):
    """Kernel headers that a file offers"""
    if path in seen:
        return set()
    seen.add(path)
    found = set()
    for kind, name in DIRECTIVE.findall(path.read_text()):
        if kind == "<":
            found.add(name)
            continue
        for folder in (path.parent, *map(pathlib.Path, FOLDERS)):
            if (folder / name).exists():
                found |= includes((folder / name).resolve(), seen)
                break
    return found


def check_table(table_path, table, kernel):
    for header, names in table.items():
        path = kernel / header
        text = path.read_text() if path.exists() else ""
        # Some names live in a header of which this one is the public side
        for _, inner in DIRECTIVE.findall(text):
            if (kernel / inner).exists():
                text += (kernel / inner).read_text()
        for name in names:
            if not re.search(rf"\b{name}\b", text):
                yield f"{table_path}:1: includes: <{header}> has no {name}"


def check_file(path, table):
    text = COMMENT_OR_STRING.sub(blank, path.read_text())
    offered = includes(path.resolve(), set())
    for header, names in table.items():
        if header in offered:
            continue
        # Members and a name's own definition are not uses; functions are called
        use = re.search(r"(?<![.\w>])(" + "|".join(
            name + (r"\b" if re.search("[A-Z]|^jiffies", name) else r"(?=\s*\()")
            for name in names) + ")", text)
        if use and not re.search(rf"#define\s+{use[1]}\b", text):
            line = text.count("\n", 0, use.start()) + 1
            yield f"{path}:{line}: includes: {use[1]} needs <{header}>"


def main():
    table_path, kernel = sys.argv[1], pathlib.Path(sys.argv[2])
    table = read_table(pathlib.Path(table_path))
    # A backend's own folder has no table: that is this repository's
    name = "scripts/analyze.d/lib/includes.table"
    found = list(check_table(name, table, kernel))
    for path in map(pathlib.Path, sys.argv[3:]):
        found += check_file(path, table)
    print("\n".join(found), end="\n" if found else "")


if __name__ == "__main__":
    main()
