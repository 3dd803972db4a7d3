#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""series.py LINUX STAGE TOP OUT: the framework as a series of patches against LINUX, in OUT.
STAGE holds all files that are new to the tree, as they are at the end; TOP is the repository.
Called by scripts/into-tree.

Each file of upstream/series is a patch: its message, and behind "-- build", "-- later",
"-- tests" or "-- documentation" which files it brings. Headers come with the first file that
includes them. What lists files (Makefile, Kconfig, the tables in module.c and suites.c) has
at each patch what is there by then; files that came by "-- later" are built from the next
"-- build" on. So each patch builds, and the tests that it brings pass.
"""

import fnmatch
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HOME = "drivers/vfio/pci/coherent"
TESTS = "tools/testing/selftests/vfio/coherent"
GROWING = ("core/module.c", "kunit/suites.c", "kunit/suites.h", "core/Makefile", "Makefile",
           "Kconfig", ".kunitconfig")
WIRED = ("drivers/vfio/pci/Kconfig", "drivers/vfio/pci/Makefile", "MAINTAINERS",
         "Documentation/driver-api/index.rst", "tools/testing/selftests/Makefile")


def die(text):
    sys.exit("into-tree: " + text)


def run(*args, cwd, **more):
    return subprocess.run(args, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True,
                          **more).stdout


class Step:
    """One file of upstream/series."""

    def __init__(self, path):
        message, _, rest = path.read_text().partition("\n-- ")
        self.name = path.name
        self.message = message.strip() + "\n"
        self.kind, *self.patterns = rest.split()
        if self.kind not in ("build", "later", "tests", "documentation"):
            die(f"{path}: '{self.kind}' is no kind of patch")


class Tree:
    """What of the stage is there by a patch, and how it looks."""

    def __init__(self, stage):
        self.stage = stage
        self.home = stage / HOME
        self.all = sorted(str(p.relative_to(self.home)) for p in self.home.rglob("*")
                          if p.is_file())
        self.there = set()      # files of HOME
        self.waiting = set()    # of them, which are not built yet
        self.uapi = set()

    def text(self, name):
        return (self.home / name).read_text()

    def add(self, step):
        new = set()
        for pattern in step.patterns:
            found = [n for n in self.all if fnmatch.fnmatch(n, pattern)
                     and n not in self.there]
            if not found:
                die(f"{step.name}: nothing new is called {pattern}")
            new.update(found)
        self.there |= new
        sources = {n for n in new if n.endswith(".c")}
        if step.kind == "later":
            self.waiting |= sources
        else:
            self.waiting.clear()
        self.there |= {"Kconfig", "Makefile", "core/Makefile"}
        self.headers()

    def headers(self):
        """What the files that are there include, wherever it is."""
        todo = [n for n in self.there if n.endswith((".c", ".h")) and n not in GROWING]
        while todo:
            name = todo.pop()
            for quoted, header in re.findall(r'#include ([<"])([^>"]*)[>"]', self.text(name)):
                if quoted == "<":
                    if (self.stage / "include/uapi" / header).exists():
                        self.uapi.add("include/uapi/" + header)
                    continue
                for where in (os.path.dirname(name), "include"):
                    at = os.path.normpath(os.path.join(where, header))
                    if (self.home / at).exists():
                        if at not in self.there:
                            self.there.add(at)
                            todo.append(at)
                        break
                else:
                    die(f"{name} includes {header}, which is nowhere")

    # What lists others

    def built(self):
        return {n for n in self.there if n.endswith(".c")} - self.waiting

    def defined(self):
        """Names that rows of tables may use."""
        names = set()
        for name in self.built() - set(GROWING):
            text = self.text(name)
            names.update(re.findall(r"^(?:int|void) (coherent_\w+_(?:init|exit))\(", text, re.M))
            names.update(re.findall(r"^struct kunit_suite (coherent_\w+_suite) =", text, re.M))
        return names

    def kconfig(self):
        blocks = re.split(r"(?m)^(?=config )", self.text("Kconfig"))
        kept = [blocks[0]]
        symbols = set()
        for block in blocks[1:]:
            symbol = block.split()[1]
            folder = {"CORE": "core", "NVGRACE": "nvgrace", "CXL": "cxl", "EGM": "egm",
                      "DUMMY": "dummy/dummy.c", "SOFT": "dummy/soft", "TEST": "kunit"}
            at = folder.get(symbol.rsplit("_", 1)[1])
            if at is None:
                die(f"series.py does not know where {symbol} is")
            if any(n.startswith(at) for n in self.there):
                kept.append(block)
                symbols.add(symbol)
        return "".join(self.only(line, symbols) for line in "".join(kept).splitlines(True)), \
            symbols

    @staticmethod
    def only(line, symbols):
        named = set(re.findall(r"COHERENT_VFIO_\w+", line)) - {"COHERENT_VFIO_PCI"}
        return line if named <= symbols else ""

    def makefile(self, name):
        text = self.text(name)
        built = self.built()
        if name == "Makefile":
            _, symbols = self.kconfig()
            return "".join(line for line in text.splitlines(True) if not
                           (set(re.findall(r"CONFIG_(\w+)", line)) - symbols))
        folder = os.path.dirname(name)

        def is_built(obj, kunit):
            return f"kunit/{obj[:-2]}.c" in built if kunit else \
                os.path.join(folder, obj[:-2] + ".c") in built
        lines = []
        for line in text.splitlines(True):
            found = re.match(r"([^#=]*?(?:\+=|:=)) ((?:\S+\.o ?)+)$", line)
            if not found and re.search(r"\.o\b", line) and not line.startswith(("#", "CFLAGS_", "obj-")) \
                    and "addprefix" not in line:
                die(f"{name}: what is built by '{line.strip()}'?")
            if found and "obj-" not in found[1]:
                kunit = found[1].startswith("kunit-y")
                objects = [o for o in found[2].split() if is_built(o, kunit)]
                # The first line of a variable stays: others are added to it
                if not objects and ":=" not in found[1]:
                    continue
                line = " ".join([found[1], *objects]) + "\n"
            elif line.startswith("CFLAGS_"):
                if not is_built(line.split(":=")[0][7:].strip(), False):
                    if lines and lines[-1].startswith("#"):
                        lines.pop()
                    continue
            lines.append(line)
        return "".join(lines)

    def table(self, name):
        """A file whose rows name what is defined elsewhere."""
        defined = self.defined()
        lines = []
        for line in self.text(name).splitlines(True):
            header = re.match(r'#include "(.*)"', line)
            if header:
                at = os.path.normpath(os.path.join(os.path.dirname(name), header[1]))
                if at not in self.there:
                    continue
            # Not the functions of the file itself
            used = set(re.findall(r"coherent_\w+_(?:init|exit|suite)\b", line))
            if line.startswith(("\t{", "\t\t  &", "extern")) and not used <= defined:
                continue
            lines.append(line)
        text = re.sub(r"\n\n\n+", "\n\n", "".join(lines))
        if name == "kunit/suites.c" and not text.rstrip().endswith(");"):
            text = text.rstrip().rstrip(",") + ");\n"
        return text

    def write(self, repo, whole):
        """All that is there into the working tree; @whole: as it is staged."""
        for name in sorted(self.there):
            if whole or name not in GROWING:
                text = self.text(name)
            elif name == "Kconfig":
                text, _ = self.kconfig()
            elif name == ".kunitconfig":
                _, symbols = self.kconfig()
                text = "".join(self.only(line, symbols)
                               for line in self.text(name).splitlines(True))
            elif name.endswith("Makefile"):
                text = self.makefile(name)
            else:
                text = self.table(name)
            put(repo / HOME / name, text)
        for name in self.uapi:
            put(repo / name, (self.stage / name).read_text())


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def copy(stage, repo, folder, patterns=("*",)):
    for path in sorted((stage / folder).rglob("*")):
        name = str(path.relative_to(stage / folder))
        if path.is_file() and any(fnmatch.fnmatch(name, p) for p in patterns):
            at = repo / path.relative_to(stage)
            at.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, at)


def tests(stage, repo, step):
    for pattern in step.patterns:
        if not any((stage / TESTS).glob(pattern)):
            die(f"{step.name}: no test is called {pattern}")
    copy(stage, repo, TESTS, step.patterns)


def wire(top, repo, what):
    """tree_wire, of the shell's part, for one of the files that it changes."""
    subprocess.run(["bash", "-c", 'set -euo pipefail; TOP=$1; . "$TOP/upstream/tree.sh"; '
                    '"tree_wire_$3" "$2"', "wire", top, repo, what], check=True)


def maintainers(top, repo, person):
    """Our entry, with what is there, and who sends it."""
    path = repo / "MAINTAINERS"
    text = path.read_text(errors="surrogateescape")
    path.write_text(re.sub(r"(?ms)^VFIO COHERENT.*?\n\n", "", text), errors="surrogateescape")
    wire(top, repo, "maintainers")
    ours = False
    lines = []
    for line in path.read_text(errors="surrogateescape").splitlines(True):
        if line.startswith("VFIO COHERENT"):
            ours = True
        elif not line.strip():
            ours = False
        if ours and line.startswith("F:") and not (repo / line.split()[1]).exists():
            continue
        if ours and line.startswith("M:"):
            line = f"M:\t{person}\n"
        lines.append(line)
    path.write_text("".join(lines), errors="surrogateescape")


def comparison(top):
    """What tools/bench has recorded of both architectures, but for its own measure, tmpfs."""
    recorded = [json.loads((top / f"tools/bench/recorded/new-{arch}.json").read_text())
                for arch in ("amd64", "arm64")]
    out = [f"{'':30}{'amd64':>18}{'arm64':>18}",
           f"{'':30}{'in-tree':>11}{'ratio':>7}{'in-tree':>11}{'ratio':>7}"]
    for name in recorded[0]["operations"]:
        both = [r["operations"].get(name, {}).get("instructions", {}) for r in recorded]
        if name.startswith("tmpfs") or "bad ranges" in name or \
                not all("theirs" in b for b in both):
            continue
        out.append(f"{name:30}" + "".join(
            f"{b['theirs']:11}" + (f"{b['ratio']:7.2f}" if b["ratio"] >= 0.01 else "  <0.01")
            for b in both))
    return "\n".join("  " + line for line in out)


def release(linux):
    """The kernel that the series is for, by its Makefile."""
    found = dict(re.findall(r"(?m)^(VERSION|PATCHLEVEL|SUBLEVEL) = (\d+)$",
                            (linux / "Makefile").read_text()))
    return ".".join(found[k] for k in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


def identity(top):
    """Who sends it: of git's configuration; else who has made the last commit here."""
    def ask(*args):
        return subprocess.run(["git", *args], cwd=top, check=False, stdout=subprocess.PIPE,
                              text=True).stdout.strip()
    found = [ask("config", "user.name"), ask("config", "user.email")]
    last = ask("log", "-1", "--format=%an%n%ae%n%cI").splitlines()
    if not last:
        die(f"{top} is no git repository: the series is dated and signed by it")
    return (found if all(found) else last[:2]) + last[2:]


def cover(top, linux, out):
    path = next(out.glob("0000-*"))
    subject, _, blurb = (top / "upstream/cover-letter.txt").read_text().partition("\n\n")
    text = path.read_text().replace("*** SUBJECT HERE ***", subject)
    text = text.replace("*** BLURB HERE ***",
                        blurb.rstrip().replace("@COMPARISON@", comparison(top))
                        .replace("@RELEASE@", release(linux)))
    # New files, which the diffstat has as well, in lines that are too long for a letter
    text = re.sub(r"(?m)^ create mode .*\n", "", text)
    path.write_text(text)


def main():
    linux, stage, top, out = (pathlib.Path(a).resolve() for a in sys.argv[1:5])
    steps = [Step(p) for p in sorted((top / "upstream/series").iterdir())]
    prerequisites = sorted((top / "patches/linux").glob("*.patch"))
    others = [p.name for p in out.iterdir() if not re.match(r"\d{4}-.*\.patch$", p.name)]
    if others:
        die(f"{out} has other files, too ({others[0]}): give a folder for the series alone")

    with tempfile.TemporaryDirectory() as tmp:
        repo = pathlib.Path(tmp)
        name, email, date = identity(top)
        person = f"{name} <{email}>"
        # Nobody's repository but the one made here, also where a hook calls this
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        env.update(GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=email,
                   GIT_COMMITTER_NAME=name, GIT_COMMITTER_EMAIL=email,
                   GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date,
                   GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null")

        def git(*args, **more):
            return run("git", *args, cwd=repo, env=env, **more)

        # Only what the patches touch
        touched = set(WIRED)
        for patch in prerequisites:
            touched.update(re.findall(r"(?m)^\+\+\+ b/(\S+)", patch.read_text()))
        git("init", "-q", "-b", "series")
        for name in touched:
            (repo / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(linux / name, repo / name)
        git("add", "-A")
        git("commit", "-q", "-m", "the kernel")
        base = git("rev-parse", "HEAD").strip()
        applied = "dmabuf_may_map" in (repo / "include/linux/vfio_pci_core.h").read_text()
        if applied:
            die("this tree has the patches of patches/linux already: the series begins with them")
        git("am", "-q", "--signoff", "--committer-date-is-author-date", *map(str, prerequisites))

        tree = Tree(stage)
        for step in steps:
            if step.kind == "tests":
                tests(stage, repo, step)
                wire(top, repo, "tests")
            elif step.kind == "documentation":
                copy(stage, repo, "Documentation")
                wire(top, repo, "documentation")
            else:
                tree.add(step)
                tree.write(repo, False)
                wire(top, repo, "kbuild")
            maintainers(top, repo, person)
            git("add", "-A")
            git("commit", "-q", "-s", "-F", "-", input=step.message)
        left = set(tree.all) - tree.there
        left |= {str(p.relative_to(stage)) for p in (stage / TESTS).rglob("*")
                 if p.is_file() and not (repo / p.relative_to(stage)).exists()}
        if left:
            die("no patch brings " + " ".join(sorted(left)))
        tree.write(repo, True)
        if git("status", "--porcelain"):
            die("the last patch does not make what into-tree makes: " +
                git("diff", "--stat"))
        for old in out.glob("*.patch"):
            old.unlink()
        git("format-patch", "-q", "--cover-letter", "--zero-commit", "--no-signature",
            "--subject-prefix=RFC PATCH", "--thread=shallow", "-o", str(out), base)
    cover(top, linux, out)
    print(f"{len(list(out.glob('*.patch')))} files in {out}")


main()
