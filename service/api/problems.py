"""Errors become RFC 9457 problems with the name of the rule and every place."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import exc as sql
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from service.api import asked_books, batch_refusal, json_body, rate_limits
from service.api.refusals import PLACE, STATUS
from service.ledger.errors import LedgerError
from service.ledger.sale_report import FieldError
from service.store import attempts

RETRY_AFTER_SECONDS = 5
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """What an answer says of an error. ``more``: members beside the standard ones."""

    status: int
    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)


class FieldProblem(BaseModel):
    """One thing wrong with one field."""

    place: str
    rule: str


class ProblemBody(BaseModel):
    """RFC 9457 problem, as the API's documents show it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]
    request_id: str


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem."""
    app.add_exception_handler(LedgerError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _refused)
    for kind, answer in _DATABASE.items():
        app.add_exception_handler(kind, answer)


def problem_of(error: Exception) -> Problem:
    """Say what an error means to the one who asked."""
    if isinstance(error, LedgerError) and type(error) in STATUS:
        return _of_ledger(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error)
    if isinstance(error, HTTPException):
        if isinstance(error.__cause__, LedgerError):
            return problem_of(error.__cause__)
        return _of_http(error)
    return Problem(500, "internal-error", "something went wrong on our side; it was logged")


def _of_http(error: HTTPException) -> Problem:
    title = HTTPStatus(error.status_code).phrase
    detail = _DETAIL.get(error.status_code, str(error.detail))
    code = title.lower().replace(" ", "-")
    return Problem(error.status_code, code, detail, headers=dict(error.headers or {}))


_DETAIL = {
    404: "there is nothing at this path",
    405: "this path does not take this method: see the header Allow",
}


def _of_ledger(error: LedgerError) -> Problem:
    status = STATUS[type(error)]
    place = error.facts.get("place", PLACE.get(type(error)))
    errors: tuple[FieldError, ...] = ()
    if place is not None:
        errors = (FieldError(str(place), str(error.facts.get("rule", error.sentence))),)
    if isinstance(error, batch_refusal.BatchRefused):
        errors = error.errors
    headers: dict[str, str] = {}
    if isinstance(error, asked_books.KeyRefused):
        headers["WWW-Authenticate"] = 'Bearer realm="wellspring"'
    if isinstance(error, attempts.TooManyLogins | rate_limits.RateExceeded):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return Problem(status, error.code, error.sentence, errors, headers)


def _of_validation(error: RequestValidationError) -> Problem:
    errors = tuple(FieldError(_place(one["loc"]), str(one["msg"])) for one in error.errors())
    detail = "; ".join(f"{one.place}: {one.rule}" for one in errors[:3])
    return Problem(422, "invalid-input", detail, errors)


def _place(loc: Sequence[object]) -> str:
    """Write FastAPI's place as one: ``holders[0].share_ppm``; ``body`` for the whole body."""
    inner = (
        [str(loc[0])]
        if len(loc) == 1
        else [
            f"[{part}]" if isinstance(part, int) else json_body.printable(str(part))
            for part in loc[1:]
        ]
    )
    return ".".join(inner).replace(".[", "[")


def respond(request: Request, problem: Problem) -> Response:
    """Answer with a problem; pages get the portal's page where it has set one.

    ``app.state.problem_page``, if set, is called with request and problem for paths outside the API
    when a browser asks for HTML.
    """
    page = getattr(request.app.state, "problem_page", None)
    wants_page = "text/html" in request.headers.get("accept", "")
    if page and wants_page and not request.url.path.startswith("/v1/"):
        answer: Response = page(request, problem)
        return answer
    return json_response(problem, getattr(request.state, "request_id", ""))


def json_response(problem: Problem, request_id: str) -> JSONResponse:
    """Write a problem as JSON."""
    content = {
        "type": f"urn:wellspring:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "errors": [{"place": one.place, "rule": one.rule} for one in problem.errors],
        "request_id": request_id,
        **problem.more,
    }
    headers = dict(problem.headers)
    return JSONResponse(content, problem.status, headers=headers, media_type=MEDIA_TYPE)


async def _refused(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    is_405 = problem.status == HTTPStatus.METHOD_NOT_ALLOWED
    if is_405 or isinstance(error, RequestValidationError):
        # a route knows its own methods only, and /works/{work_id} may stand for /works/files
        methods = _documented_methods(request)
        if methods and request.method not in methods:
            refused = problem_of(HTTPException(HTTPStatus.METHOD_NOT_ALLOWED))
            problem = replace(refused, headers={"Allow": ", ".join(sorted(methods))})
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        raise error
    return respond(request, problem)


def _documented_methods(request: Request) -> frozenset[str]:
    """Return the methods of the documented path that is meant; of several the most literal one."""
    found = [
        (template.count("{"), methods)
        for template, pattern, methods in _patterns(request.app)
        if pattern.fullmatch(request.url.path)
    ]
    return min(found, key=lambda one: one[0])[1] if found else frozenset()


def _patterns(app: FastAPI) -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    known: list[tuple[str, re.Pattern[str], frozenset[str]]] | None
    known = getattr(app.state, "documented_paths", None)
    if known is None:
        known = [
            (template, compile_path(template)[0], frozenset(map(str.upper, methods)))
            for template, methods in app.openapi()["paths"].items()
        ]
        app.state.documented_paths = known
    return known


async def _unavailable(request: Request, error: Exception) -> Response:
    code, status = "database-unavailable", 503
    detail = "the database cannot be reached now: try again"
    if isinstance(getattr(error, "orig", error), psycopg.errors.DiskFull):
        code, status = "storage-full", 507
        detail = "the database has no room left: nothing of this was stored, try again later"
    structlog.get_logger("wellspring.api").warning(code, error=_name(error))
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return respond(request, Problem(status, code, detail, headers=headers))


async def _changed_meanwhile(request: Request, error: Exception) -> Response:
    structlog.get_logger("wellspring.api").warning("changed-meanwhile", error=_name(error))
    detail = "somebody else changed the same thing meanwhile: look again, then try again"
    return respond(request, Problem(409, "changed-meanwhile", detail))


async def _out_of_range(request: Request, error: Exception) -> Response:
    structlog.get_logger("wellspring.api").warning("out-of-range", error=_name(error))
    return respond(request, Problem(422, "out-of-range", "a value lies outside what can be kept"))


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


_DATABASE: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    sql.OperationalError: _unavailable,
    sql.InterfaceError: _unavailable,
    sql.TimeoutError: _unavailable,
    psycopg.OperationalError: _unavailable,
    psycopg.InterfaceError: _unavailable,
    sql.IntegrityError: _changed_meanwhile,
    psycopg.IntegrityError: _changed_meanwhile,
    sql.DataError: _out_of_range,
    psycopg.DataError: _out_of_range,
}
