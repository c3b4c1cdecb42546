"""Releases: what each line passed on in a period, as facts beside the entries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
WITH lines AS MATERIALIZED (
    SELECT account_id, substr(name, 6)::bigint AS line_id
    FROM account WHERE starts_with(name, 'line:')),
legs AS NOT MATERIALIZED (
    SELECT e.kind, s.period, s.output_tokens, unnest(e.accounts) AS account_id,
        unnest(e.amounts) AS amount
    FROM journal_entry e JOIN sale s ON s.sale_id = e.subject_sale_id
    WHERE e.period = %s AND e.kind IN (1, 2))
SELECT line_id, period, -sum(amount), count(*) FILTER (WHERE kind = 1),
    coalesce(sum(output_tokens) FILTER (WHERE kind = 1), 0)
FROM legs JOIN lines USING (account_id)
GROUP BY line_id, period
"""
_POOL_CREDITS = """
SELECT p.line_id, s.month, sum(p.nanos) FROM pool_step s JOIN pool_part p USING (pool_step_id)
WHERE s.period = %s GROUP BY p.line_id, s.month
"""


def credits_from_sales(session: Session, period: Period) -> dict[int, list[MonthCredit]]:
    """Sum what sales, corrections and unmatched pools of a period credited, by line and month."""
    found: dict[int, list[MonthCredit]] = defaultdict(list)
    connection = driver(session)
    for join in ("nestloop", "mergejoin"):  # a month is joined whole, by hashing: nothing is sorted
        connection.execute(f"SET LOCAL enable_{join} = off".encode())
    for line_id, month, nanos, count, tokens in connection.execute(_CREDITS, (period.number,)):
        found[line_id].append(MonthCredit(Period(month), int(nanos), count, int(tokens)))
    for join in ("nestloop", "mergejoin"):
        connection.execute(f"SET LOCAL enable_{join} = on".encode())
    for line_id, month, nanos in connection.execute(_POOL_CREDITS, (period.number,)):
        found[line_id].append(MonthCredit(Period(month), int(nanos), 0, 0))
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


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What a period releases of one line: credits by month, and their parts.

    upstream_lines: the line of each upstream rights version that gets a part.
    """

    line_id: int
    before: int
    months: Sequence[MonthCredit]
    parts: Sequence[Released]
    upstream_lines: Mapping[int, int]

    @property
    def credited(self) -> int:
        """Nanos credited in the period."""
        return sum(month.nanos for month in self.months)


def insert(session: Session, period: Period, made: Sequence[NewRelease]) -> dict[int, int]:
    """Keep releases with their credits and parts; return their numbers by line.

    Unique by line and period.
    """
    rows = driver(session).execute(
        "INSERT INTO release (line_id, period, credited_before, credited) "
        "SELECT l, %s, b, c FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS t (l, b, c) "
        "RETURNING line_id, release_id",
        (
            period.number,
            [one.line_id for one in made],
            [one.before for one in made],
            [one.credited for one in made],
        ),
    )
    numbers = {int(line_id): int(release_id) for line_id, release_id in rows}
    _copy(
        session,
        "release_credit (release_id, month, nanos, sales_count, output_tokens)",
        (
            (numbers[one.line_id], m.month.number, m.nanos, m.sales_count, m.output_tokens)
            for one in made
            for m in one.months
        ),
    )
    _copy(
        session,
        "release_part (release_id, month, holder_id, to_line_id, nanos)",
        (
            (numbers[one.line_id], part.month.number, *to)
            for one in made
            for part in one.parts
            for to in _destinations(one, part)
        ),
    )
    return numbers


def _destinations(one: NewRelease, part: Released) -> Iterator[tuple[int | None, int | None, int]]:
    for holder, nanos in part.to_holder.items():
        yield holder, None, nanos
    for version, nanos in part.to_upstream.items():
        yield None, one.upstream_lines[version], nanos


def _copy(session: Session, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    with driver(session).cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


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
