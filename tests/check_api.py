"""`schemathesis run` with all checks against a running installation, as an operator and a creator.

A server of its own with the sample parties, in a folder of its own, on a port of loopback that
nobody uses. Ends with the code of the first run that found something.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

TESTS = Path(__file__).parent
BIN = Path(sys.executable).parent
ROLES = ("operator", "creator")
_START_SECONDS = 120


def main() -> int:
    """Start the server, run the checks once a role, stop the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with TemporaryDirectory(prefix="wellspring-check-") as folder:
        home = Path(folder) / "home"
        environment = os.environ | {
            "WELLSPRING_HOME": str(home),
            "WELLSPRING_RATE_LIMIT_PER_MINUTE": "0",
        }
        with (Path(folder) / "log").open("w") as log:
            server = subprocess.Popen(
                [BIN / "wellspring", "up", "--sample", "--port", str(port)],
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base, server)
            return max(_run(base, home, role, environment) for role in ROLES)
        finally:
            server.terminate()
            server.wait()


def _wait(base: str, server: subprocess.Popen[bytes]) -> None:
    """Return once the server is ready and its logins are written."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            if httpx.get(f"{base}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def _run(base: str, home: Path, role: str, environment: dict[str, str]) -> int:
    command = [BIN / "wellspring", "vendors", "key", "Acme", "--json"]
    made = subprocess.run(command, env=environment, capture_output=True, check=True)
    login, password = _login_of(home, role)
    person = httpx.Client(base_url=base)
    answer = person.post("/v1/session", json={"login": login, "password": password})
    answer.raise_for_status()
    known = {
        "WELLSPRING_CHECK_KEY": json.loads(made.stdout)["key"],
        "WELLSPRING_CHECK_SESSION": person.cookies["wellspring_session"],
        "WELLSPRING_CHECK_CSRF": answer.json()["csrf_token"],
        "SCHEMATHESIS_HOOKS": "schemathesis_hooks",
        "PYTHONPATH": str(TESTS),
    }
    examples = os.environ.get("EXAMPLES", "3")
    return subprocess.run(
        [
            *(BIN / "schemathesis", "--config-file", TESTS / "schemathesis.toml"),
            *("run", f"{base}/openapi.json", "--checks", "all", "--max-examples", examples),
            *("--exclude-path", "/v1/session"),  # it would end the session that all others need
        ],
        env=environment | known,
        check=False,
    ).returncode


def _login_of(home: Path, role: str) -> tuple[str, str]:
    for line in (home / "logins.txt").read_text(encoding="utf-8").splitlines():
        found, _, login, _, password = line.split()
        if found == role:
            return login, password
    raise SystemExit(f"no login of a {role}")


if __name__ == "__main__":
    sys.exit(main())
