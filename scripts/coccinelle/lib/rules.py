# SPDX-License-Identifier: GPL-2.0-only
"""Semantic patches, ours and the kernel's, and how spatch is called for each."""
import pathlib
import re
import shutil
import subprocess
import sys

from lib import Failure
from lib.jobs import Job, spatch_findings
from lib.parse import parse_findings

# A header that defines these is left out of what our rules see: spatch would
# take its definitions instead of the macro file's, and not expand what is in them
DEFINES = re.compile(r"^#define (COHERENT_VFIO_OPS_COMMON|COMPAT_REGION_INFO_OP)\b", re.MULTILINE)
REPORTS = re.compile(r"^virtual\s+report", re.MULTILINE)
OCAML = re.compile(r"^@.*(script|initialize|finalize) *: *ocaml", re.MULTILINE)
# As the kernel's own coccicheck has them
INCLUDES = ("arch/x86/include", "arch/x86/include/generated", "include",
            "arch/x86/include/uapi", "arch/x86/include/generated/uapi", "include/uapi",
            "include/generated/uapi")
INCLUDED = ("include/linux/compiler-version.h", "include/linux/kconfig.h")


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")


def number(version):
    return [int(part) for part in re.findall(r"\d+", version)]


class Rule:
    """One semantic patch, with what its header asks for, as coccicheck reads it."""

    def __init__(self, path):
        self.path = path
        self.name = path.name.removesuffix(".cocci")
        self.text = read(path)
        self.options = " ".join(re.findall(r".*Options:([^:\n]*)", self.text)).split()
        self.requires = re.search(r".*Requires: *([0-9][0-9.]*)", self.text)

    @property
    def reports(self):
        return REPORTS.search(self.text)

    @property
    def slow(self):
        return re.search(r"Options:.*--all-includes", self.text)

    def can_run(self, have):
        """May spatch `have' run it; said where that wants more than a newer one."""
        if self.requires and number(self.requires.group(1)) > number(have):
            return False
        if OCAML.search(self.text) and not shutil.which("ocamlopt"):
            print(f"coccinelle: the kernel's {self.name} is left out: it wants an OCaml compiler",
                  file=sys.stderr)
            return False
        return True


def spatch_version():
    said = subprocess.run(["spatch", "--version"], stdout=subprocess.PIPE, text=True,
                          check=False).stdout
    version = re.search(r"^spatch version (\S+)", said, re.MULTILINE)
    if not version:
        raise Failure("spatch does not say its version")
    return version.group(1)


class Spatch:
    """The jobs for a set of files."""

    def __init__(self, here, repo, ksrc, macro_file, files, more):
        """`more' are files that our rules see beside `files'."""
        self.here, self.repo, self.ksrc = here, repo, ksrc
        self.files, self.more = files, more
        self.macros = ["--macro-file", str(macro_file)]

    def job(self, rule, *arguments):
        return Job(rule.name, spatch_findings,
                   ["spatch", "-D", "report", "--very-quiet", "--no-show-diff", *self.macros,
                    "--cocci-file", str(rule.path), *rule.options, *arguments])

    def our_jobs(self, wants):
        """All files of one run are one program to our rules."""
        program = [name for name in self.files if not DEFINES.search(read(name))]
        program += self.more
        return [self.job(Rule(path), *program) for path in sorted(self.here.glob("*.cocci"))
                if program and wants(path.name.removesuffix(".cocci"))]

    def parse_jobs(self):
        """spatch skips what it cannot parse and says nothing."""
        return [Job("parse", parse_findings,
                    ["spatch", *self.macros, "--no-includes", "--parse-c", name])
                for name in self.files]

    def kernel_rules(self):
        folder = pathlib.Path(f"{self.ksrc}/scripts/coccinelle")
        if not folder.is_dir():
            raise Failure(f"no kernel source at KSRC={self.ksrc}; run: scripts/lab/setup")
        rules = [Rule(path) for path in sorted(folder.rglob("*.cocci"), key=str)]
        # Those that read all headers take as long as the rest: they come first
        return sorted((rule for rule in rules if rule.reports), key=lambda rule: not rule.slow)

    def kernel_jobs(self, wants, tmp):
        """Each file is a program of its own to these; headers where they ask for them."""
        every, code = tmp / "all", tmp / "sources"
        every.write_text("".join(f"{name}\n\n" for name in self.files), encoding="utf-8")
        code.write_text("".join(f"{name}\n\n" for name in self.files if not name.endswith(".h"))
                        or "\n", encoding="utf-8")
        includes = [word for name in INCLUDES for word in ("-I", f"{self.ksrc}/{name}")]
        includes += [word for name in INCLUDED for word in ("--include", f"{self.ksrc}/{name}")]
        includes += ["-I", str(self.repo / "include")]
        rules = [rule for rule in self.kernel_rules() if wants(rule.name)]
        have = spatch_version()
        return [self.job(rule, *includes, "--file-groups",
                         str(every if "--include-headers" in rule.options else code))
                for rule in rules if rule.can_run(have)]
