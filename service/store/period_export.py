"""All that a closed period says, as plain tables: what an export holds and an audit recomputes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

from sqlmodel import Session

from service.ledger.period import Period
from service.store import account_history, journal_export, periods
from service.store.database import driver

_A_STEP = 20_000
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name with their kinds (int, sum, text, instant), and the rows in steps."""

    name: str
    columns: dict[str, str]
    rows: Iterator[list[Row]]


_STATEMENTS = """
SELECT number, holder_id, currency, opening_nanos, earned_nanos, moved_nanos, paid_nanos,
    closing_nanos, held_nanos, holdback_nanos, payable_nanos, carried_nanos, issued_at
FROM statement WHERE period = %s ORDER BY number
"""
_LINES = """
SELECT s.number, l.ordinal, l.kind, l.line_id, l.work_id, v.slug, l.tier, l.month, l.sales_count,
    l.output_tokens, l.credited_nanos, l.share_ppm, l.nanos, l.upstream_received_nanos,
    l.upstream_paid_nanos, l.pool_nanos
FROM statement s JOIN statement_line l USING (statement_id) JOIN party v ON v.party_id = l.vendor_id
WHERE s.period = %s ORDER BY s.number, l.ordinal
"""
_RELEASED = """
SELECT r.line_id, p.month, l.currency, p.holder_id, p.to_line_id, p.nanos
FROM release r JOIN release_part p USING (release_id) JOIN line l USING (line_id)
WHERE r.period = %s ORDER BY r.line_id, p.month, p.holder_id, p.to_line_id
"""
_BALANCE = {"account": "text", "currency": "text", "nanos": "sum"}
_POSTING = {"batch_id": "int", "kind": "text", "source_id": "int", "sale_id": "int"} | {
    "currency": "text",
    "account": "text",
    "nanos": "int",
}
_STATEMENT = {"number": "text", "holder_id": "int", "currency": "text"} | {
    "opening_nanos": "int",
    "earned_nanos": "int",
    "moved_nanos": "int",
    "paid_nanos": "int",
    "closing_nanos": "int",
    "held_nanos": "int",
    "holdback_nanos": "int",
    "payable_nanos": "int",
    "carried_nanos": "int",
    "issued_at": "instant",
}
_LINE = {"number": "text", "ordinal": "int", "kind": "text", "line_id": "int", "work_id": "int"} | {
    "vendor": "text",
    "tier": "int",
    "month": "int",
    "sales_count": "int",
    "output_tokens": "sum",
    "credited_nanos": "int",
    "share_ppm": "int",
    "nanos": "int",
    "upstream_received_nanos": "int",
    "upstream_paid_nanos": "int",
    "pool_nanos": "int",
}
_PART = {"line_id": "int", "month": "int", "currency": "text"} | {
    "holder_id": "int",
    "to_line_id": "int",
    "nanos": "int",
}


def tables(session: Session, period: Period) -> Iterator[Table]:
    """Yield the tables of a closed period, each to be read before the next; raise NotClosed."""
    periods.check_closed(session, period)
    before = Period.of(period.start - timedelta(days=1))
    yield Table("opening_balances", _BALANCE, _balances(session, before))
    yield Table("postings", _POSTING, _postings(session, period))
    yield Table("closing_balances", _BALANCE, _balances(session, period))
    yield Table("statements", _STATEMENT, _read(session, _STATEMENTS, period))
    yield Table("statement_lines", _LINE, _read(session, _LINES, period))
    yield Table("released", _PART, _read(session, _RELEASED, period))


def _read(session: Session, query: LiteralString, period: Period) -> Iterator[list[Row]]:
    with driver(session).cursor("exported") as cursor:
        cursor.execute(query, (period.number,))
        while rows := cursor.fetchmany(_A_STEP):
            yield rows


def _balances(session: Session, period: Period) -> Iterator[list[Row]]:
    found = account_history.balances_as_of(session, period=period, only_open=False)
    if found:
        yield [(one.account, one.currency, one.nanos) for one in found]


def _postings(session: Session, period: Period) -> Iterator[list[Row]]:
    step: list[Row] = []
    for one in journal_export.entries(session, period, period):
        facts = (one.batch_id, str(one.kind), one.source_id, one.sale_id, one.currency)
        step += [(*facts, account, nanos) for account, nanos in one.legs.items()]
        if len(step) >= _A_STEP:
            yield step
            step = []
    if step:
        yield step
