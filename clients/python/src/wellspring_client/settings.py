"""What a client is told, by its caller or the environment; the only module here that reads it."""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wellspring_client.spool import Fsync

TEST_KEY = "ws_test_"
MOST_SALES = 10_000
"""Of one request, as the server takes them."""

_log = logging.getLogger("wellspring_client")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one client; see Client. ``folder``: of the spool, None: in memory."""

    api_key: str
    base_url: str
    folder: Path | None
    fsync: Fsync
    batch_size: int
    interval_seconds: float
    max_spool_bytes: int
    max_in_memory: int
    timeout_seconds: float
    exit_seconds: float
    fingerprint: bool
    test: bool

    def __post_init__(self) -> None:
        if not self.test and not (self.api_key and self.base_url):
            raise ValueError("give api_key and base_url, or WELLSPRING_API_KEY and WELLSPRING_URL")
        if self.fsync not in {"always", "interval", "never"}:
            raise ValueError("fsync must be always, interval or never")
        if not 1 <= self.batch_size <= MOST_SALES:
            raise ValueError(f"batch_size must be from 1 to {MOST_SALES}")


def from_environment(name: str) -> str:
    """Return WELLSPRING_API_KEY, _URL, _SPOOL or _TIER by the last part of its name, or nothing."""
    return os.environ.get(f"WELLSPRING_{name}") or ""


def spool_folder(
    given: str | Path | Literal[False] | None, *, base_url: str, api_key: str
) -> Path | None:
    """Make the folder of the spool and return it; None where sales wait in memory.

    Sales recorded with a test key lie apart, so that they never reach the books of live ones.

    Raises OSError where one that was asked for cannot be made.
    """
    if given is False:
        return None
    asked = given or from_environment("SPOOL")
    folder = Path(asked) if asked else _default(base_url)
    if api_key.startswith(TEST_KEY):
        folder /= "test"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        if asked:
            raise
        _log.error("no spool at %s, sales wait in memory only: %s", folder, error.strerror)
        return None
    return folder


def _default(base_url: str) -> Path:
    """Return the folder where this user's sales for a server wait.

    It does not depend on the key, so that what an old key could not send the new one does.
    """
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    server = hashlib.blake2b(base_url.encode(), digest_size=8).hexdigest()
    return Path(state).expanduser() / "wellspring-client" / server
