"""Why statements adjust lines of closed months, and what was stated of them before."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver

_KEPT = """
INSERT INTO adjustment_reason (period, line_id, month, cause, sales, reasons)
SELECT %(p)s, line_id, month, cause, count(DISTINCT sale_id),
    coalesce((array_agg(DISTINCT reason ORDER BY reason) FILTER (WHERE reason <> ''))[1:3], '{}')
FROM (
    SELECT substr(a.name, 6)::bigint AS line_id, s.period AS month, c.cause,
        left(c.reason, 200) COLLATE "C" AS reason, c.sale_id
    FROM journal_entry e
    JOIN correction c ON c.correction_id = e.source_id
    JOIN sale s ON s.sale_id = c.sale_id
    CROSS JOIN LATERAL unnest(e.accounts) AS leg (account_id)
    JOIN account a ON a.account_id = leg.account_id AND starts_with(a.name, 'line:')
    WHERE e.kind = 2 AND e.period = %(p)s AND s.period < %(p)s
) AS moved
GROUP BY line_id, month, cause
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class CauseOfChange:
    """What changed under how many sales, and some of the reasons that were given."""

    cause: str
    sales: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoredChange:
    """What earlier statements said of a line and month, and why it is adjusted now."""

    before_nanos: int
    causes: tuple[CauseOfChange, ...]


def keep(session: Session, period: Period) -> None:
    """Keep why the statements of a closing period adjust earlier months. Safe to run again."""
    driver(session).execute(_KEPT, {"p": period.number})


def of_statement(session: Session, statement_id: int) -> Mapping[tuple[int, Period], StoredChange]:
    """Return the change of each adjusted line of a statement, by line and month of sale."""
    before = driver(session).execute(
        "SELECT now.line_id, now.month, coalesce(sum(old.nanos), 0) FROM statement s "
        "JOIN statement_line now ON now.statement_id = s.statement_id AND now.kind = 'adjustment' "
        "LEFT JOIN statement e ON e.holder_id = s.holder_id AND e.currency = s.currency "
        "AND e.period < s.period "
        "LEFT JOIN statement_line old ON old.statement_id = e.statement_id "
        "AND old.line_id = now.line_id AND old.month = now.month "
        "WHERE s.statement_id = %s GROUP BY 1, 2",
        (statement_id,),
    )
    stated = {(line, Period(month)): int(nanos) for line, month, nanos in before}
    if not stated:
        return {}
    causes: dict[tuple[int, Period], list[CauseOfChange]] = defaultdict(list)
    for line, month, cause, sales, reasons in driver(session).execute(
        "SELECT r.line_id, r.month, r.cause, r.sales, r.reasons FROM statement s "
        "JOIN adjustment_reason r USING (period) WHERE s.statement_id = %s "
        "AND r.line_id = ANY(%s) ORDER BY r.cause",
        (statement_id, sorted({line for line, _ in stated})),
    ):
        causes[line, Period(month)].append(CauseOfChange(cause, sales, tuple(reasons)))
    return {key: StoredChange(nanos, tuple(causes[key])) for key, nanos in stated.items()}
