"""A receiver of webhooks of a few lines on the loopback, which answers as a test tells it to."""

import ssl
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Told:
    path: str
    headers: dict
    body: bytes

    @property
    def id(self):
        return self.headers["webhook-id"]

    def verified_by(self, secret):
        """Return the event, as the library of receivers reads it."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers each request by ``answer``: (status, body, headers); waits while ``gate`` is shut."""

    answer: Callable = lambda _told: (204, b"", {})
    gate: threading.Event = field(default_factory=threading.Event)
    told: list = field(default_factory=list)
    port: int = 0
    asked_for: list = field(default_factory=list)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks"


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = Told(self.path, headers, body)
        receiver.told.append(told)
        receiver.gate.wait(30)
        status, content, more = receiver.answer(told)
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a sender that hangs up in the middle is what some tests are about


def _speaking_tls(socket, identity, asked_for):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    return context.wrap_socket(socket, server_side=True)


@contextmanager
def a_receiver(answer=None, *, shut=False, identity=None):
    """Lend a receiver; with ``shut`` it answers nothing before its gate is set.

    identity: file of key and certificate of one that speaks TLS; ``asked_for``: names it was
    asked for.
    """
    receiver = Receiver(**({"answer": answer} if answer else {}))
    if not shut:
        receiver.gate.set()
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.receiver, receiver.port = receiver, server.server_address[1]
        if identity:
            server.socket = _speaking_tls(server.socket, identity, receiver.asked_for)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.gate.set()
            server.shutdown()
            thread.join()
