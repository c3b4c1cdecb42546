"""Releases: what each line passed on in a period, as facts beside the entries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.period import Period
from service.ledger.release import Released
from service.store.database import driver


@dataclass(frozen=True, slots=True)
class MonthCredit:
    """What entries of the closing period put on a line for sales of one month."""

    month: Period
    nanos: int
    sales_count: int
    output_tokens: int


_CREDITS = """
SELECT substr(a.name, 6)::bigint AS line_id, s.period, -sum(p.amount_nanos),
    count(*) FILTER (WHERE p.kind = 1), coalesce(sum(s.output_tokens) FILTER (WHERE p.kind = 1), 0)
FROM posting p
JOIN account a USING (account_id)
JOIN sale s ON s.sale_id = p.subject_sale_id
WHERE p.period = %s AND p.kind IN (1, 2) AND starts_with(a.name, 'line:')
GROUP BY line_id, s.period
"""


def credits_from_sales(session: Session, period: Period) -> dict[int, list[MonthCredit]]:
    """Sum what sales and corrections of a period credited, by line and month of sale."""
    found: dict[int, list[MonthCredit]] = defaultdict(list)
    for line_id, month, nanos, count, tokens in driver(session).execute(_CREDITS, (period.number,)):
        found[line_id].append(MonthCredit(Period(month), int(nanos), count, int(tokens)))
    return found


def credits_from_upstream(
    session: Session, period: Period, line_ids: Sequence[int]
) -> dict[int, list[MonthCredit]]:
    """Sum what releases of derivative works of this period passed to these lines."""
    rows = driver(session).execute(
        "SELECT p.to_line_id, p.month, sum(p.nanos) FROM release_part p "
        "JOIN release r USING (release_id) "
        "WHERE r.period = %s AND p.to_line_id = ANY(%s) GROUP BY p.to_line_id, p.month",
        (period.number, list(line_ids)),
    )
    found: dict[int, list[MonthCredit]] = defaultdict(list)
    for line_id, month, nanos in rows:
        found[line_id].append(MonthCredit(Period(month), int(nanos), 0, 0))
    return found


def released_lines(session: Session, period: Period) -> set[int]:
    """Return the lines this period has released already."""
    query = text("SELECT line_id FROM release WHERE period = :p")
    return set(session.execute(query, {"p": period.number}).scalars())


def credited_before(session: Session, line_ids: Sequence[int]) -> dict[int, int]:
    """Return all that each line was credited in the periods released so far."""
    rows = driver(session).execute(
        "SELECT line_id, sum(credited) FROM release WHERE line_id = ANY(%s) GROUP BY line_id",
        (list(line_ids),),
    )
    return {int(line_id): int(nanos) for line_id, nanos in rows}


def insert(
    session: Session,
    line_id: int,
    period: Period,
    *,
    before: int,
    months: Sequence[MonthCredit],
    parts: Sequence[Released],
    upstream_lines: Mapping[int, int],
) -> int:
    """Keep one release with its credits and parts; return its number. Unique by line and period."""
    connection = driver(session)
    row = connection.execute(
        "INSERT INTO release (line_id, period, credited_before, credited) VALUES (%s, %s, %s, %s) "
        "RETURNING release_id",
        (line_id, period.number, before, sum(month.nanos for month in months)),
    ).fetchone()
    assert row
    release_id = int(row[0])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO release_credit (release_id, month, nanos, sales_count, output_tokens) "
            "VALUES (%s, %s, %s, %s, %s)",
            [(release_id, m.month.number, m.nanos, m.sales_count, m.output_tokens) for m in months],
        )
        rows: list[tuple[int, int, int | None, int | None, int]] = []
        for part in parts:
            month = part.month.number
            rows += [(release_id, month, h, None, n) for h, n in part.to_holder.items()]
            passed = part.to_upstream.items()
            rows += [(release_id, month, None, upstream_lines[v], n) for v, n in passed]
        cursor.executemany(
            "INSERT INTO release_part (release_id, month, holder_id, to_line_id, nanos) "
            "VALUES (%s, %s, %s, %s, %s)",
            rows,
        )
    return release_id


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """What one period released of a line: nanos credited before it and in it, by month of sale."""

    period: Period
    before: int
    credited: int
    months: tuple[MonthCredit, ...]


def of_line(session: Session, line_id: int) -> list[StoredRelease]:
    """Return all releases of a line, in order of period."""
    rows = driver(session).execute(
        "SELECT r.period, r.credited_before, r.credited, c.month, c.nanos, c.sales_count, "
        "c.output_tokens FROM release r JOIN release_credit c USING (release_id) "
        "WHERE r.line_id = %s ORDER BY r.period, c.month",
        (line_id,),
    )
    months: dict[tuple[int, int, int], list[MonthCredit]] = defaultdict(list)
    for period, before, credited, month, nanos, count, tokens in rows:
        months[period, int(before), int(credited)].append(
            MonthCredit(Period(month), int(nanos), count, int(tokens))
        )
    return [
        StoredRelease(Period(period), before, credited, tuple(found))
        for (period, before, credited), found in months.items()
    ]
