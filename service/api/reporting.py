"""Vendors report what they sold, in the formats that their programs speak already."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.api import report_answers, reporting_documented, sales_request
from service.api.body import StrictRoute, media_type
from service.api.delivery import RECEIPT, ReportDelivery
from service.api.dependencies import Context, ReportingKey
from service.api.documented import problems
from service.api.doors import WebContext
from service.api.formats import cloudevents, litellm, native, openmeter
from service.api.formats.native import Checks
from service.api.sales_documented import REPORT, REPORTED
from service.api.sales_request import JSON, NDJSON, Checking, SalesRequest
from service.ledger.sale_report import ItemOutcome, Outcome, ReportedSale
from service.ledger.tier_rule import NO_RULES
from service.store import provoked, report_receipts, sales, terms, tier_rules
from service.store.api_keys import CallingKey
from service.store.database import unit_of_work
from service.store.mode import Mode
from service.store.report_receipts import Delivery, ReportReceipt
from service.store.terms import Terms

router = APIRouter(tags=["sales"], route_class=StrictRoute)
EVENT, EVENTS = "application/cloudevents+json", "application/cloudevents-batch+json"
_PROBLEMS = (400, 401, 403, 408, 409, 413, 415)


@dataclass(frozen=True, slots=True)
class Report:
    """A report's media type and bytes."""

    kind: str
    raw: bytes


def _body_of(*kinds: str) -> Callable[[Request], object]:
    async def body(request: Request) -> Report:
        kind = media_type(request, kinds)
        return Report(kind, await request.body())

    return body


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that was read and stored: what became of each item, and the receipt for it."""

    is_single: bool
    outcomes: Sequence[ItemOutcome]
    receipt: ReportReceipt | None

    def receipted(self, answer: Response) -> Response:
        """Name the receipt in the answer, where anything was accepted."""
        if self.receipt:
            answer.headers[RECEIPT] = self.receipt.report.content.hex()
        return answer


def take(
    context: WebContext,
    key: CallingKey,
    read: Callable[[Checking], SalesRequest],
    delivery: Delivery | None,
) -> Taken:
    """Store what is read of a vendor's report, with its receipt, and ring.

    Reading happens in no transaction. What it raises, refuses the whole report; so does a number
    of a stream that another report has.
    """
    now, vendor_id = context.clock(), key.vendor_id
    with unit_of_work(context.database) as session:
        valid = terms.of_vendors(session, [vendor_id])[vendor_id]
        rules = NO_RULES if context.keys else tier_rules.of_key(session, key.key_id)
    if context.keys:
        with unit_of_work(context.keys) as session:
            rules = tier_rules.of_key(session, key.key_id)
    request = read(Checking(Checks(valid, now, context.fingerprints, rules=rules)))
    stored: list[ItemOutcome] = []
    receipt = None
    if request.reported or delivery:
        stored, receipt = _stored(context, valid, request.reported, delivery, now=now)
    outcomes = request.answered(stored)
    if any(one.outcome is Outcome.CREATED for one in outcomes):
        context.doorbell.ring()
    return Taken(request.is_single, outcomes, receipt)


def _stored(
    context: WebContext,
    valid: Terms,
    reported: Sequence[ReportedSale],
    delivery: Delivery | None,
    *,
    now: datetime,
) -> tuple[list[ItemOutcome], ReportReceipt | None]:
    with unit_of_work(context.database) as session:
        if context.mode is Mode.TEST:
            most = context.settings.test_book_sales
            provoked.check_room(session, len(reported), most=most)
        stored = sales.report(
            session,
            valid.vendor_id,
            valid.vendor,
            reported,
            now=now,
            retention_days=context.settings.text_retention_days,
        )
        if context.mode is Mode.TEST:
            provoked.quarantine(session, valid.vendor_id, reported, stored, now=now)
        receipt = report_receipts.keep(
            session,
            valid.vendor_id,
            valid.vendor,
            report_receipts.accepted(reported, stored),
            context.signer,
            delivery=delivery,
            now=now,
        )
    return stored, receipt


@router.post(
    "/v1/sales",
    summary="Report sales",
    responses=REPORTED | problems(*_PROBLEMS),
    openapi_extra=REPORT,
)
def report_sales(
    context: Context,
    key: ReportingKey,
    report: Annotated[Report, Depends(_body_of(JSON, *NDJSON, EVENT, EVENTS))],
    delivery: ReportDelivery,
    request: Request,
) -> Response:
    """Report one sale (an object), an array of them, one a line (NDJSON), or CloudEvents.

    At most 10,000 sales and 20 MB. What is answered is stored: created and duplicate items are
    safe, a conflict (the same id with other content) and a rejected item are not stored. Sending a
    report again changes nothing. Where one object was sent alone, its rejection is answered as 422
    and its conflict as 409; the members are the same.
    """

    def read(checking: Checking) -> SalesRequest:
        if report.kind in {EVENT, EVENTS}:
            return _events(report, cloudevents.said_by, checking)
        if report.kind in NDJSON:
            return sales_request.of_lines(report.raw, native.said_by, checking)
        return sales_request.of_json(report.raw, native.said_by, checking, name="sale")

    taken = take(context, key, read, delivery)
    if taken.is_single:
        return taken.receipted(report_answers.of_one(request, taken.outcomes[0]))
    return taken.receipted(report_answers.of_each(taken.outcomes))


def _events(report: Report, said_by: sales_request.SaidBy, checking: Checking) -> SalesRequest:
    """Read events; where the media type leaves it open, one or several."""
    if report.kind == JSON:
        return sales_request.of_json(report.raw, said_by, checking, name="event")
    return sales_request.of_events(report.raw, said_by, checking, is_batch=report.kind == EVENTS)


@router.post(
    "/v1/sales/litellm",
    summary="Report what LiteLLM logged",
    responses=REPORTED | problems(*_PROBLEMS),
    openapi_extra=reporting_documented.LITELLM,
)
def report_litellm(
    context: Context,
    key: ReportingKey,
    report: Annotated[Report, Depends(_body_of(JSON, *NDJSON))],
    delivery: ReportDelivery,
    request: Request,
) -> Response:
    """Report payloads as LiteLLM's logger `generic_api` posts them: an array, or one a line.

    LiteLLM looks at nothing but the status: where an item was rejected the answer is 422, though
    the others are stored; `items` says what became of each. Calls that failed are ignored.
    """

    def read(checking: Checking) -> SalesRequest:
        if report.kind in NDJSON or sales_request.is_lines(report.raw):
            return sales_request.of_lines(report.raw, litellm.said_by, checking)
        return sales_request.of_json(report.raw, litellm.said_by, checking, name="payload")

    taken = take(context, key, read, delivery)
    if taken.is_single:
        return taken.receipted(report_answers.of_one(request, taken.outcomes[0]))
    why = report_answers.first_refused(taken.outcomes, of=(Outcome.REJECTED,))
    if why:
        return taken.receipted(report_answers.refused(request, taken.outcomes, why))
    return taken.receipted(report_answers.of_each(taken.outcomes))


@router.post(
    "/api/v1/events",
    summary="Report events as to OpenMeter",
    status_code=204,
    responses=problems(*_PROBLEMS),
    openapi_extra=reporting_documented.EVENTS,
)
def report_events(
    context: Context,
    key: ReportingKey,
    report: Annotated[Report, Depends(_body_of(EVENT, EVENTS, JSON))],
    delivery: ReportDelivery,
    request: Request,
) -> Response:
    """Take events as OpenMeter does: 204 where all were stored, now or before, or are no sales.

    Otherwise the answer is 422, or 409 where there are conflicts only; `items` says what became of
    each event, and those that were not refused are stored.
    """
    taken = take(context, key, lambda c: _events(report, openmeter.said_by, c), delivery)
    why = report_answers.first_refused(taken.outcomes)
    if why:
        return taken.receipted(report_answers.refused(request, taken.outcomes, why))
    return taken.receipted(Response(status_code=204))
