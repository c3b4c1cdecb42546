"""How much of a body is read, and for how long: enforced while it streams in."""

from collections.abc import Mapping

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.ledger.errors import LedgerError

DEFAULT_BYTES = 6_000_000
REPORT_BYTES = 20_000_000
"""Of a report of sales, in any format; of one that comes compressed, before and after."""
REPORT_PATHS = ("/v1/sales", "/v1/sales/litellm", "/v1/traces", "/api/v1/events")
BYTES_BY_PATH: Mapping[str, int] = {
    **dict.fromkeys(REPORT_PATHS, REPORT_BYTES),
    "/v1/works/imports": 20_000_000,
}
FILE_BYTES = 30_200_000
"""Of a form that brings a file: the file, its fields and what stands between them."""
MAX_SECONDS = 120


def _limit_of(path: str) -> int:
    if path.startswith("/v1/works/") and path.endswith("/files"):
        return FILE_BYTES
    return BYTES_BY_PATH.get(path, DEFAULT_BYTES)


class BodyTooLarge(LedgerError):
    """A body passes what its path takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the body has more than {limit_bytes} bytes", limit_bytes=limit_bytes)


class BodyTooSlow(LedgerError):
    """A body did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(f"the body did not arrive within {MAX_SECONDS} seconds")


class BodyLimit:
    """ASGI middleware: reading past the limit raises BodyTooLarge, whatever Content-Length said.

    An answer given before the whole body was read closes the connection, so that nobody is made to
    read on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _LimitedBody(scope, receive)

        async def closing(message: Message) -> None:
            if message["type"] == "http.response.start" and body.is_unread:
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            await send(message)

        await self._app(scope, body.receive, closing)


class _LimitedBody:
    """The body of one request, counted while it is read."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        self._limit = _limit_of(scope["path"])
        self._declared = int(declared[:20]) if declared.isdigit() else 0
        self._receive = receive
        self._read = 0
        self._deadline: float | None = None
        self.is_unread = bool(self._declared) or b"transfer-encoding" in headers

    async def receive(self) -> Message:
        """Return the next message; raise BodyTooLarge or BodyTooSlow while the body comes in."""
        if not self.is_unread:
            return await self._receive()
        if self._declared > self._limit:
            raise BodyTooLarge(self._limit)
        if self._deadline is None:
            self._deadline = anyio.current_time() + MAX_SECONDS
        try:
            with anyio.fail_after(self._deadline - anyio.current_time()):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            raise BodyTooLarge(self._limit)
        self.is_unread = bool(message.get("more_body", False))
        return message
