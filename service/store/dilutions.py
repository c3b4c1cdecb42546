"""Dilution: what of a unit credited to a work reaches whom, and what reaches it from others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from sqlalchemy import text
from sqlmodel import Session

from service.ledger.dilution import Reached, reach
from service.ledger.rights import RightsVersion
from service.store import derivations, rights
from service.store.works import WorkNotFound


@dataclass(frozen=True, slots=True)
class Derived:
    """A work that derives from another, and the part of its own unit that comes to that one."""

    work_id: int
    part: Fraction


def valid_on(line: Sequence[RightsVersion], day: date) -> RightsVersion | None:
    """Return the version of a timeline that counts on a day, if there is one."""
    began = [version for version in line if version.valid_from <= day]
    return began[-1] if began else None


def of_work(session: Session, work_id: int, *, day: date) -> tuple[Reached, ...]:
    """Return whom a unit credited to a work on a day reaches; nobody where it has no rights yet."""
    version = valid_on(rights.history(session, work_id), day)
    if version is None:
        return ()
    number = version.rights_version_id
    return reach(number, derivations.upstream_versions(session, number))


def from_derivatives(session: Session, work_id: int, *, day: date) -> list[Derived]:
    """Return the works that derive from one on a day, through any depth, in order of number."""
    found = []
    for derived in derivations.downstream(session, work_id):
        parts = [
            one.received for one in of_work(session, derived, day=day) if one.work_id == work_id
        ]
        if parts and parts[0]:
            found.append(Derived(derived, parts[0]))
    return found


def check_concerned(session: Session, holder_id: int, work_id: int) -> None:
    """Raise WorkNotFound unless a holder has, or had, a share in a work or up or down of it."""
    related = {work_id, *derivations.downstream(session, work_id), *_upstream(session, work_id)}
    query = text(
        "SELECT 1 FROM rights_version WHERE work_id = ANY(:works) "
        "AND holder_ids @> ARRAY[CAST(:holder AS bigint)] LIMIT 1"
    )
    if not session.execute(query, {"works": sorted(related), "holder": holder_id}).first():
        raise WorkNotFound(work_id)


def _upstream(session: Session, work_id: int) -> set[int]:
    """Return every work that one derives from, on whatever day, through any depth."""
    found: set[int] = set()
    for version in rights.history(session, work_id):
        versions = derivations.upstream_versions(session, version.rights_version_id)
        found |= {one.work_id for one in versions.values()}
    return found
