"""Around every request: its id, one line of log, its metrics, safe headers, and no bare failure."""

import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.logs import frames_of
from service.api.metrics import Metrics
from service.api.problems import json_response, problem_of
from service.api.rate_limits import headers_of
from service.store.asking import ASKING, Asking
from service.store.mode import Mode

REQUEST_ID = "X-Request-ID"
MODE = "Wellspring-Mode"
_POLICY = (
    b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    b"object-src 'none'"
)
_SAFE_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observed:
    """ASGI middleware: gives each request an id, answers what nobody caught, logs and counts.

    The id is ours; one that is sent is not looked at. Logged are method, route template, status,
    milliseconds and id: no path, query, header or body.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        status, started = 0, time.perf_counter()

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message.get("headers", [])}
                safe = [header for header in _SAFE_HEADERS if header[0] not in given]
                own = (REQUEST_ID.lower().encode(), request_id.encode())
                rates = headers_of(scope["state"])
                mode = (MODE.lower().encode(), mode_in(scope).encode())
                message["headers"] = [*message.get("headers", []), *safe, *rates, mode, own]
            await send(message)

        asked = ASKING.set(Asking(request_id))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, marked)
            except Exception as error:  # noqa: BLE001 - the last place: answered and logged here
                structlog.get_logger("wellspring.api").error(
                    "request-failed", error=type(error).__name__, frames=frames_of(error)
                )
                if not status:
                    await json_response(problem_of(error), request_id)(scope, receive, marked)
            finally:
                ASKING.reset(asked)
            self._observe(scope, status, time.perf_counter() - started)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status), mode_in(scope)).inc()
        self._metrics.seconds.labels(method, route, mode_in(scope)).observe(seconds)
        structlog.get_logger("wellspring.access").info(
            "request", method=method, route=route, status=status, milliseconds=round(seconds * 1e3)
        )


def mode_in(scope: Scope) -> str:
    """Return of which books a request was: live, or test where it came with a test key."""
    return str(scope.get("state", {}).get("mode", Mode.LIVE))


def route_template(scope: Scope) -> str:
    """Return the route's template like ``/v1/sales/{sale}``; never what was asked for."""
    template = getattr(scope.get("route"), "path_format", None)
    if isinstance(template, str):
        return template
    return "static" if scope.get("app_root_path") is not None else "unmatched"
