"""The API in a process of its own on a loopback port, to be killed and started again."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from time import monotonic, sleep


class SaleServer:
    """A server on one port over one database; each start is a new process."""

    def __init__(self, url: str):
        self._url = url
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen | None = None

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [sys.executable, __file__, self._url, str(self.port)]
        self._process = subprocess.Popen(command)
        until = monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "the server ended"
            assert monotonic() < until, "the server does not answer"
            sleep(0.05)

    def _answers(self):
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class SilentBell:
    def ring(self):
        pass


class NoFingerprints:
    version = "none/1"

    def check(self, _sealed):
        return "is not taken here"


def _main(url, port):
    import uvicorn
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from service.api.application import create_api
    from service.api.doors import WebContext
    from service.settings import Settings
    from service.store.database import Database
    from worker.receipt_key import ReceiptSigner

    database = Database.connect(url)
    context = WebContext(
        database,
        Settings(),
        SilentBell(),
        None,
        lambda: datetime.now(UTC),
        NoFingerprints(),
        ReceiptSigner(Ed25519PrivateKey.generate()),
    )
    uvicorn.run(create_api(context), host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    _main(*sys.argv[1:])
