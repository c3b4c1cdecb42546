"""A small HTTP server that answers as it is told: refusals, silence, cut connections."""

import http.client
import json
import random
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESET, LOST, SILENT = "reset", "lost", "silent"
"""Cut before the request is passed on; after it, before its answer; no answer until the end."""


@dataclass
class Told:
    """An answer of the server's own."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b"{}"


def problem(status, code, **headers):
    body = json.dumps({"status": status, "code": code, "detail": "as told"}).encode()
    return Told(status, {name.replace("_", "-"): said for name, said in headers.items()}, body)


class FaultServer:
    """Takes each of ``faults`` for one request, in order; then all is well.

    Without ``upstream`` (a port) it stores sales itself, in ``stored``; ``bodies`` are the requests
    as they came. most_sales: it answers 413 to more. resets: the part of requests cut by chance.
    """

    def __init__(self, upstream=None, *, resets=0.0, seed=1):
        self.upstream, self.resets = upstream, resets
        self.faults, self.bodies, self.keys, self.stored = [], [], [], []
        self.most_sales = 10_000
        self.cut = 0
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Listener(("127.0.0.1", 0), _handler_of(self))
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def ids(self):
        return [sale["id"] for sale in self.stored]

    def next_fault(self):
        with self._lock:
            if self.faults:
                return self.faults.pop(0)
            if self._chance.random() < self.resets:
                self.cut += 1
                return self._chance.choice([RESET, LOST])
            return None

    def end_silence(self):
        self._over.set()

    def silence(self):
        self._over.wait(30)

    def answer(self, raw, authorization):
        """Return status, headers and content of a request that reaches a good server."""
        if self.upstream is not None:
            return _forwarded(self.upstream, raw, authorization)
        sales = json.loads(raw)
        if len(sales) > self.most_sales:
            told = problem(413, "too-many-sales")
            return told.status, told.headers, told.content
        with self._lock:
            known = set(self.ids())
            self.stored += [sale for sale in sales if sale["id"] not in known]
        items = [
            {"id": sale["id"], "outcome": "duplicate" if sale["id"] in known else "created"}
            for sale in sales
        ]
        return 200, {}, json.dumps({"accepted": len(items), "items": items}).encode()


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing of connections that were cut."""


def _forwarded(port, raw, authorization):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        connection.request("POST", "/v1/sales", raw, headers)
        answer = connection.getresponse()
        return answer.status, {}, answer.read()
    finally:
        connection.close()


def _handler_of(faults):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            authorization = self.headers["Authorization"]
            faults.bodies.append(raw)
            faults.keys.append(authorization.removeprefix("Bearer "))
            fault = faults.next_fault()
            if fault == SILENT:
                faults.silence()
            if fault == RESET:
                return self._cut()
            if isinstance(fault, Told):
                return self._say(fault.status, fault.headers, fault.content)
            try:
                status, headers, content = faults.answer(raw, authorization)
            except OSError:
                return self._cut()
            return self._cut() if fault == LOST else self._say(status, headers, content)

        def _cut(self):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

        def _say(self, status, headers, content):
            self.send_response_only(status)
            for name, said in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, said)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler
