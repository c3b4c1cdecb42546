"""How a report reaches the server: one POST, with bounds on every wait.

All that a request needs is imported here. httpx imports most of it with its first request, which is
in the background thread: a fork meanwhile would leave the locks of those imports held in the child
for ever, and no request of the child's would ever be sent.
"""

import encodings.idna
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import certifi
import httpcore
import httpx

_IMPORTED = (certifi.where(), httpcore, encodings.idna, importlib.resources)
CONNECT_SECONDS = 5.0
PATH = "/v1/sales"


class NotAnswered(Exception):
    """The request may or may not have reached the server."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport(Protocol):
    """Sends the body of a report; raises NotAnswered."""

    def post(self, body: bytes, *, api_key: str) -> Answer:
        """Send a report and return the answer."""

    def close(self) -> None:
        """Let go of connections."""


class HttpTransport:
    """Over httpx, with connections that are kept; made when first used, for one thread."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._timeout = httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS)
        self._http: httpx.Client | None = None

    def post(self, body: bytes, *, api_key: str) -> Answer:
        """Send a report and return the answer; redirects are not followed."""
        if self._http is None:
            self._http = httpx.Client(timeout=self._timeout)
        headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        try:
            answer = self._http.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise NotAnswered(f"{type(error).__name__}: {error}") from error
        return Answer(answer.status_code, answer.headers, answer.content)

    def close(self) -> None:
        """Close connections."""
        if self._http is not None:
            self._http.close()
            self._http = None
