# SPDX-License-Identifier: GPL-2.0-only
"""A person's terminal on one side and a console of the guest on the other. The guest's
own tty knows what Ctrl-C means, so ours passes everything on as it is typed."""
import os
import selectors
import socket
import termios
import tty

INPUT, OUTPUT = 0, 1
END_OF_FILE = b"\4"		# what a tty takes for it
BEGINNING = b"\0lab-tty."	# what guest/init writes first: UEFI writes to any console


class Terminal:
    def __init__(self, selector, path):
        self.selector = selector
        self.before = None
        self.peer = None
        self.pending = b""
        self.early = b""
        self.typing = False
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(1)
        selector.register(self.server, selectors.EVENT_READ, self.accept)

    def accept(self):
        self.peer, _ = self.server.accept()
        self.peer.setblocking(False)
        self.selector.unregister(self.server)
        self.server.close()
        self.selector.register(self.peer, selectors.EVENT_READ, self.show)

    def begin(self):
        """From now on it is the guest's. Until then Ctrl-C ends the whole run."""
        self.before = termios.tcgetattr(INPUT)
        tty.setraw(INPUT, termios.TCSADRAIN)
        self.type_on(True)

    def end(self):
        """As it was before, whatever the guest has made of it."""
        self.type_on(False)
        if self.before is not None:
            termios.tcsetattr(INPUT, termios.TCSADRAIN, self.before)
            self.before = None

    def type_on(self, wanted):
        if wanted != self.typing:
            self.typing = wanted
            if wanted:
                self.selector.register(INPUT, selectors.EVENT_READ, self.typed)
            else:
                self.selector.unregister(INPUT)

    def typed(self):
        try:
            data = os.read(INPUT, 4096)
        except OSError:		# the terminal is gone
            data = b""
        if not data:
            self.type_on(False)
            data = END_OF_FILE
        self.pending += data
        self.send()

    def send(self):
        """A guest that does not read must not keep us from reading what it writes:
        what it does not take waits here, and so does whoever types."""
        try:
            while self.pending:
                self.pending = self.pending[self.peer.send(self.pending):]
        except BlockingIOError:
            self.type_on(False)
            self.selector.modify(self.peer, selectors.EVENT_READ | selectors.EVENT_WRITE,
                                 self.show_and_send)
        except OSError:
            self.pending = b""

    def show_and_send(self):
        self.selector.modify(self.peer, selectors.EVENT_READ, self.show)
        self.send()
        if not self.pending:
            self.type_on(True)
        self.show()

    def without_firmware(self, data):
        if self.early is None:
            return data
        before, found, after = (self.early + data).partition(BEGINNING)
        self.early = None if found else before[-len(BEGINNING):]
        return after

    def show(self):
        try:
            data = self.peer.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(self.peer)
            self.type_on(False)
        data = self.without_firmware(data)
        while data:
            data = data[os.write(OUTPUT, data):]
