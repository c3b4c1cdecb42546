"""What a holder's money rests on, read in one look: releases, accounts, statements, payouts."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from service.ledger.accounts import holder_advance, holder_held, holder_holdback, holder_payable
from service.ledger.hold import Free, HoldReason, free_of, under_hold
from service.ledger.money_state import MoneyFacts, MoneyStanding, UnderHold, WhyNotPaid, stands
from service.ledger.period import Period
from service.ledger.statement import HeldPart, HeldReason, held_parts
from service.ledger.threshold import Threshold
from service.store import advances, claim_reasons, holdbacks, holds, payee_gates, summaries
from service.store.database import driver
from service.store.holds import StoredHold
from service.store.statement_facts import Recipient

_WHY = {
    HeldReason.CONTESTED: WhyNotPaid.CONTESTED,
    HeldReason.UNCONFIRMED: WhyNotPaid.UNCONFIRMED,
}


def of_holder(
    session: Session, holder_id: int, *, threshold: Threshold, today: date
) -> list[MoneyStanding]:
    """Say where a holder's money stands, one standing a currency.

    The transaction should see one snapshot (REPEATABLE READ) where others post meanwhile.
    """
    found = _facts(session, holder_id, today)
    return [stands(facts, threshold=threshold.of(facts.currency), today=today) for facts in found]


def _facts(session: Session, holder_id: int, today: date) -> list[MoneyFacts]:
    estimated: dict[str, dict[Period, int]] = defaultdict(lambda: defaultdict(int))
    for one in summaries.of_holder(session, holder_id):
        if one.estimated:
            estimated[one.currency][one.period] += one.nanos
    released = summaries.released_by_vendor(session, holder_id)
    earned = _earned(session, holder_id, released)
    accounts = _accounts(session, holder_id)
    paid, stated = _payouts(session, holder_id), _stated(session, holder_id)
    held_name = holder_held(holder_id)
    balances = {c: of.get(held_name, 0) for c, of in accounts.items()}
    held = _held(session, holder_id, balances, released)
    until = _kept_until(session, holder_id)
    gate = payee_gates.of_holder(session, holder_id, today)
    found = []
    for currency in sorted(estimated.keys() | earned.keys() | accounts.keys()):
        of_account = accounts.get(currency, {})
        payouts = paid.get(currency, _Payouts(0, 0, 0))
        kept = held.get(currency, _Held((), ()))
        found.append(
            MoneyFacts(
                currency=currency,
                estimated=dict(estimated.get(currency, {})),
                earned_nanos=earned.get(currency, 0),
                held_nanos=of_account.get(held_name, 0),
                holds=kept.holds,
                unpaid_by=kept.unpaid_by,
                holdback_nanos=of_account.get(holder_holdback(holder_id), 0),
                holdback_until=until.get(currency),
                free_nanos=of_account.get(holder_payable(holder_id), 0),
                stated_nanos=stated.get(currency, 0),
                returned_nanos=payouts.returned_nanos,
                under_way_nanos=payouts.under_way_nanos,
                confirmed_nanos=payouts.confirmed_nanos,
                advance_nanos=-of_account.get(holder_advance(holder_id), 0),
                gate=gate,
            )
        )
    return found


def _earned(
    session: Session, holder_id: int, released: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Return what was released, and what guarantees made up."""
    found = {currency: sum(of_vendor.values()) for currency, of_vendor in released.items()}
    for currency, nanos in driver(session).execute(
        "SELECT a.currency, sum(s.nanos) FROM advance a JOIN advance_step s USING (advance_id) "
        "WHERE a.holder_id = %s AND s.kind = 'guarantee' GROUP BY 1",
        (holder_id,),
    ):
        found[currency] = found.get(currency, 0) + int(nanos)
    return found


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


@dataclass(frozen=True, slots=True)
class _Held:
    """Of what a held balance consists: parts under holds, and the vendors that owe the rest."""

    holds: Sequence[UnderHold]
    unpaid_by: Sequence[str]


def _held(
    session: Session,
    holder_id: int,
    balances: Mapping[str, int],
    released: Mapping[str, Mapping[str, int]],
) -> dict[str, _Held]:
    """Divide what is held, by currency, as statements do.

    Earnings are read work by work only where a hold of a work asks for it.
    """
    active = holds.active_of(session, holder_ids=[holder_id])
    told = claim_reasons.of_holds(session, [one.hold.hold_id for one in active])
    due = {number: day for number, (_, day) in told.items() if day}
    by_work = holds.earned(session, [holder_id]) if active else {}
    backed = holds.backed(session, [holder_id])
    besides = advances.net_of_vendors(session, [holder_id])
    currencies = released.keys() | {one.currency for one in backed.keys() | besides.keys()}
    found = {}
    for currency in currencies:
        whose = Recipient(holder_id, currency)
        whole = Counter(besides.get(whose, {}))
        whole.update(released.get(currency, {}))
        kept = under_hold(by_work.get(whose, []), [one.hold for one in active])
        free = free_of(whole, backed.get(whose, {}), kept)
        parts = held_parts(balances.get(currency, 0), _sums(free), _causes(active))
        found[currency] = _Held(
            [
                UnderHold(_WHY[part.reason], part.nanos, part.causes, _first(active, due, part))
                for part in parts
                if part.reason in _WHY
            ],
            [part.vendor for part in free if part.unbacked_nanos > 0],
        )
    return found


def _sums(free: Sequence[Free]) -> dict[HoldReason, int]:
    return {
        HoldReason.CONTESTED: sum(part.contested_nanos for part in free),
        HoldReason.UNCONFIRMED: sum(part.unconfirmed_nanos for part in free),
    }


def _causes(active: Sequence[StoredHold]) -> dict[HoldReason, list[str]]:
    return {
        reason: sorted({one.cause for one in active if one.hold.reason is reason})
        for reason in HoldReason
    }


def _first(active: Sequence[StoredHold], due: Mapping[int, date], part: HeldPart) -> date | None:
    """Return the first deadline of what a part is held for, if one is known."""
    own = [one.hold.hold_id for one in active if one.hold.reason == str(part.reason)]
    return min((due[number] for number in own if number in due), default=None)


def _kept_until(session: Session, holder_id: int) -> dict[str, date]:
    """Return the first day on which something that is kept against refunds is released."""
    kept = holdbacks.kept(session, [holder_id])
    return {
        whose.currency: min(one.until for one in some).next().first_day
        for whose, some in kept.items()
    }
