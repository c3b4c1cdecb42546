"""What a test book refuses and does on demand, so that a vendor's program can be tried on it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, SQLModel

from service.ledger.money import PPM
from service.ledger.period import Period
from service.ledger.sale_report import ItemOutcome, Outcome, ReportedSale
from service.store import parties, registered_rights, settlement_rows, works
from service.store.proposals import Proposer
from service.store.vendor_books import TestBookFull
from service.store.works import NewWork

QUARANTINE = "quarantine-"
"""A sale of a test book whose id begins so is quarantined as it is stored."""
HOLDER = "Holder of test texts (sample)"
REASON = "asked-for-in-test"


def quarantine(
    session: Session,
    vendor_id: int,
    reported: Sequence[ReportedSale],
    stored: Sequence[ItemOutcome],
    *,
    now: datetime,
) -> None:
    """Quarantine those of the sales just stored whose ids ask for it, in the same commit."""
    asked_for = [
        settlement_rows.PutAside(
            outcome.sale_id,
            vendor_id,
            Period.of(sale.sold_at),
            REASON,
            {"sentence": f"its id begins with {QUARANTINE}"},
        )
        for sale, outcome in zip(reported, stored, strict=True)
        if outcome.outcome is Outcome.CREATED
        and outcome.sale_id is not None
        and sale.external_id.startswith(QUARANTINE)
    ]
    settlement_rows.quarantine(session, asked_for, now=now)


def check_room(session: Session, reported: int, *, most: int) -> None:
    """Raise TestBookFull where further sales would be more than a test book takes."""
    if sales_count(session) + reported > most:
        raise TestBookFull(most)


def sales_count(session: Session) -> int:
    """Count the sales of a test book, which are few."""
    return int(session.execute(text("SELECT count(*) FROM sale")).scalar_one())


class TestWork(SQLModel):
    """A work of a test book with its text."""

    work_id: int
    title: str
    language: str
    text: str


def works_of(session: Session) -> list[TestWork]:
    """List the works of a test book, which are few, in order of their numbers."""
    rows = session.execute(
        text(
            "SELECT work_id, title, language, body AS text FROM work JOIN work_text USING (work_id)"
            " WHERE withdrawn_at IS NULL ORDER BY work_id"
        )
    )
    return [TestWork(**row) for row in rows.mappings()]


def register(session: Session, title: str, body: str, language: str, *, now: datetime) -> TestWork:
    """Register a text for a holder that is fiction; raise BadText, TextRegistered."""
    row = works.register(session, NewWork(title, body, language), registered_at=now, now=now)
    holder = parties.holder_named(session, HOLDER, now=now, is_sample=True)
    assert row.work_id is not None
    assert holder.party_id is not None
    by = Proposer(None, "test")
    split = {holder.party_id: PPM}
    registered_rights.first_split(session, row.work_id, split, proposer=by, day=now.date(), now=now)
    return TestWork(work_id=row.work_id, title=title, language=language, text=body)
