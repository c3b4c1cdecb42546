"""Where a holder's money stands, why what is not paid is not, and when that may change."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.api.body import StrictRoute
from service.api.dependencies import Context, CreatorOrOperator
from service.api.documented import problems
from service.ledger.money import format_nanos
from service.ledger.money_state import MoneyPart, MoneyStanding, MoneyState, WhyNotPaid
from service.ledger.threshold import parse_threshold
from service.store import money_states, parties
from service.store.database import one_snapshot, unit_of_work

router = APIRouter(tags=["ledger"], route_class=StrictRoute)


class Reason(BaseModel):
    """Why a part is not paid."""

    code: WhyNotPaid
    sentence: str
    note: str = Field(description="What it speaks of: a dispute, a vendor, a month; may be empty.")


class ShownPart(BaseModel):
    """A part of a holder's money; the amount is a decimal string."""

    state: MoneyState
    amount: str
    why_not_paid: Reason | None = Field(description="Null where it is paid.")
    may_change_on: str | None = Field(description="YYYY-MM-DD; null where no day is known.")


class ShownMoney(BaseModel):
    """One currency: settled + held + payable + paid = earned + advance, to the nano."""

    currency: str
    estimated: str
    settled: str
    held: str
    payable: str
    paid: str
    earned: str
    advance: str = Field(description="Paid early and not earned back yet.")
    parts: list[ShownPart]


class MoneyList(BaseModel):
    """A holder's money, one item a currency."""

    holder_id: int
    data: list[ShownMoney]


@router.get("/v1/money", summary="Where the money stands", responses=problems(401, 403))
def get_money(
    context: Context,
    person: CreatorOrOperator,
    holder_id: Annotated[int, Query(ge=0, le=2**63 - 1, description="Of whom; operators.")] = 0,
) -> MoneyList:
    """Say of every nano whether it is estimated, settled, held, payable or paid, and why.

    Creators see their own whatever they ask for.
    """
    whose = holder_id if person.party_id is None else person.party_id
    with unit_of_work(context.database) as session:
        one_snapshot(session)
        parties.check_holders(session, [whose])
        found = money_states.of_holder(
            session,
            whose,
            threshold=parse_threshold(context.settings.payout_threshold),
            today=context.clock().date(),
        )
    return MoneyList(holder_id=whose, data=[_shown(one) for one in found])


def _shown(one: MoneyStanding) -> ShownMoney:
    totals = {state: format_nanos(one.total(state)) for state in MoneyState}
    return ShownMoney(
        currency=one.currency,
        estimated=totals[MoneyState.ESTIMATED],
        settled=totals[MoneyState.SETTLED],
        held=totals[MoneyState.HELD],
        payable=totals[MoneyState.PAYABLE],
        paid=totals[MoneyState.PAID],
        earned=format_nanos(one.earned_nanos),
        advance=format_nanos(one.advance_nanos),
        parts=[_part(part) for part in one.parts],
    )


def _part(part: MoneyPart) -> ShownPart:
    why = part.why
    return ShownPart(
        state=part.state,
        amount=format_nanos(part.nanos),
        why_not_paid=Reason(code=why, sentence=part.sentence, note=part.note) if why else None,
        may_change_on=part.may_change_on.isoformat() if part.may_change_on else None,
    )
