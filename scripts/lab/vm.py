#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs QEMU and the device models of one virtual machine, inside the lab root
# and as PID 1 of a PID namespace, so that nothing survives it. Streams the
# guest program's output, and ends with its status or with
#   124  the time limit came first
#   125  the guest, QEMU or a device model died
#   126  the kernel printed a splat
import argparse
import json
import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import time

import splats
import terminal
from console import Console
from messages import say, show_file
from monitor import Monitor, monitor_error

TIMED_OUT, DIED, SPLAT = 124, 125, 126
MODEL_VANISHED = 66		# a test has told the model to (model/model.h)
MODEL_START_LIMIT = 10		# seconds for a model to listen
CONSOLE_LIMIT = 20		# seconds for the console to catch up at the end
SYSRQ_LIMIT, SYSRQ_QUIET = 5, 2	# ... for a hung guest to say why, and pauses in that
STOP_LIMIT = 5			# seconds for a model to stop
LOOK_EVERY = 0.1		# seconds between looks whether all are alive


class Markers:
    """Splits the guest's stream into program output and the harness's markers,
    lines that begin with a zero byte and carry the run's nonce."""

    def __init__(self, nonce):
        self.pattern = re.compile(
            rb"\0lab-(start|exit|error) " + nonce.encode() + rb" ?([^\n]*)\n")
        self.buffer = b""

    def feed(self, data):
        """Yields (None, output) and (marker, text)."""
        self.buffer += data
        while match := self.pattern.search(self.buffer):
            if match.start():
                yield None, self.buffer[:match.start()]
            yield match[1].decode(), match[2].decode(errors="replace")
            self.buffer = self.buffer[match.end():]
        # Keep back what may be the beginning of a marker.
        keep = self.buffer.rfind(b"\0", max(0, len(self.buffer) - 300))
        if keep < 0 or b"\n" in self.buffer[keep:]:
            keep = len(self.buffer)
        if keep:
            yield None, self.buffer[:keep]
            self.buffer = self.buffer[keep:]

    def rest(self):
        data, self.buffer = self.buffer, b""
        return data


class Machine:
    def __init__(self, args):
        self.args = args
        self.selector = selectors.DefaultSelector()
        self.markers = Markers(args.nonce)
        self.models = []
        self.qemu = None
        self.started = False
        self.status = None
        self.error = None
        self.monitor = None
        self.monitor_input = b""
        self.terminal = None
        self.console = Console("lab-end " + args.nonce, args.verbose)
        self.output = open("output.log", "wb", buffering=0)

    def listen(self, name, handler):
        server = socket.socket(socket.AF_UNIX)
        server.bind(name)
        server.listen(1)

        def accept():
            peer, _ = server.accept()
            self.selector.unregister(server)
            server.close()
            self.selector.register(peer, selectors.EVENT_READ,
                                   lambda: self.receive(peer, handler))
        self.selector.register(server, selectors.EVENT_READ, accept)

    def on_monitor(self, data, peer):
        self.monitor_input += data
        *lines, self.monitor_input = self.monitor_input.split(b"\n")
        for line in lines:
            try:
                self.monitor = self.monitor or Monitor("qmp.sock", self.selector)
                self.monitor.command(line + b"\n",
                                     lambda answer: self.reply(peer, answer))
            except OSError as error:
                self.reply(peer, monitor_error(str(error)))

    @staticmethod
    def reply(peer, answer):
        try:
            peer.sendall(answer)
        except OSError as error:
            say(f"the guest cannot be given the monitor's answer: {error}")

    def receive(self, peer, handler):
        try:
            data = peer.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if data:
            handler(data, peer)
        else:
            self.selector.unregister(peer)
            peer.close()

    def emit(self, data):
        self.output.write(data)
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def on_output(self, data, _peer):
        for marker, text in self.markers.feed(data):
            if marker is None:
                self.emit(text)
            elif marker == "start":
                self.started = True
                if self.terminal:
                    self.terminal.begin()
                if self.args.verbose:
                    say(f"guest is up after {time.monotonic() - self.begin:.1f} s")
            elif marker == "exit":
                self.status = int(text)
            else:
                self.error = text

    def ask(self, line):
        """The monitor's answer to a command of our own, or nothing."""
        answers = []
        self.monitor.command(line, answers.append)
        limit = time.monotonic() + SYSRQ_LIMIT
        while not answers and time.monotonic() < limit:
            for event, _ in self.selector.select(0.1):
                event.data()
        return json.loads(answers[0]).get("return") if answers else None

    def note_registers(self):
        text = self.ask(b'{"execute":"human-monitor-command",'
                        b'"arguments":{"command-line":"info registers -a"}}\n')
        text = (text or "").replace("\r", "")
        with open("registers.log", "a") as log:
            log.write(text)
        for counter in re.findall(r"\b(?:RIP|PC) *= *[0-9a-f]+", text):
            say("a CPU is at " + counter)

    def ask_blocked(self):
        """Has a guest that is about to be killed say what its CPUs do and whom
        everybody waits for: SysRq over the serial line, which takes no process.
        A guest that does not answer may be stuck where its registers say."""
        try:
            self.monitor = self.monitor or Monitor("qmp.sock", self.selector)
            for key in b"l", b"w":
                self.ask(b'{"execute":"chardev-send-break",'
                         b'"arguments":{"id":"console"}}\n')
                self.console.type(key)
                limit = time.monotonic() + SYSRQ_LIMIT
                while time.monotonic() < limit:
                    time.sleep(SYSRQ_QUIET)
                    if not self.console.follow():
                        break
            for _ in range(2):
                self.note_registers()
        except (OSError, ValueError) as error:
            say(f"the guest could not be asked what it waits for: {error}")

    def start_models(self):
        for index, text in enumerate(self.args.model):
            log = open(f"model-{index}.log", "wb")
            command = [self.args.model_binary] + shlex.split(text)
            self.models.append(subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        deadline = time.monotonic() + MODEL_START_LIMIT
        for index, model in enumerate(self.models):
            name = f"model-{index}.sock"
            # The model gives its socket this name once it is listening.
            while not os.path.exists(name):
                if model.poll() is not None or time.monotonic() > deadline:
                    say(f"device model {index} did not start: {shlex.join(model.args)}")
                    show_file(f"log of device model {index}", f"model-{index}.log")
                    return False
                time.sleep(0.01)
        return True

    def dead_model(self):
        for index, model in enumerate(self.models):
            if model.poll() not in (None, MODEL_VANISHED):
                return index
        return None

    def watch(self):
        """Serves the machine until there is a verdict; None means that the
        program has ended and its status is in self.status."""
        deadline = self.begin + self.args.timeout
        console_deadline = None
        next_look = 0
        while True:
            now = time.monotonic()
            finished = self.status is not None or self.error is not None
            if finished and self.console.done:
                break
            if finished and console_deadline is None:
                console_deadline = now + CONSOLE_LIMIT
            if console_deadline is not None and now > console_deadline:
                say(f"the guest's console did not catch up in {CONSOLE_LIMIT} s")
                return DIED
            # A person has no time limit, once there is something to type into
            if not finished and now > deadline and not (self.terminal and self.started):
                what = "the program was still running" if self.started else \
                    "the guest had not come up"
                say(f"time limit of {self.args.timeout} s is over: {what}")
                self.ask_blocked()
                return TIMED_OUT
            events = self.selector.select(0.1)
            for key, _ in events:
                key.data()
            # Whoever dies closes its sockets or says nothing more
            if events and now < next_look:
                continue
            next_look = now + LOOK_EVERY
            self.console.follow()
            if self.qemu.poll() is not None:
                self.drain()
                if finished and self.console.done:
                    break
                if self.terminal and self.started and self.qemu.returncode == 0:
                    # Whoever sits there has switched it off; a panic is a splat
                    self.status = 0
                    break
                say("the guest died" if self.started else
                    "the guest died before it came up"
                    if self.console.size else "QEMU did not start")
                return DIED
            index = self.dead_model()
            if index is not None:
                say(f"device model {index} died with status "
                    f"{self.models[index].returncode}")
                show_file(f"log of device model {index}", f"model-{index}.log")
                return DIED
        if self.error is not None:
            say("the guest is not as it should be: " + self.error)
            return DIED
        return None

    def drain(self):
        while self.selector.get_map():
            events = self.selector.select(0)
            if not events:
                break
            for key, _ in events:
                key.data()
        self.console.follow()

    def stop(self):
        """Ends QEMU, then the models; False if a model ended badly."""
        good = True
        if self.terminal:
            self.terminal.end()
        if self.qemu and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()
        for index, model in enumerate(self.models):
            if model.poll() is None:
                model.terminate()
            try:
                model.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                say(f"device model {index} did not stop; killed")
                model.kill()
                model.wait()
                good = False
            if model.returncode not in (0, MODEL_VANISHED, -signal.SIGTERM,
                                        -signal.SIGKILL):
                say(f"device model {index} ended with status {model.returncode}")
                show_file(f"log of device model {index}", f"model-{index}.log")
                good = False
        return good

    def run(self):
        self.listen("output.sock", self.on_output)
        self.listen("monitor.sock", self.on_monitor)
        if self.args.terminal:
            self.terminal = terminal.Terminal(self.selector, "tty.sock")
        if not self.start_models():
            return DIED
        with open("qemu.log", "wb") as log:
            log.write((shlex.join(self.args.qemu) + "\n").encode())
            log.flush()
            self.begin = time.monotonic()
            self.qemu = subprocess.Popen(self.args.qemu, stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log)
        verdict = self.watch()
        if self.terminal:
            self.terminal.end()
        self.emit(self.markers.rest())
        if not self.stop() and verdict is None:
            verdict = DIED
        self.console.follow()
        found = splats.find(self.args.splats)
        if verdict is not None:
            show_file("end of QEMU's log", "qemu.log", 5)
            if not self.args.verbose:
                show_file("end of the guest's console", "console.log",
                          120 if verdict == TIMED_OUT else 60)
            if verdict == TIMED_OUT:
                splats.show(found)
            return verdict
        if found:
            say(f"the guest's kernel complained (the program returned {self.status})")
            splats.show(found)
            return SPLAT
        return self.status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dir", required=True)
    parser.add_argument("--nonce", required=True)
    parser.add_argument("--timeout", type=int, required=True)
    parser.add_argument("--splats", required=True)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--terminal", action="store_true")
    parser.add_argument("--model-binary", default="")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("qemu", nargs="+")
    args = parser.parse_args()
    os.chdir(args.dir)
    machine = Machine(args)
    try:
        sys.exit(machine.run())
    except BrokenPipeError:
        sys.exit(DIED)
    finally:
        machine.stop()


if __name__ == "__main__":
    main()
