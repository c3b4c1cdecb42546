"""Names as they stand on the statements of a month, and what a re-issue writes otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from service.ledger.period import Period
from service.store.database import driver

HOLDER, WORK, VENDOR = "holder", "work", "vendor"

_KEPT = """
INSERT INTO printed_name (period, subject, subject_id, name)
SELECT %(p)s, 'holder', party_id, name FROM party WHERE party_id = ANY(%(holders)s)
UNION ALL
SELECT %(p)s, 'work', work_id, title FROM work WHERE work_id IN (SELECT l.work_id
    FROM statement s JOIN statement_line l USING (statement_id)
    WHERE s.period = %(p)s AND s.holder_id = ANY(%(holders)s))
UNION ALL
SELECT %(p)s, 'vendor', party_id, name FROM party WHERE party_id IN (SELECT l.vendor_id
    FROM statement s JOIN statement_line l USING (statement_id)
    WHERE s.period = %(p)s AND s.holder_id = ANY(%(holders)s))
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what a name is of."""

    subject: str
    subject_id: int


def keep(session: Session, period: Period, holder_ids: Sequence[int]) -> None:
    """Keep the names on these holders' statements of a period; what is kept already stays."""
    driver(session).execute(_KEPT, {"p": period.number, "holders": list(holder_ids)})


def printed(session: Session, statement_id: int, *, revision: int) -> dict[Subject, str]:
    """Return the names on a document of a statement where they were kept."""
    rows = driver(session).execute(
        "SELECT n.subject, n.subject_id, n.name FROM statement s "
        "JOIN printed_name n USING (period) WHERE s.statement_id = %(s)s "
        "AND (n.subject = 'vendor' OR (n.subject = 'holder' AND n.subject_id = s.holder_id) "
        "OR (n.subject = 'work' AND n.subject_id IN "
        "(SELECT work_id FROM statement_line l WHERE l.statement_id = %(s)s)))",
        {"s": statement_id},
    )
    names = {Subject(subject, number): name for subject, number, name in rows}
    if revision:
        names |= reissued(session, statement_id, up_to=revision)
    return names


def reissued(session: Session, statement_id: int, *, up_to: int) -> dict[Subject, str]:
    """Return what re-issues up to one wrote otherwise, the newest of each."""
    rows = driver(session).execute(
        "SELECT subject, subject_id, name FROM reissued_name "
        "WHERE statement_id = %s AND revision <= %s ORDER BY revision",
        (statement_id, up_to),
    )
    return {Subject(subject, number): name for subject, number, name in rows}


def insert_reissued(
    session: Session, statement_id: int, revision: int, names: Mapping[Subject, str]
) -> None:
    """Keep what a re-issue writes otherwise."""
    with driver(session).cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reissued_name (statement_id, revision, subject, subject_id, name) "
            "VALUES (%s, %s, %s, %s, %s)",
            [
                (statement_id, revision, of.subject, of.subject_id, name)
                for of, name in names.items()
            ],
        )
