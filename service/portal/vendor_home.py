"""What a vendor sees: its sales of a month by tier and state, what it owes, its keys. Read only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from service.api.api_keys import state_of
from service.api.dependencies import VENDOR, Context, require_role
from service.ledger.accounts import vendor_receivable
from service.ledger.money import Money
from service.ledger.period import Period
from service.portal import pages
from service.store import api_keys, journal, parties, vendor_usage
from service.store.database import unit_of_work
from service.store.people import Person
from service.store.vendor_usage import Usage

router = APIRouter()


def gross(usage: Sequence[Usage]) -> list[Money]:
    """Sum what consumers paid, one amount a currency."""
    sums: dict[str, int] = defaultdict(int)
    for one in usage:
        sums[one.currency] += one.gross_nanos
    return [Money(nanos, currency) for currency, nanos in sorted(sums.items())]


@router.get("/vendor")
def vendor_page(
    request: Request,
    person: Annotated[Person, Depends(require_role(VENDOR))],
    context: Context,
    month: str = "",
) -> Response:
    """Show one month's usage, the newest reported if none is asked for."""
    assert person.party_id is not None
    with unit_of_work(context.database) as session:
        months = vendor_usage.months(session, person.party_id)
        newest = months[0] if months else Period.of(context.clock())
        chosen = Period.parse(month) if month else newest
        usage = vendor_usage.of_month(session, person.party_id, chosen)
        slugs = {number: slug for slug, number in parties.vendor_ids(session).items()}
        account = vendor_receivable(slugs[person.party_id])
        owed = [one for one in journal.balances(session, prefix=account) if one.account == account]
        keys = api_keys.of_vendor(session, person.party_id)
        name = parties.names(session, [person.party_id])[person.party_id]
    return pages.render(
        request,
        "vendor.html",
        title="Usage and keys",
        name=name,
        month=chosen,
        months=months,
        usage=usage,
        gross=gross(usage),
        owed=owed,
        keys=[(key, state_of(key, now=context.clock())) for key in keys],
    )
