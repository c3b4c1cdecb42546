"""Examination of new works against what was registered before them, one at a time and in order."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from service.store import owners, registered_rights
from service.store.attributions import EvidenceRow, written
from service.store.database import Database, driver, only_one

_EXAMINING = 7_420_000
NEAR_COPY, DERIVED = "near-copy", "derived"


@dataclass(frozen=True, slots=True)
class Registered:
    """A work as examination sees it. ``holder_ids``: of its newest split; none for the commons."""

    work_id: int
    registered_at: datetime
    commons: bool
    withdrawn: bool
    holder_ids: tuple[int, ...]

    def precedes(self, other: "Registered") -> bool:
        """Whether this work was there before ``other``: of one instant the lower number first.

        What is withdrawn was still there first. Texts of the commons precede everything, unless
        they were withdrawn as a mistake.
        """
        if self.commons:
            return not self.withdrawn and self.work_id != other.work_id
        return (self.registered_at, self.work_id) < (other.registered_at, other.work_id)

    def is_of_the_same_people(self, other: "Registered") -> bool:
        """Whether both works have the same holders: a new edition owes its own author nothing."""
        return not self.commons and self.holder_ids == other.holder_ids


@dataclass(frozen=True, slots=True)
class ToExamine:
    """A work that waits for its examination, with its text."""

    work_id: int
    body: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a work owes to one earlier work: a part of its text, with the spans."""

    of_work_id: int
    kind: str
    share_ppm: int
    evidence: Sequence[EvidenceRow]


@dataclass(frozen=True, slots=True)
class Examined:
    """The outcome for one work. ``origins``: passage of an earlier work by passage of this one."""

    originality_ppm: int
    flags: Sequence[str]
    origin_work_id: int | None
    found: Sequence[Found]
    origins: Mapping[int, int]


def one_at_a_time(database: Database) -> AbstractContextManager[bool]:
    """Say whether the caller is the one that may examine, among all processes."""
    return only_one(database, _EXAMINING)


def unready_count(session: Session) -> int:
    """Count the works that wait for embedding or for their examination."""
    query = text("SELECT count(*) FROM work WHERE embedded_at IS NULL OR examined_at IS NULL")
    return int(session.execute(query).scalar_one())


def next_work(session: Session) -> ToExamine | None:
    """Return the first work in order of registration; None where it still waits for embedding."""
    row = session.execute(
        text(
            "SELECT w.work_id, w.embedded_at, t.body FROM work w JOIN work_text t USING (work_id) "
            "WHERE w.examined_at IS NULL ORDER BY w.registered_at, w.work_id LIMIT 1"
        )
    ).first()
    return ToExamine(row[0], row[2]) if row and row[1] is not None else None


def registry(session: Session) -> dict[int, Registered]:
    """Return all works with what decides which of two was first."""
    rows = driver(session).execute(
        "SELECT w.work_id, w.registered_at, w.commons, w.withdrawn_at IS NOT NULL, "
        "coalesce(v.holder_ids, '{}') FROM work w "
        "LEFT JOIN (SELECT DISTINCT ON (work_id) work_id, holder_ids FROM rights_version "
        "WHERE superseded_at IS NULL "
        "ORDER BY work_id, lower(days) DESC) AS v ON v.work_id = coalesce(w.edition_of, w.work_id)"
    )
    return {
        work_id: Registered(work_id, at, commons, withdrawn, tuple(sorted(holders)))
        for work_id, at, commons, withdrawn, holders in rows
    }


def store(session: Session, work_id: int, examined: Examined, *, now: datetime) -> bool:
    """Store the outcome of an examination; False where the work was examined meanwhile."""
    connection = driver(session)
    waiting = connection.execute(
        "SELECT 1 FROM work WHERE work_id = %s AND examined_at IS NULL FOR NO KEY UPDATE",
        (work_id,),
    ).fetchone()
    if not waiting:
        return False
    connection.execute(
        "UPDATE work SET examined_at = %s, originality_ppm = %s, flags = %s, origin_work_id = %s "
        "WHERE work_id = %s",
        (now, examined.originality_ppm, list(examined.flags), examined.origin_work_id, work_id),
    )
    _keep_findings(session, work_id, examined.found, now=now)
    connection.execute(
        "UPDATE passage SET origin_passage_id = t.o "
        "FROM unnest(%s::bigint[], %s::bigint[]) AS t (p, o) "
        "WHERE passage.passage_id = t.p AND passage.work_id = %s",
        (list(examined.origins), list(examined.origins.values()), work_id),
    )
    owners.changed(session, work_id)
    return True


def _keep_findings(
    session: Session, work_id: int, findings: Sequence[Found], *, now: datetime
) -> None:
    """Store what was found; what a work owes a part to is proposed as what it derives from."""
    for found in findings:
        row = (
            driver(session)
            .execute(
                "INSERT INTO finding (work_id, of_work_id, kind, share_ppm, evidence, found_at) "
                "VALUES (%s, %s, %s, %s, %s, %s) RETURNING finding_id",
                (
                    work_id,
                    found.of_work_id,
                    found.kind,
                    found.share_ppm,
                    written(found.evidence),
                    now,
                ),
            )
            .fetchone()
        )
        if row and found.kind == DERIVED and found.share_ppm:
            registered_rights.propose_found(
                session,
                work_id,
                found.of_work_id,
                share_ppm=found.share_ppm,
                finding_id=int(row[0]),
                now=now,
            )
