"""Lines of statements that their readers dispute, and what operators answer."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import paging
from service.api.body import StrictRoute
from service.api.claim_forms import EvidenceBody, said_of
from service.api.dependencies import Context, CreatorOrOperator, Operator
from service.api.documented import problems
from service.api.paging import After, Limit, Number, Page
from service.ledger.claim import Actor
from service.ledger.line_dispute import LineAnswer, check_in_time, last_day
from service.ledger.money import PPM, format_nanos, parse_nanos
from service.store import claim_filing, line_disputes, statements
from service.store.claim_filing import NewClaim
from service.store.database import unit_of_work
from service.store.line_disputes import LineDispute, NewLineDispute
from service.store.people import Person
from service.store.reissues import DocumentNumber
from service.store.statements import IssuedStatement, StatementNotFound

router = APIRouter(tags=["claims"], route_class=StrictRoute)
_MAX_ID = 2**63 - 1


class LineDisputeOrder(BaseModel):
    """What is wrong with a line; ``claimed_ppm``: a part of its work that is yours, not theirs."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"reason": "My half of March is missing.", "expected": "0.27"}]
        },
    )
    reason: str = Field(description=f"1 to {line_disputes.MAX_REASON_CHARS} characters, kept.")
    expected: str = Field(description="Amount the line should say, a decimal string.")
    claimed_ppm: int | None = Field(default=None, ge=1, le=PPM)
    evidence: EvidenceBody | None = Field(default=None, description="Of the part claimed.")


class LineAnswerOrder(BaseModel):
    """What an operator answers; ``correction`` is what `wellspring corrections` made."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"answer": "accepted", "reason": "It was.", "correction": 12}]
        },
    )
    answer: Literal["accepted", "rejected"]
    reason: str = Field(description=f"1 to {line_disputes.MAX_REASON_CHARS} characters, kept.")
    correction: int | None = Field(default=None, ge=1, le=_MAX_ID)


class CorrectingLine(BaseModel):
    """A line of a later statement that corrects the disputed one."""

    statement: str
    line: int


class ShownLineDispute(BaseModel):
    """A disputed line, its answer and what corrects it; amounts are decimal strings."""

    line_dispute_id: int
    statement: str
    line: int
    holder_id: int
    holder_name: str
    work_id: int
    work_title: str
    currency: str
    stated: str
    expected: str
    reason: str
    claim_id: int | None
    disputed_at: datetime
    state: str = Field(description="open, rejected or accepted")
    answer_reason: str | None
    answered_at: datetime | None
    correction: int | None
    corrected_by: list[CorrectingLine]


class DisputableLine(BaseModel):
    """Whether a line is disputed, and until which day it may be."""

    statement: str
    line: int
    may_be_disputed_until: date
    dispute: ShownLineDispute | None


def _issued(session: Session, person: Person, number: str) -> IssuedStatement:
    """Return a statement the person may see, by its number or that of a document issued again.

    Raises StatementNotFound for others' and none alike.
    """
    issued = statements.get(session, DocumentNumber.parse(number).statement)
    if person.party_id not in {None, issued.statement.holder_id}:
        raise StatementNotFound(number)
    return issued


@router.get(
    "/v1/statements/{number}/lines/{line}/dispute",
    summary="Whether a line is disputed",
    responses=problems(401, 403, 404),
)
def get_line_dispute(
    context: Context, person: CreatorOrOperator, number: str, line: Number
) -> DisputableLine:
    """Return the dispute of a line of your statement, and until when it may be disputed."""
    with unit_of_work(context.database) as session:
        issued = _issued(session, person, number)
        line_disputes.work_of(session, issued.number, line)
        found = line_disputes.find_of_line(session, issued.number, line)
    return DisputableLine(
        statement=issued.number,
        line=line,
        may_be_disputed_until=last_day(issued.issued_at),
        dispute=_shown(found) if found else None,
    )


@router.post(
    "/v1/statements/{number}/lines/{line}/dispute",
    summary="Dispute a line of a statement",
    status_code=201,
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def dispute_line(
    context: Context,
    person: CreatorOrOperator,
    number: str,
    line: Number,
    order: Annotated[LineDisputeOrder, Body()],
) -> ShownLineDispute:
    """Dispute a line of your statement until the day it names. It holds nothing by itself.

    Where ``claimed_ppm`` says that a part of the work is yours, a claim is opened with it.
    """
    now = context.clock()
    expected = parse_nanos(order.expected)
    with unit_of_work(context.database) as session:
        issued = _issued(session, person, number)
        work_id = line_disputes.work_of(session, issued.number, line)
        check_in_time(issued.number, issued.issued_at, now=now)
        claim_id = None
        if order.claimed_ppm is not None:
            holder = issued.statement.holder_id
            told = f"line {line} of statement {issued.number}: {order.reason}"
            said = said_of(told[: line_disputes.MAX_REASON_CHARS], order.evidence)
            new = NewClaim(work_id, order.claimed_ppm, {holder: order.claimed_ppm}, said)
            by = Actor.of_holder(holder) if person.party_id else Actor(person.login)
            claim_id = claim_filing.file(session, new, by=by, now=now).claim.claim_id
        asked = NewLineDispute(issued.number, line, order.reason, expected, claim_id)
        made = _shown(line_disputes.insert(session, asked, by=_name(person), now=now))
    context.doorbell.ring()
    return made


@router.get("/v1/line-disputes", summary="List disputed lines", responses=problems(401, 403))
def list_line_disputes(
    context: Context,
    person: CreatorOrOperator,
    state: Annotated[str, Query(pattern="^(open|all)$", description="open or all")] = "all",
    limit: Limit = 20,
    after: After = "",
) -> Page[ShownLineDispute]:
    """List the lines you have disputed, newest first; an operator sees all."""
    with unit_of_work(context.database) as session:
        rows = line_disputes.listing(
            session,
            holder_id=person.party_id,
            only_open=state == "open",
            before=paging.number_of(after) or None,
            limit=limit + 1,
        )
    return paging.page_of(rows, limit, shown=_shown, cursor=lambda row: row.line_dispute_id)


@router.post(
    "/v1/line-disputes/{line_dispute_id}/answer",
    summary="Answer a disputed line",
    responses=problems(400, 401, 403, 404, 409, 413, 415),
)
def answer_line_dispute(
    context: Context,
    person: Operator,
    line_dispute_id: Number,
    order: Annotated[LineAnswerOrder, Body()],
) -> ShownLineDispute:
    """Reject with a reason, or accept with the correction whose further line mends it. Once."""
    with unit_of_work(context.database) as session:
        answered = line_disputes.answer(
            session,
            line_dispute_id,
            LineAnswer(order.answer),
            reason=order.reason,
            correction_job_id=order.correction,
            by=person.login,
            now=context.clock(),
        )
    return _shown(answered)


def _name(person: Person) -> str:
    """Return what is kept of who disputes: a holder's number, an operator's login."""
    return person.login if person.party_id is None else f"holder {person.party_id}"


def _shown(one: LineDispute) -> ShownLineDispute:
    return ShownLineDispute(
        line_dispute_id=one.line_dispute_id,
        statement=one.number,
        line=one.line,
        holder_id=one.holder_id,
        holder_name=one.holder_name,
        work_id=one.work_id,
        work_title=one.title,
        currency=one.currency,
        stated=format_nanos(one.stated_nanos),
        expected=format_nanos(one.expected_nanos),
        reason=one.reason,
        claim_id=one.claim_id,
        disputed_at=one.disputed_at,
        state=str(one.answer) if one.answer else "open",
        answer_reason=one.answer_reason,
        answered_at=one.answered_at,
        correction=one.correction_job_id,
        corrected_by=[CorrectingLine(statement=n, line=at) for n, at in one.corrected_by],
    )
