"""What a holder's money rests on, read in one look: releases, accounts, statements, payouts."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from service.ledger.accounts import holder_advance, holder_held, holder_holdback, holder_payable
from service.ledger.hold import Earned, Free, HoldReason, free_of, under_hold
from service.ledger.money_state import MoneyFacts, MoneyStanding, UnderHold, WhyNotPaid, stands
from service.ledger.period import Period
from service.store import claim_reasons, earnings, holds
from service.store.database import driver
from service.store.holds import StoredHold

_WHY = {
    HoldReason.CONTESTED: WhyNotPaid.CONTESTED,
    HoldReason.UNCONFIRMED: WhyNotPaid.UNCONFIRMED,
}


def of_holder(
    session: Session, holder_id: int, *, threshold: int, today: date
) -> list[MoneyStanding]:
    """Say where a holder's money stands, one standing a currency.

    The transaction should see one snapshot (REPEATABLE READ) where others post meanwhile.
    """
    return [stands(facts, threshold=threshold, today=today) for facts in _facts(session, holder_id)]


def _facts(session: Session, holder_id: int) -> list[MoneyFacts]:
    estimated: dict[str, dict[Period, int]] = defaultdict(lambda: defaultdict(int))
    for one in earnings.of_holder(session, holder_id):
        if one.estimated:
            estimated[one.currency][one.period] += one.nanos
    earned = _earned(session, holder_id)
    accounts = _accounts(session, holder_id)
    paid, stated = _payouts(session, holder_id), _stated(session, holder_id)
    kept = _holds(session, holder_id)
    found = []
    for currency in sorted(estimated.keys() | earned.keys() | accounts.keys()):
        of_account = accounts.get(currency, {})
        payouts = paid.get(currency, _Payouts(0, 0, 0))
        under, owing = kept.get(currency, ([], []))
        found.append(
            MoneyFacts(
                currency=currency,
                estimated=dict(estimated.get(currency, {})),
                earned_nanos=earned.get(currency, 0),
                held_nanos=of_account.get(holder_held(holder_id), 0),
                holds=under,
                unpaid_by=owing,
                holdback_nanos=of_account.get(holder_holdback(holder_id), 0),
                holdback_until=None,
                free_nanos=of_account.get(holder_payable(holder_id), 0),
                stated_nanos=stated.get(currency, 0),
                returned_nanos=payouts.returned_nanos,
                under_way_nanos=payouts.under_way_nanos,
                confirmed_nanos=payouts.confirmed_nanos,
                advance_nanos=-of_account.get(holder_advance(holder_id), 0),
            )
        )
    return found


def _earned(session: Session, holder_id: int) -> dict[str, int]:
    rows = driver(session).execute(
        "SELECT l.currency, sum(p.nanos) FROM release_part p JOIN release r USING (release_id) "
        "JOIN line l USING (line_id) WHERE p.holder_id = %s GROUP BY l.currency",
        (holder_id,),
    )
    return {currency: int(nanos) for currency, nanos in rows}


def _accounts(session: Session, holder_id: int) -> dict[str, dict[str, int]]:
    """Return what the holder's accounts hold, by currency and name; credit positive."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for name, currency, nanos in driver(session).execute(
        "SELECT a.name, a.currency, -sum(d.delta) FROM account a "
        "JOIN balance_delta d USING (account_id) WHERE starts_with(a.name, %s) GROUP BY 1, 2",
        (f"holder:{holder_id}:",),
    ):
        found[currency][name] = int(nanos)
    return dict(found)


@dataclass(frozen=True, slots=True)
class _Payouts:
    """What left the balance and is on its way, what has arrived, what came back unstated."""

    under_way_nanos: int
    confirmed_nanos: int
    returned_nanos: int


_PAYOUTS = """
WITH moved AS (
    SELECT currency, -sum(moved_nanos) AS paid, coalesce(sum(moved_nanos) FILTER (
        WHERE move = 'returned' AND period > coalesce((SELECT max(s.period) FROM statement s
            WHERE s.holder_id = m.holder_id AND s.currency = m.currency), 0)), 0) AS returned
    FROM payout_move m WHERE holder_id = %(holder)s GROUP BY currency),
under_way AS (
    SELECT currency, sum(amount_nanos) AS nanos FROM payout p
    WHERE holder_id = %(holder)s AND NOT EXISTS (SELECT 1 FROM payout_step t
        WHERE t.payout_id = p.payout_id AND t.state IN ('confirmed', 'returned'))
    GROUP BY currency)
SELECT currency, coalesce(u.nanos, 0), m.paid - coalesce(u.nanos, 0), m.returned
FROM moved m LEFT JOIN under_way u USING (currency)
"""


def _payouts(session: Session, holder_id: int) -> dict[str, _Payouts]:
    rows = driver(session).execute(_PAYOUTS, {"holder": holder_id})
    return {currency: _Payouts(*map(int, amounts)) for currency, *amounts in rows}


def _stated(session: Session, holder_id: int) -> dict[str, int]:
    """Return what the newest statement states as payable, where nobody has paid it."""
    rows = driver(session).execute(
        "SELECT DISTINCT ON (currency) currency, CASE WHEN EXISTS (SELECT 1 FROM payout p "
        "WHERE p.statement_id = s.statement_id) THEN 0 ELSE payable_nanos END "
        "FROM statement s WHERE holder_id = %s ORDER BY currency, period DESC",
        (holder_id,),
    )
    return {currency: int(nanos) for currency, nanos in rows}


def _holds(session: Session, holder_id: int) -> dict[str, tuple[list[UnderHold], list[str]]]:
    """Return what lies under holds by currency, and the vendors that have not paid all."""
    active = holds.active_of(session, holder_ids=[holder_id])
    own = [one.hold for one in active]
    told = claim_reasons.of_holds(session, [hold.hold_id for hold in own])
    until = {number: day for number, (_, day) in told.items() if day}
    earned, backed = holds.earned(session, [holder_id]), holds.backed(session, [holder_id])
    found = {}
    for whose in earned.keys() | backed.keys():
        some = earned.get(whose, [])
        whole: dict[str, int] = defaultdict(int)
        for one in some:
            whole[one.vendor] += one.nanos
        parts = free_of(whole, backed.get(whose, {}), under_hold(some, own))
        found[whose.currency] = (
            _under_hold(parts, some, active, until),
            [part.vendor for part in parts if part.unbacked_nanos > 0],
        )
    return found


def _under_hold(
    parts: tuple[Free, ...],
    earned: list[Earned],
    active: list[StoredHold],
    until: Mapping[int, date],
) -> list[UnderHold]:
    """Name what is held by reason; ``until``: by hold, the day that may end it if one is known."""
    works = {one.work_id for one in earned}
    totals: Mapping[HoldReason, int] = {
        HoldReason.CONTESTED: sum(part.contested_nanos for part in parts),
        HoldReason.UNCONFIRMED: sum(part.unconfirmed_nanos for part in parts),
    }
    found = []
    for reason, nanos in totals.items():
        some = [x for x in active if x.hold.reason is reason and x.hold.work_id in works]
        days = [until[x.hold.hold_id] for x in some if x.hold.hold_id in until]
        causes = tuple(one.cause for one in some)
        if nanos:
            found.append(UnderHold(_WHY[reason], nanos, causes, min(days, default=None)))
    return found
