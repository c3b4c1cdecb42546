"""Advances: paid when the vendor's money comes, recouped by a close, made up to a guarantee."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from service.ledger import advance
from service.ledger.advance import AdvancePaid, AdvanceStep, BadAdvance, Standing
from service.ledger.hold import under_hold
from service.ledger.journal import JournalEntry, Kind, Source, entry
from service.ledger.period import Period
from service.store import advances, holds, journal, parties, periods, receipts
from service.store.advances import StoredAdvance
from service.store.database import Database, unit_of_work
from service.store.statement_facts import Recipient
from service.store.text_rules import check_text

_KINDS = {
    AdvanceStep.ADVANCE: Kind.ADVANCE,
    AdvanceStep.RECOUPMENT: Kind.RECOUPMENT,
    AdvanceStep.GUARANTEE: Kind.GUARANTEE,
}


def pay(
    database: Database, advance_id: int, *, reference: str, by: str, now: datetime
) -> StoredAdvance:
    """Post that a vendor's money for an advance has come: it is payable to its holder.

    Raises AdvanceNotFound, AdvancePaid, BadAdvance where it pays nothing early, BadText.
    """
    check_text(reference, place="reference", max_chars=200)
    with unit_of_work(database) as session:
        receipts.wait_while_stopped(session)
        stored = advances.get(session, advance_id)
        receipts.lock_backing(session, stored.vendor_id)
        stored = advances.get(session, advance_id)
        agreed = stored.advance
        if stored.paid_nanos:
            raise AdvancePaid(advance_id)
        if not agreed.amount_nanos:
            amounts = {"amount_nanos": 0, "guarantee_nanos": agreed.guarantee_nanos}
            raise BadAdvance("pays nothing early", **amounts)
        into = periods.hold_open_from(session, Period.of(now))
        step = AdvanceStep.ADVANCE
        said = _step(
            session,
            stored,
            step,
            agreed.amount_nanos,
            into=into,
            reference=reference,
            by=by,
            now=now,
        )
        journal.append_entries(session, [said], period=into.number, now=now)
        return advances.get(session, advance_id)


def recoup_all(database: Database, period: Period, *, now: datetime) -> None:
    """Recoup each advance from what the period released, a vendor a commit; safe to run again."""
    with unit_of_work(database) as session:
        vendors = parties.vendor_ids(session)
    for vendor_id in vendors.values():
        with unit_of_work(database) as session:
            agreed = advances.listing(session, vendor_id=vendor_id)
            if not agreed:
                continue
            receipts.lock_backing(session, vendor_id)
            if periods.hold(session, period) == periods.CLOSING:
                _recoup(session, advances.listing(session, vendor_id=vendor_id), period, now=now)


def _recoup(
    session: Session, agreed: Sequence[StoredAdvance], period: Period, *, now: datetime
) -> None:
    said, known = [], []
    by_number = {one.advance.advance_id: one for one in agreed}
    for one in standings(session, agreed):
        made_up = 0
        if one.advance.guarantee_due(period) and not one.made_up_nanos:
            made_up = advance.shortfall(one)
        if made_up:
            stored, step = by_number[one.advance.advance_id], AdvanceStep.GUARANTEE
            said.append(_step(session, stored, step, made_up, into=period, now=now))
        known.append(
            Standing(
                one.advance,
                one.paid_nanos,
                one.recouped_nanos,
                one.made_up_nanos + made_up,
                one.earned_nanos,
                one.contested_nanos,
            )
        )
    for number, nanos in advance.recoupments(known).items():
        step = AdvanceStep.RECOUPMENT
        said.append(_step(session, by_number[number], step, nanos, into=period, now=now))
    if said:
        journal.append_entries(session, said, period=period.number, now=now)


def standings(session: Session, agreed: Sequence[StoredAdvance]) -> list[Standing]:
    """Say how these advances stand by all that is released and under a hold by now."""
    holders = sorted({one.advance.holder_id for one in agreed})
    earned = holds.earned(session, holders)
    active = holds.active_of(session, holder_ids=holders)
    found = []
    for one in agreed:
        each = one.advance
        released = [
            e
            for e in earned.get(Recipient(each.holder_id, each.currency), ())
            if e.vendor == each.vendor and each.is_of(e.work_id)
        ]
        own = [h.hold for h in active if h.hold.holder_id == each.holder_id]
        contested = under_hold(released, own).get(each.vendor, {})
        found.append(
            Standing(
                each,
                one.paid_nanos,
                one.recouped_nanos,
                one.made_up_nanos,
                sum(e.nanos for e in released),
                sum(contested.values()),
            )
        )
    return found


def _step(
    session: Session,
    stored: StoredAdvance,
    step: AdvanceStep,
    nanos: int,
    *,
    into: Period,
    now: datetime,
    reference: str = "",
    by: str = "close",
) -> JournalEntry:
    number = advances.add_step(
        session,
        stored.advance.advance_id,
        step,
        nanos,
        period=into,
        reference=reference,
        by=by,
        now=now,
    )
    legs = advance.legs(stored.advance, step, nanos)
    said = entry(Source(_KINDS[step], number), stored.advance.currency, legs)
    assert said
    return said
