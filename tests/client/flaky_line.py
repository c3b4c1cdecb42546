"""A TCP line to a server that resets one request in five, and calls somebody at a chosen one."""

import socket
import struct
from contextlib import suppress
from threading import Lock, Thread

BLOCK = 65_536
_RESET = struct.pack("ii", 1, 0)  # closed without waiting: the other side sees a reset


class FlakyLine:
    """Passes all on to a port of the loopback, but resets every fifth request.

    Half of those are lost on their way, of the other half the answer: the server has stored them.
    """

    def __init__(self, port):
        self.far_port, self.at_request = port, {}
        self.requests = self.lost = self.swallowed = 0
        self._lock = Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def close(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.far_port), timeout=30)
            except OSError:
                _reset(near)
                continue
            deaf = []
            Thread(target=self._pass, args=(near, far, deaf), daemon=True).start()
            Thread(target=self._pass_back, args=(near, far, deaf), daemon=True).start()

    def _pass(self, near, far, deaf):
        for block in _blocks(near):
            if block.startswith(b"POST ") and not self._passes(deaf):
                break
            with suppress(OSError):
                far.sendall(block)
        if not deaf:
            _reset(near, far)

    def _passes(self, deaf):
        with self._lock:
            self.requests += 1
            number = self.requests
            happens = self.at_request.pop(number, None)
            if number % 10 == 3:
                self.lost += 1
            if number % 10 == 8:
                self.swallowed += 1
        if happens:
            happens()
        if number % 10 == 8:
            deaf.append(number)
        return number % 10 != 3

    def _pass_back(self, near, far, deaf):
        for block in _blocks(far):
            if deaf:
                break  # the server has answered: what was asked is done
            with suppress(OSError):
                near.sendall(block)
        _reset(near, far)


def _blocks(end):
    with suppress(OSError):
        while block := end.recv(BLOCK):
            yield block


def _reset(*ends):
    for end in ends:
        with suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        with suppress(OSError):
            end.shutdown(socket.SHUT_RD)
        end.close()
