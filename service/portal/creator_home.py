"""What a creator looks at first: what did my works earn, what can be paid, and why not the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from service.api.dependencies import Context, Creator
from service.documents.statement_reasons import carried_reason, held_reason
from service.ledger.accounts import holder_held, holder_payable
from service.ledger.money_state import MoneyState
from service.ledger.period import Period
from service.ledger.statement import Closing, divide_closing
from service.ledger.threshold import Threshold, parse_threshold
from service.portal import pages
from service.portal.chart import charts
from service.store import (
    holdings,
    journal,
    money_states,
    parties,
    statements,
    summaries,
    work_uses,
)
from service.store.database import one_snapshot, unit_of_work
from service.store.summaries import MonthEarning

router = APIRouter()
_LATEST_USES = 8
_WORKS_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands where, in one currency; signed nanos, credit positive."""

    currency: str
    this_month_nanos: int
    earlier_open_nanos: int
    settled_nanos: int
    closing: Closing

    @property
    def held_reason(self) -> str:
        """Why money is held."""
        return held_reason(self.closing.held_nanos)

    @property
    def carried_reason(self) -> str:
        """Why money is carried forward."""
        return carried_reason(self.closing.carried_nanos, self.currency)


def by_currency(
    session: Session,
    holder_id: int,
    earned: Sequence[MonthEarning],
    month: Period,
    *,
    threshold: Threshold,
) -> list[Summary]:
    """Return one summary a currency: open periods estimated, closed ones settled, balances now."""
    found = []
    held_name, payable_name = holder_held(holder_id), holder_payable(holder_id)
    for currency in sorted({one.currency for one in earned}):
        own = [one for one in earned if one.currency == currency]
        balances = journal.balances_named(session, [held_name, payable_name], currency)
        held, payable = -balances[held_name], -balances[payable_name]
        is_open = [one for one in own if one.estimated]
        this_month = sum(one.nanos for one in is_open if one.period >= month)
        found.append(
            Summary(
                currency,
                this_month,
                sum(one.nanos for one in is_open) - this_month,
                sum(one.nanos for one in own if not one.estimated),
                divide_closing(
                    held + payable,
                    held_nanos=held,
                    currency=currency,
                    threshold=threshold.of(currency),
                ),
            )
        )
    return found


@router.get("/home")
def home(request: Request, person: Creator, context: Context) -> Response:
    """Show the creator's home."""
    assert person.party_id is not None
    month = Period.of(context.clock())
    threshold = parse_threshold(context.settings.payout_threshold)
    today = context.clock().date()
    with unit_of_work(context.database) as session:
        one_snapshot(session)
        standings = money_states.of_holder(
            session, person.party_id, threshold=threshold, today=today
        )
        earned = summaries.of_holder(session, person.party_id)
        sums = by_currency(session, person.party_id, earned, month, threshold=threshold)
        works = holdings.newest(session, person.party_id, limit=_WORKS_LOOKED_AT)
        uses = work_uses.page(session, works, limit=_LATEST_USES) if works else []
        issued = statements.listing(session, holder_id=person.party_id)
        name = parties.names(session, [person.party_id])[person.party_id]
    return pages.render(
        request,
        "home.html",
        title="Home",
        name=name,
        month=month,
        summaries=sums,
        standings={one.currency: one for one in standings},
        paid={
            one.currency: sum(part.nanos for part in one.parts if part.state is MoneyState.PAID)
            for one in standings
        },
        charts=charts(earned),
        has_works=bool(works),
        uses=uses,
        statements=issued[:-4:-1],
    )
