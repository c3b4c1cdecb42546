"""How many requests are worked on at once: those beyond are refused now, not after minutes."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.back_pressure import TooBusy
from service.api.problems import problem_of, respond

MOST_AT_WORK = 120
"""Three times the threads that a process works with: who waits, waits for two others at most."""
_ALWAYS = "/healthz"


class Admission:
    """ASGI middleware: 503 with Retry-After while as many requests are worked on as may be.

    A request is worked on from the moment its body has arrived until its answer begins: neither who
    sends slowly nor who reads slowly keeps others out. ``/healthz`` is answered always.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or scope["path"] == _ALWAYS:
            await self._app(scope, receive, send)
            return
        is_at_work = False

        def admit() -> None:
            nonlocal is_at_work
            if not is_at_work and self._at_work >= MOST_AT_WORK:
                raise TooBusy
            self._at_work += not is_at_work
            is_at_work = True

        def leave() -> None:
            nonlocal is_at_work
            self._at_work -= is_at_work
            is_at_work = False

        async def arriving() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                admit()
            return message

        async def answering(message: Message) -> None:
            leave()
            await send(message)

        try:
            if not _brings_body(scope):
                admit()
            await self._app(scope, arriving, answering)
        except TooBusy as refused:
            await respond(Request(scope), problem_of(refused))(scope, receive, send)
        finally:
            leave()


def _brings_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
