"""Lines of a creator's statement: what each says, disputing one, and what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.api.doors import WebContext
from service.ledger.line_dispute import DisputeTooLate, check_in_time, last_day
from service.ledger.money import BadAmount, parse_nanos
from service.ledger.statement import StatementLine
from service.portal import pages
from service.portal.field_errors import errors_of
from service.store import line_disputes, statements
from service.store.database import unit_of_work
from service.store.line_disputes import (
    MAX_REASON_CHARS,
    LineDispute,
    LineDisputed,
    NewLineDispute,
    StatementLineNotFound,
)
from service.store.people import Person
from service.store.reissues import DocumentNumber
from service.store.statements import IssuedStatement, StatementNotFound
from service.store.text_rules import BadText

router = APIRouter()
_LINES_A_PAGE = 100
_FIELDS = ("expected", "reason")


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of a statement, counted from 1, and its dispute if it has one."""

    number: int
    line: StatementLine
    title: str
    vendor: str
    dispute: LineDispute | None


@router.get("/statements/{number}/lines")
def lines_page(
    request: Request,
    person: Creator,
    context: Context,
    number: str,
    after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> Response:
    """List the lines of a statement with what is disputed."""
    with unit_of_work(context.database) as session:
        issued = _own(session, person, number)
        disputed = line_disputes.of_statement(session, issued.number)
    count = len(issued.statement.lines)
    until = min(after + _LINES_A_PAGE, count)
    return pages.render(
        request,
        "statement_lines.html",
        title=f"Lines of {issued.number}",
        issued=issued,
        lines=[_shown(issued, at, disputed) for at in range(after + 1, until + 1)],
        after=after,
        more=until if until < count else None,
        last_day=last_day(issued.issued_at),
    )


@router.get("/statements/{number}/lines/{line}")
def line_page(
    request: Request, person: Creator, context: Context, number: str, line: int
) -> Response:
    """Show one line, its dispute with the answer, or the form to dispute it."""
    return _line(request, person, context, number, line, typed={}, errors={})


@router.post("/statements/{number}/lines/{line}")
def dispute(
    request: Request,
    person: Creator,
    context: Context,
    number: str,
    line: int,
    expected: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Dispute a line; what is wrong with the form is said beside the field."""
    typed = {"expected": expected, "reason": reason}
    try:
        nanos = parse_nanos(expected.strip())
        with unit_of_work(context.database) as session:
            issued = _own(session, person, number)
            check_in_time(issued.number, issued.issued_at, now=context.clock())
            new = NewLineDispute(issued.number, line, reason.replace("\r\n", "\n"), nanos)
            by = f"holder {person.party_id}"
            line_disputes.insert(session, new, by=by, now=context.clock())
    except BadAmount as refusal:
        errors = errors_of([refusal], _FIELDS, other="expected")
        return _line(request, person, context, number, line, typed=typed, errors=errors)
    except (BadText, DisputeTooLate, LineDisputed) as refusal:
        errors = errors_of([refusal], _FIELDS)
        return _line(request, person, context, number, line, typed=typed, errors=errors)
    context.doorbell.ring()
    return pages.goto(f"/statements/{issued.number}/lines/{line}?done=disputed")


def _line(
    request: Request,
    person: Person,
    context: WebContext,
    number: str,
    line: int,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    with unit_of_work(context.database) as session:
        issued = _own(session, person, number)
        if not 1 <= line <= len(issued.statement.lines):
            raise StatementLineNotFound(issued.number, line)
        disputed = line_disputes.of_statement(session, issued.number)
    until = last_day(issued.issued_at)
    return pages.render(
        request,
        "statement_line.html",
        title=f"Line {line} of {issued.number}",
        status=422 if errors else 200,
        issued=issued,
        shown=_shown(issued, line, disputed),
        typed=typed,
        errors=errors,
        last_day=until,
        in_time=context.clock().date() <= until,
        max_chars=MAX_REASON_CHARS,
    )


def _own(session: Session, person: Person, number: str) -> IssuedStatement:
    """Return a statement of the person; raise StatementNotFound for none and others' alike."""
    issued = statements.get(session, DocumentNumber.parse(number).statement)
    if issued.statement.holder_id != person.party_id:
        raise StatementNotFound(number)
    return issued


def _shown(issued: IssuedStatement, number: int, disputed: Mapping[int, LineDispute]) -> ShownLine:
    line = issued.statement.lines[number - 1]
    title, vendor = issued.work_titles[line.work_id], issued.vendor_names[line.vendor]
    return ShownLine(number, line, title, vendor, disputed.get(number))
