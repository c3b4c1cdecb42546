"""A mail server of a few lines on the loopback, which answers as a test tells it to."""

import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from worker.outbox.mail_server import SmtpServer


@dataclass
class Script:
    """What the server answers by command, and the letters it took. ``drops``: hangs up instead."""

    answers: dict[str, str] = field(default_factory=dict)
    drops: str = ""
    letters: list[tuple[str, str, bytes]] = field(default_factory=list)
    port: int = 0

    def server(self) -> SmtpServer:
        return SmtpServer("127.0.0.1", self.port, False, "", "", timeout_seconds=5)  # noqa: FBT003


class _Talk(socketserver.StreamRequestHandler):
    def handle(self):
        script, said = self.server.script, {"MAIL": "", "RCPT": ""}
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            command = line.partition(" ")[0].upper()
            if script.drops == command:
                return
            said[command] = line.partition(":")[2]
            default = "354 go on" if command == "DATA" else "250 fine"
            self._say(script.answers.get(command, default))
            if command == "QUIT":
                return
            if command == "DATA" and "DATA" not in script.answers:
                body = self._letter()
                if script.answers.get("LETTER", "250")[0] == "2":
                    script.letters.append((said["MAIL"], said["RCPT"], body))
                if script.drops == "LETTER":
                    return
                self._say(script.answers.get("LETTER", "250 taken as 7"))

    def _letter(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def a_mail_server(**told):
    """Lend a server that answers so."""
    script = Script(**told)
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.script = script
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()


def a_closed_port() -> int:
    """Return a port of the loopback that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
