"""A TCP line to a server that a test can slow or cut: at once, or once the server did its part."""

import socket
import time
from contextlib import suppress
from threading import Lock, Thread

BLOCK = 65_536


class BadLine:
    """Listens on a port of its own and passes all on to an address, as long as it is up."""

    def __init__(self, family, address):
        self.family, self.address = family, address
        self.swallowed, self._words, self._deaf = 0, [], None
        self._lock, self._open, self._listener = Lock(), [], None
        self.port, self.late_seconds = 0, 0.0
        self.up()

    def up(self):
        """Take connections again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def down(self):
        """Refuse connections and end those that are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ended, self._open = self._open, []
        for pair in ended:
            _end(*pair)

    def cut_reply_to(self, *words):
        """Pass requests on until these words came one after another; cut instead of that reply."""
        self._words = list(words)

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(self.family, socket.SOCK_STREAM)
            far.connect(self.address)
            with self._lock:
                self._open.append((near, far))
            Thread(target=self._pass, args=(near, far), daemon=True).start()
            Thread(target=self._pass_back, args=(far, near), daemon=True).start()

    def _pass(self, near, far):
        for block in _blocks(near):
            if self._words and self._words[0] in block:
                self._deaf = far if len(self._words) == 1 else None
                del self._words[0]
            with suppress(OSError):
                far.sendall(block)
        _end(near, far)

    _deaf = None

    def _pass_back(self, far, near):
        for block in _blocks(far):
            if self._deaf is far:
                self.swallowed += 1
                break  # the server has answered: what was asked is done
            time.sleep(self.late_seconds)
            with suppress(OSError):
                near.sendall(block)
        _end(near, far)


def _blocks(end):
    with suppress(OSError):
        while block := end.recv(BLOCK):
            yield block


def _end(*ends):
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
