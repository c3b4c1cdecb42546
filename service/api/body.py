"""How bodies are read: JSON strictly, on a thread of its own, from one media type only."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from service.api import json_body
from service.ledger.errors import LedgerError

JSON = "application/json"


class WrongMediaType(LedgerError):
    """A body of a kind that is not taken here."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)


def media_type(
    request: Request, allowed: tuple[str, ...], *, encodings: tuple[str, ...] = ()
) -> str:
    """Return the media type of the body; raise WrongMediaType unless it is allowed, in UTF-8.

    encodings: of the content, that are taken beside identity.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    named = kind.strip().lower()
    charset = parameters.lower().replace('"', "").replace(" ", "").partition("charset=")[2]
    if named not in allowed:
        raise WrongMediaType(f"send the body as {' or '.join(allowed)}")
    if charset.partition(";")[0] not in {"", "utf-8", "utf8", "us-ascii"}:
        raise WrongMediaType("send the body as UTF-8")
    if content_encoding(request) not in {"identity", *encodings}:
        only = f" other than {' or '.join(encodings)}" if encodings else ""
        raise WrongMediaType(f"send the body without Content-Encoding{only}")
    return named


def content_encoding(request: Request) -> str:
    """Return how the body is compressed; identity where it is not."""
    return request.headers.get("content-encoding", "identity").strip().lower() or "identity"


class StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """Return the body's value; raise BadJson, TooManyValues, BadText."""
        raw = await self.body()
        return await run_in_threadpool(_read, raw)


def _read(raw: bytes) -> object:
    value = json_body.read(raw)
    json_body.check_strings(value)
    return value


class StrictRoute(APIRoute):
    """A route whose body is read by StrictRequest; another media type than JSON is refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route's handler."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None and _has_body(request):
                media_type(request, (JSON,))
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


def _has_body(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers
