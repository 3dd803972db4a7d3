# SPDX-License-Identifier: GPL-2.0-only
"""spatch, many at a time, and what they find."""
import concurrent.futures
import dataclasses
import re
import subprocess
import sys
from typing import Callable

from lib import Failure
from lib.findings import Finding

# Of the CPU for one spatch, in seconds: other work beside it is no fault of a rule; and on the
# clock, for one that waits for something
CPU_LIMIT = 300
LIMIT = 10 * CPU_LIMIT
TIMED_OUT = 124                 # as timeout(1) has it
# spatch says these and ends well
BROKEN = re.compile(r"Traceback|^Fatal|parse error|rror in Python", re.MULTILINE)
BROKEN_STATUS = 99
# file:line:columns: message; columns begin at 0
REPORT = re.compile(r"^([^: ]+):([0-9]+):([0-9]+)-[0-9]+: (.*)", re.MULTILINE)


@dataclasses.dataclass
class Job:
    """A command, and what makes findings of what it prints: (job, stdout, stderr)."""
    name: str
    understand: Callable
    command: list


class JobFailed(Exception):
    def __init__(self, job, status, said):
        last = "".join(line + "\n" for line in said.splitlines()[-5:])
        super().__init__(f"coccinelle: error: rule {job.name} failed ({status})\n{last}")


def spatch_findings(job, stdout, stderr):
    """What a rule reports."""
    if BROKEN.search(stderr):
        raise JobFailed(job, BROKEN_STATUS, stderr)
    return [Finding(file, int(line), int(column) + 1, job.name, message)
            for file, line, column, message in REPORT.findall(stdout)]


def run_one(job, running):
    """The findings of one job; its process is in the set `running' meanwhile."""
    command = ["prlimit", f"--cpu={CPU_LIMIT}", *job.command]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8",
                          errors="replace") as process:
        running.add(process)
        try:
            stdout, stderr = process.communicate(timeout=LIMIT)
            status = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            status = TIMED_OUT
        finally:
            running.discard(process)
    if status:
        raise JobFailed(job, status, stderr)
    return job.understand(job, stdout, stderr)


def run_all(todo, at_a_time):
    """The findings of all, in the order of `todo'. All are run, also if one fails."""
    found, failed, running = [], 0, set()
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        try:
            for future in [pool.submit(run_one, job, running) for job in todo]:
                try:
                    found += future.result()
                except JobFailed as failure:
                    sys.stderr.write(str(failure))
                    failed += 1
        except BaseException:
            # Interrupted: nothing is waited for
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.kill()
            raise
    if failed:
        raise Failure(f"{failed} of {len(todo)} jobs failed")
    return found
