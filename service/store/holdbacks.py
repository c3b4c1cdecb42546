"""Holdbacks as rows: the rules, what was kept of whom, and until when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.ledger import holdback
from service.ledger.holdback import HoldbackRule, Kept
from service.ledger.period import Period
from service.ledger.statement import HoldbackStanding
from service.store.database import driver
from service.store.statement_facts import Recipient


def set_rule(
    session: Session,
    rule: HoldbackRule,
    *,
    holder_id: int | None,
    valid_from: Period,
    by: str,
    now: datetime,
) -> int:
    """Let a rule count from the close of a period on, for one holder or for all without an own."""
    made = session.execute(
        text(
            "INSERT INTO holdback_rule (holder_id, valid_from, ppm, months, set_by, set_at) "
            "VALUES (:holder, :from, :ppm, :months, :by, :now) RETURNING rule_id"
        ),
        {
            "holder": holder_id,
            "from": valid_from.number,
            "ppm": rule.ppm,
            "months": rule.months,
            "by": by,
            "now": now,
        },
    )
    return int(made.scalar_one())


def rules_on(session: Session, period: Period) -> dict[int | None, HoldbackRule]:
    """Return the rule of each holder in a period; under None the one for everybody else."""
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (holder_id) holder_id, ppm, months FROM holdback_rule "
            "WHERE valid_from <= :p ORDER BY holder_id, valid_from DESC, rule_id DESC"
        ),
        {"p": period.number},
    )
    return {holder: HoldbackRule(ppm, months) for holder, ppm, months in rows}


def holders_concerned(
    session: Session, period: Period, rules: Mapping[int | None, HoldbackRule]
) -> list[int]:
    """Return holders of whom something is kept, or may be by these rules, in order."""
    rows = driver(session).execute(
        "SELECT holder_id FROM holdback_step GROUP BY holder_id, holdback_id "
        "HAVING sum(nanos) <> 0 "
        "UNION SELECT b.holder_id FROM backing_part b JOIN backing USING (backing_id) "
        "JOIN journal_entry e ON e.kind = 5 AND e.source_id = backing_id AND e.period = %(p)s "
        "WHERE %(any)s AND (%(all)s OR b.holder_id = ANY(%(own)s)) ORDER BY 1",
        {
            "p": period.number,
            "any": bool(rules),
            "all": None in rules,
            "own": [holder for holder in rules if holder is not None],
        },
    )
    return [int(row[0]) for row in rows]


def freed(session: Session, period: Period, holder_ids: Sequence[int]) -> dict[Recipient, int]:
    """Return what became payable in a period: backed, less what went under holds."""
    rows = driver(session).execute(
        "SELECT holder_id, currency, sum(nanos) FROM ("
        "SELECT b.holder_id, backing.currency, b.nanos FROM backing_part b "
        "JOIN backing USING (backing_id) JOIN journal_entry e "
        "ON e.kind = 5 AND e.source_id = backing_id AND e.period = %(p)s "
        "WHERE b.holder_id = ANY(%(holders)s) "
        "UNION ALL SELECT holder_id, currency, -nanos FROM hold_posting "
        "WHERE period = %(p)s AND holder_id = ANY(%(holders)s)) AS moved GROUP BY 1, 2",
        {"p": period.number, "holders": list(holder_ids)},
    )
    return {Recipient(holder, currency): int(nanos) for holder, currency, nanos in rows}


def kept(session: Session, holder_ids: Sequence[int]) -> dict[Recipient, list[Kept]]:
    """Return what is kept of these holders, by whom it belongs to."""
    found: dict[Recipient, list[Kept]] = defaultdict(list)
    for holder, currency, number, until, nanos in driver(session).execute(
        "SELECT holder_id, currency, holdback_id, until, sum(nanos) FROM holdback_step "
        "WHERE holder_id = ANY(%s) GROUP BY 1, 2, 3, 4 HAVING sum(nanos) <> 0 ORDER BY 3",
        (list(holder_ids),),
    ):
        found[Recipient(holder, currency)].append(Kept(number, Period(until), int(nanos)))
    return dict(found)


def done_in(session: Session, period: Period, holder_ids: Sequence[int]) -> set[Recipient]:
    """Return of whom a close of this period has taken or released something already."""
    rows = driver(session).execute(
        "SELECT DISTINCT holder_id, currency FROM holdback_step "
        "WHERE period = %s AND holder_id = ANY(%s)",
        (period.number, list(holder_ids)),
    )
    return {Recipient(*row) for row in rows}


def take(
    session: Session,
    whose: Recipient,
    nanos: int,
    rule: HoldbackRule,
    *,
    period: Period,
    now: datetime,
) -> int:
    """Keep a new holdback; return its number, which is its first step's."""
    number = _next(session)
    _insert(session, number, number, whose, period, holdback.until(period, rule), nanos, now)
    return number


def give_back(
    session: Session, whose: Recipient, one: Kept, nanos: int, *, period: Period, now: datetime
) -> int:
    """Release a part of a holdback; return the number of the step."""
    number = _next(session)
    _insert(session, number, one.holdback_id, whose, period, one.until, -nanos, now)
    return number


def _next(session: Session) -> int:
    query = "SELECT nextval(pg_get_serial_sequence('holdback_step', 'step_id'))"
    return int(session.execute(text(query)).scalar_one())


def _insert(
    session: Session,
    number: int,
    holdback_id: int,
    whose: Recipient,
    period: Period,
    until: Period,
    nanos: int,
    now: datetime,
) -> None:
    driver(session).execute(
        "INSERT INTO holdback_step (step_id, holdback_id, holder_id, currency, period, until, "
        "nanos, taken_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            number,
            holdback_id,
            whose.holder_id,
            whose.currency,
            period.number,
            until.number,
            nanos,
            now,
        ),
    )


def standings(
    session: Session, period: Period, holder_ids: Sequence[int]
) -> dict[Recipient, HoldbackStanding]:
    """Return what was kept of holders before a period, taken and released in it, and until when."""
    rows = driver(session).execute(
        "SELECT holder_id, currency, sum(nanos) FILTER (WHERE period < %(p)s), "
        "sum(nanos) FILTER (WHERE period = %(p)s AND nanos > 0), "
        "-sum(nanos) FILTER (WHERE period = %(p)s AND nanos < 0), "
        "min(until) FILTER (WHERE left_over > 0) "
        "FROM (SELECT *, sum(nanos) OVER (PARTITION BY holdback_id) AS left_over "
        "FROM holdback_step WHERE period <= %(p)s AND holder_id = ANY(%(holders)s)) AS steps "
        "GROUP BY 1, 2",
        {"p": period.number, "holders": list(holder_ids)},
    )
    return {
        Recipient(holder, currency): HoldbackStanding(
            int(before or 0), int(taken or 0), int(released or 0), Period(until) if until else None
        )
        for holder, currency, before, taken, released, until in rows
    }
