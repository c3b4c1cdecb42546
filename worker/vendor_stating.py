"""Statements of what vendors owe: issued as a month closes, made again when books are verified."""

from datetime import datetime

from sqlmodel import Session

from service.api.vendor_documents import document_of
from service.documents.vendor_statement_json import VendorDocument, digest_of
from service.ledger.period import Period
from service.ledger.vendor_statement import VendorStatement, due_on, make
from service.store import periods, vendor_statement_facts, vendor_statements
from service.store.database import Database, unit_of_work
from service.store.vendor_statement_facts import Debtor, PostedSales
from service.store.vendor_statements import Issue

MOST_STATEMENTS = 10_000_000


def state_vendors(database: Database, period: Period, *, days: int, now: datetime) -> int:
    """State a period that nobody posts into any more to every vendor not stated to yet.

    Months that were closed before statements of vendors were known are stated first. days: until
    it is due. Returns how many were issued; safe to run again.
    """
    with unit_of_work(database) as session:
        before = [one for one, state, _ in periods.listing(session) if state == periods.CLOSED]
    months = sorted(month for month in before if month < period)
    return sum(_state(database, month, days=days, now=now) for month in [*months, period])


def _state(database: Database, period: Period, *, days: int, now: datetime) -> int:
    with unit_of_work(database) as session:
        due = vendor_statement_facts.unstated(session, period)
        sold = vendor_statement_facts.posted(session, period) if due else {}
        for who in due:
            said = _made(session, who, period, sold)
            assert said.is_whole, f"the account of {who.vendor} does not come out even"
            number, day = vendor_statements.number_of(who, period), due_on(now, days=days)
            digest = digest_of(VendorDocument(number, "", day, now, said))
            vendor_statements.insert(session, Issue(number, who.vendor_id, day, now, digest), said)
    return len(due)


def _made(
    session: Session, who: Debtor, period: Period, sold: dict[tuple[int, str], PostedSales]
) -> VendorStatement:
    of_vendor = sold.get((who.vendor_id, who.currency), PostedSales())
    facts = vendor_statement_facts.of_debtor(session, who, period, of_vendor)
    return make(who.vendor, who.currency, period, facts)


def statements_unlike_the_books(database: Database) -> tuple[int, list[str]]:
    """Make every statement of a vendor again from the books; return how many and what differs.

    Once one month is stated, each closed month after it is stated to every vendor.
    """
    with unit_of_work(database) as session:
        listed = vendor_statements.listing(session, limit=MOST_STATEMENTS)
        closed = [month for month, state, _ in periods.listing(session) if state == periods.CLOSED]
    facts = []
    first = min((one.period for one in listed), default=None)
    for period in sorted(month for month in closed if first and month >= first):
        numbers = [one.number for one in listed if one.period == period]
        with unit_of_work(database) as session:
            facts += _differences(session, period, numbers)
    return len(listed), facts


def _differences(session: Session, period: Period, numbers: list[str]) -> list[str]:
    facts = [
        f"period {period}: nothing is stated to {who.vendor} in {who.currency}"
        for who in vendor_statement_facts.unstated(session, period)
    ]
    sold = vendor_statement_facts.posted(session, period)
    for number in numbers:
        issued = vendor_statements.get(session, number)
        said = issued.statement
        who = Debtor(issued.issue.vendor_id, said.vendor, said.currency)
        if said != _made(session, who, period, sold):
            facts.append(f"vendor statement {number}: the books say something else")
        if digest_of(document_of(issued)) != issued.issue.digest:
            facts.append(f"vendor statement {number}: its digest is of something else")
    return facts
