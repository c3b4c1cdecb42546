"""What a vendor sees first: its month by state, what it owes and when, what to look at."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from service.api.dependencies import Context
from service.ledger.accounts import vendor_receivable
from service.ledger.money import Money
from service.ledger.period import Period
from service.portal import pages
from service.portal.vendor_owed import debts
from service.portal.vendor_person import VendorPerson, vendor_of
from service.portal.vendor_reports import SENTENCES
from service.store import (
    api_keys,
    journal,
    parties,
    report_receipts,
    report_suspicions,
    vendor_statements,
    vendor_usage,
)
from service.store.database import unit_of_work
from service.store.vendor_statements import VendorStatementSummary
from service.store.vendor_usage import Usage

router = APIRouter()
_STATES = ("reported", "attributed", "settled", "quarantined")


def gross(usage: Sequence[Usage]) -> list[Money]:
    """Sum what consumers paid, one amount a currency."""
    sums: dict[str, int] = defaultdict(int)
    for one in usage:
        sums[one.currency] += one.gross_nanos
    return [Money(nanos, currency) for currency, nanos in sorted(sums.items())]


def by_state(usage: Sequence[Usage]) -> list[tuple[str, int]]:
    """Count sales by state, in the order they pass through them."""
    sums = dict.fromkeys(_STATES, 0)
    for one in usage:
        sums[one.state] += one.sales_count
    return list(sums.items())


def next_due(
    issued: Sequence[VendorStatementSummary], open_by_currency: dict[str, int]
) -> VendorStatementSummary | None:
    """Return the newest statement of a currency in which something is open, soonest due first."""
    newest = {one.currency: one for one in issued}
    due = [one for code, one in newest.items() if open_by_currency.get(code, 0) > 0]
    return min(due, key=lambda one: one.due_on, default=None)


@router.get("/vendor")
def vendor_page(
    request: Request,
    person: VendorPerson,
    context: Context,
    month: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show one month, the newest reported if none is asked for."""
    vendor_id, now = vendor_of(person), context.clock()
    with unit_of_work(context.database) as session:
        months = vendor_usage.months(session, vendor_id)
        chosen = Period.parse(month) if month else (months[0] if months else Period.of(now))
        usage = vendor_usage.of_month(session, vendor_id, chosen)
        slugs = {number: slug for slug, number in parties.vendor_ids(session).items()}
        account = vendor_receivable(slugs[vendor_id])
        owed = [one for one in journal.balances(session, prefix=account) if one.account == account]
        open_debts = debts(session, vendor_id)
        issued = vendor_statements.listing(session, vendor_id=vendor_id)
        keys = api_keys.of_vendor(session, vendor_id)
        signs = report_suspicions.of_month(session, vendor_id, chosen)
        gaps = report_receipts.gaps(session, vendor_id, after=("", "", 0), limit=1)
        name = parties.names(session, [vendor_id])[vendor_id]
    open_by_currency = {code: debt.open_nanos for code, debt in open_debts.items()}
    return pages.render(
        request,
        "vendor.html",
        title="Overview",
        name=name,
        month=chosen,
        months=months,
        usage=usage,
        states=by_state(usage),
        gross=gross(usage),
        owed=owed,
        due=next_due(issued, open_by_currency),
        today=now.date(),
        raised=[SENTENCES[one.sign] for one in signs if one.is_raised],
        has_gaps=bool(gaps),
        has_key=any(not api_keys.has_ended(key, now=now) for key in keys),
    )
