"""Statements of a closing period, some holders a commit: all that their books say by then."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from service.ledger.hold import HoldReason
from service.ledger.period import Period
from service.ledger.statement import (
    AdvanceStanding,
    Apart,
    HeldPart,
    HoldbackStanding,
    held_parts,
    make,
)
from service.ledger.threshold import Threshold
from service.store import (
    adjustment_reasons,
    advances,
    holdbacks,
    holds,
    parties,
    printed_names,
    statement_facts,
    statements,
)
from service.store.database import Database, unit_of_work
from service.store.statement_facts import Recipient
from worker.holding import free_amounts

HOLDERS_A_STEP = 500

Progress = Callable[[str, int, int], None]


def state_all(
    database: Database, period: Period, *, threshold: Threshold, now: datetime, progress: Progress
) -> None:
    """Issue a statement to everybody who is due one and has none yet."""
    with unit_of_work(database) as session:
        due = statement_facts.recipients(session, period)
        adjustment_reasons.keep(session, period)
    for start in range(0, len(due), HOLDERS_A_STEP):
        with unit_of_work(database) as session:
            chunk = due[start : start + HOLDERS_A_STEP]
            _state(session, period, chunk, threshold=threshold, now=now)
        progress("writing statements", min(start + HOLDERS_A_STEP, len(due)), len(due))


def _state(
    session: Session,
    period: Period,
    due: Sequence[Recipient],
    *,
    threshold: Threshold,
    now: datetime,
) -> None:
    holders = sorted({recipient.holder_id for recipient in due})
    stated = statement_facts.lines_of(session, period, holders)
    openings = statement_facts.openings(session, period, holders)
    held = statement_facts.held(session, period, holders)
    moved = statement_facts.payout_moves(session, period, holders)
    apart = _apart(session, period, due, held)
    vendor_ids = parties.vendor_ids(session)
    for recipient in due:
        statement = make(
            recipient.holder_id,
            recipient.currency,
            period,
            opening_nanos=openings.get(recipient, 0),
            lines=stated.get(recipient, []),
            held_nanos=held.get(recipient, 0),
            threshold=threshold.of(recipient.currency),
            payouts=moved.get(recipient, ()),
            apart=apart[recipient],
        )
        statements.insert(session, statement, vendor_ids, now=now)
    printed_names.keep(session, period, holders)


def _apart(
    session: Session, period: Period, due: Sequence[Recipient], held: Mapping[Recipient, int]
) -> dict[Recipient, Apart]:
    holders = sorted({recipient.holder_id for recipient in due})
    moves = advances.moves_of(session, period, holders)
    early = advances.standings(session, period, holders)
    kept = holdbacks.standings(session, period, holders)
    parts = _held_parts(session, period, due, held)
    return {
        one: Apart(
            parts[one],
            tuple(moves.get(one, ())),
            kept.get(one, HoldbackStanding()),
            early.get(one, AdvanceStanding()),
        )
        for one in due
    }


def _held_parts(
    session: Session, period: Period, due: Sequence[Recipient], held: Mapping[Recipient, int]
) -> dict[Recipient, tuple[HeldPart, ...]]:
    """Say of what each held balance consists; holders without a hold wait for receipts only."""
    holders = sorted({recipient.holder_id for recipient in due})
    active = holds.active_of(session, holder_ids=holders)
    concerned = sorted({one.hold.holder_id for one in active})
    free = free_amounts(session, concerned, period) if concerned else {}
    found = {}
    for one in due:
        some = free.get(one, ())
        own = [hold for hold in active if hold.hold.holder_id == one.holder_id]
        found[one] = held_parts(
            held.get(one, 0),
            {
                HoldReason.CONTESTED: sum(each.contested_nanos for each in some),
                HoldReason.UNCONFIRMED: sum(each.unconfirmed_nanos for each in some),
            },
            {
                reason: sorted({h.cause for h in own if h.hold.reason is reason})
                for reason in HoldReason
            },
        )
    return found
