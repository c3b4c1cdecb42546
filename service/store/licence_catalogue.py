"""The works whose licences are published, and those somebody means by a name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from service.ledger.errors import LedgerError
from service.ledger.licence import USUAL, Licence, Use
from service.store import licence_names
from service.store.database import driver

PAGE = 1_000


class LicenceUnknown(LedgerError):
    """No registered work is known by a name; nothing is licensed hereby."""

    def __init__(self, uri: str) -> None:
        super().__init__(f"no registered work is known as {uri[:200]!r}", uri=uri[:200])


@dataclass(frozen=True, slots=True)
class CatalogueWork:
    """A registered work and the terms of a day; ``licence_id`` is None for the usual ones.

    ``uri``: where the newest terms, of whatever day, say that it is published.
    """

    work_id: int
    reference: str | None
    title: str
    licence_id: int | None
    valid_from: date | None
    licence: Licence
    uri: str | None
    changed_at: datetime


# The page is cut before the terms are looked up: a planner that knows nothing of new tables would
# look up those of all works and sort them.
_WORKS = """
SELECT w.work_id, w.reference, w.title, l.licence_id, l.valid_from, l.uses, l.multiplier_ppm,
    l.embargo_until, l.excluded_vendor_ids, (SELECT uri FROM licence WHERE work_id = w.work_id
        ORDER BY licence_id DESC LIMIT 1), coalesce(l.known_at, w.registered_at)
FROM (SELECT * FROM work WHERE withdrawn_at IS NULL AND NOT commons AND edition_of IS NULL AND {}
    ORDER BY work_id LIMIT %(limit)s) AS w
LEFT JOIN LATERAL (
    SELECT * FROM licence WHERE licence.work_id = w.work_id AND valid_from <= %(day)s
    ORDER BY valid_from DESC, version DESC LIMIT 1) AS l ON true
ORDER BY w.work_id
"""
_WITH_TERMS = (
    " AND EXISTS (SELECT 1 FROM licence t WHERE t.work_id = work.work_id "
    "AND t.valid_from <= %(day)s)"
)


def version(session: Session, *, day: date) -> str:
    """Name what the catalogue publishes on a day: another name whenever something else."""
    row = (
        driver(session)
        .execute(
            "SELECT (SELECT coalesce(max(licence_id), 0) FROM licence), "
            "coalesce(max(work_id), 0), count(withdrawn_at), count(*) FILTER (WHERE commons) "
            "FROM work"
        )
        .fetchone()
    )
    assert row
    return "-".join(map(str, (day, *row)))


def pages(
    session: Session, *, day: date, after: int = 0, only_with_terms: bool = False
) -> Iterator[list[CatalogueWork]]:
    """Yield the works that are licensed, by rising id, a thousand at a time."""
    while True:
        page = page_of(session, day=day, after=after, only_with_terms=only_with_terms)
        if page:
            yield page
            after = page[-1].work_id
        if len(page) < PAGE:
            return


def page_of(
    session: Session, *, day: date, after: int, only_with_terms: bool = False
) -> list[CatalogueWork]:
    """Return the works after a number that are licensed, a thousand at most."""
    query = _WORKS.format("work_id > %(after)s" + (_WITH_TERMS if only_with_terms else ""))
    facts = {"day": day, "after": after, "limit": PAGE}
    return [_work(row) for row in driver(session).execute(query.encode(), facts)]


def of_ids(session: Session, work_ids: Sequence[int], *, day: date) -> list[CatalogueWork]:
    """Return those of these works that are licensed, by rising id."""
    query = _WORKS.format("work_id = ANY(%(ids)s::bigint[])")
    facts = {"day": day, "ids": list(work_ids), "limit": len(work_ids)}
    return [_work(row) for row in driver(session).execute(query.encode(), facts)]


def named(session: Session, uri: str, *, day: date) -> list[CatalogueWork]:
    """Return the licensed works a name means, as of ``licence_names``; raise LicenceUnknown."""
    ids = licence_names.meant(session, uri)
    found = of_ids(session, ids, day=day) if ids else []
    if not found:
        raise LicenceUnknown(uri)
    return found


def _work(row: Sequence[Any]) -> CatalogueWork:
    number, reference, title, licence, day, uses, multiplier, embargo, excluded, uri, at = row
    terms = USUAL
    if licence is not None:
        allowed = frozenset(use for use in Use if uses & use.bit)
        terms = Licence(allowed, multiplier, embargo, frozenset(excluded))
    return CatalogueWork(number, reference, title, licence, day, terms, uri, at)
