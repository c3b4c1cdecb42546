"""Holdbacks at a close: what is due is released, a part of what became payable is kept anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from service.ledger import accounts, holdback
from service.ledger.holdback import HoldbackRule
from service.ledger.journal import JournalEntry, Kind, Source, entry
from service.ledger.period import Period
from service.store import holdbacks, journal, periods
from service.store.database import Database, unit_of_work
from service.store.statement_facts import Recipient

HOLDERS_A_STEP = 200

Rules = Mapping[int | None, HoldbackRule]


def keep_all(database: Database, period: Period, *, now: datetime) -> None:
    """Release and keep for everybody concerned, some holders a commit; safe to run again."""
    with unit_of_work(database) as session:
        rules = holdbacks.rules_on(session, period)
        concerned = holdbacks.holders_concerned(session, period, rules)
    for start in range(0, len(concerned), HOLDERS_A_STEP):
        with unit_of_work(database) as session:
            if periods.hold(session, period) == periods.CLOSING:
                chunk = concerned[start : start + HOLDERS_A_STEP]
                _keep(session, chunk, rules, period, now=now)


def _keep(
    session: Session, holder_ids: Sequence[int], rules: Rules, period: Period, *, now: datetime
) -> None:
    kept = holdbacks.kept(session, holder_ids)
    freed = holdbacks.freed(session, period, holder_ids)
    said = []
    whose = (kept.keys() | freed.keys()) - holdbacks.done_in(session, period, holder_ids)
    for one in sorted(whose, key=lambda w: (w.holder_id, w.currency)):
        payable = accounts.holder_payable(one.holder_id)
        rule = rules.get(one.holder_id, rules.get(None))
        moves = holdback.moves(
            kept.get(one, ()),
            rule,
            period=period,
            freed_nanos=freed.get(one, 0),
            payable_nanos=-journal.balances_named(session, [payable], one.currency)[payable],
        )
        by_number = {each.holdback_id: each for each in kept.get(one, ())}
        for number, nanos in moves.released:
            given = by_number[number]
            step = holdbacks.give_back(session, one, given, nanos, period=period, now=now)
            said.append(_entry(one, step, -nanos))
        if moves.taken_nanos:
            assert rule
            step = holdbacks.take(session, one, moves.taken_nanos, rule, period=period, now=now)
            said.append(_entry(one, step, moves.taken_nanos))
    if said:
        journal.append_entries(session, said, period=period.number, now=now)


def _entry(whose: Recipient, step: int, nanos: int) -> JournalEntry:
    legs = holdback.legs(whose.holder_id, nanos)
    said = entry(Source(Kind.HOLDBACK, step), whose.currency, legs)
    assert said
    return said
