# SPDX-License-Identifier: GPL-2.0-only
"""What the harness says, on stderr, in the order of what the guest says on stdout."""
import sys


def say(text):
    sys.stdout.flush()
    print("lab: " + text, file=sys.stderr, flush=True)


def show_file(title, path, lines=40):
    """The end of a file, if it has something to say."""
    try:
        with open(path, errors="replace") as f:
            tail = f.read().replace("\r", "").splitlines()[-lines:]
    except FileNotFoundError:
        return
    if tail:
        say("---- " + title)
        print("\n".join(tail), file=sys.stderr, flush=True)
        say("----")
